"""Promotions looked at again: what stands, what falls, and where that leaves the contact."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.core.condition import Outcome
from nurture.core.event import Event
from nurture.core.retraction import Move, Retraction, recall, retract, tell_why
from nurture.core.score import ScoreModel

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOLDS = Outcome(True, (7,), ("clicked once",))
FALLS = Outcome(False)
FIRST = ("lead", "prospect")
SECOND = ("prospect", "opportunity")


def chain(first: Outcome | None, second: Outcome | None, *, accepted: bool = False) -> Retraction:
    """A contact in the third stage, by two promotions."""
    return retract("opportunity", [Move(1, *FIRST, first), Move(2, *SECOND, second, accepted=accepted)])


def test_promotions_whose_evidence_is_untouched_stand() -> None:
    assert chain(None, None) == Retraction("opportunity")


def test_a_promotion_that_holds_on_less_is_kept() -> None:
    assert chain(None, HOLDS) == Retraction("opportunity", kept={2: HOLDS})


@pytest.mark.parametrize(
    ("first", "second", "stage", "undone", "through"),
    [
        (None, FALLS, "prospect", (2,), (2,)),
        (FALLS, FALLS, "lead", (2, 1), (2, 1)),
        (HOLDS, FALLS, "prospect", (2,), (2,)),
        (FALLS, None, "opportunity", (1,), ()),
        (FALLS, HOLDS, "opportunity", (1,), ()),
    ],
)
def test_the_way_back_ends_at_the_first_promotion_that_stands(
    first: Outcome | None,
    second: Outcome | None,
    stage: str,
    undone: tuple[int, ...],
    through: tuple[int, ...],
) -> None:
    decided = chain(first, second)
    assert (decided.stage, decided.undone, decided.through) == (stage, undone, through)


def test_it_leads_through_what_was_undone_before() -> None:
    moves = [Move(1, *FIRST, FALLS, undone=True), Move(2, *SECOND, FALLS)]
    assert retract("opportunity", moves) == Retraction("lead", undone=(2,), through=(2, 1))
    stepwise = [Move(1, *FIRST, FALLS), Move(2, *SECOND, FALLS, undone=True)]
    assert retract("prospect", stepwise) == Retraction("lead", undone=(1,), through=(1,))
    anew = [Move(1, *FIRST, undone=True), Move(2, *FIRST), Move(3, *SECOND, FALLS)]
    assert retract("opportunity", anew) == Retraction("prospect", undone=(3,), through=(3,))
    again = [Move(1, *FIRST, FALLS, undone=True), Move(2, *SECOND, FALLS, undone=True)]
    assert retract("lead", again) == Retraction("lead")


def test_what_sales_has_accepted_is_flagged_and_carries_the_contact() -> None:
    assert chain(FALLS, FALLS, accepted=True) == Retraction("opportunity", undone=(1,), flagged=(2,))
    assert chain(None, HOLDS, accepted=True) == Retraction("opportunity", kept={2: HOLDS})


def test_who_was_moved_since_stays_there() -> None:
    assert retract("lead", [Move(1, *SECOND, FALLS)]) == Retraction("lead", undone=(1,))
    back = [Move(1, "lead", "opportunity", FALLS), Move(2, "opportunity", "lead")]
    assert retract("lead", back) == Retraction("lead", undone=(1,))


def test_facts_are_recalled_as_recorded_with_the_events_as_judged_now() -> None:
    recorded = {
        "stage": "lead",
        "score": 99.0,
        "grade": "B",
        "attributes": {"industry": "retail"},
        "steps_at": {"first": "2026-03-01T12:00:00+00:00"},
    }
    events = (Event(1, "click", NOW, "human"), Event(2, "click", NOW, "machine"))
    then = recall(recorded, events, ScoreModel({"click": 5}, timedelta(days=10)), NOW + timedelta(days=5))
    assert (then.stage, then.grade, then.attributes["industry"]) == ("lead", "B", "retail")
    assert (then.score, then.scored) == (2.5, (1,))
    assert then.steps_at == {"first": datetime(2026, 3, 1, 12, tzinfo=UTC)}


def test_it_says_which_evidence_is_gone_and_why() -> None:
    fallen = [(Event(n, "click", NOW, "machine"), ["clicked 3.0 s after it"]) for n in range(5)]
    assert tell_why(fallen[:1], NOW) == (
        "no longer a person's: clicked on 5 March at 12:00 UTC (machine: clicked 3.0 s after it)"
    )
    assert tell_why(fallen, NOW).endswith("; 2 more")
    assert tell_why([(Event(1, "open", NOW, "unknown"), [])], NOW).endswith("(unknown)")

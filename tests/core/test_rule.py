from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nurture.core.rule import (
    AllOf,
    AnyOf,
    AttributeIn,
    Condition,
    Counted,
    Event,
    Facts,
    GradeAtLeast,
    NoneOf,
    Outcome,
    Rule,
    ScoreAtLeast,
    describe_unmet,
    evaluate,
    first_match,
)

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
TWO_WEEKS = timedelta(days=14)
_ids = count(1)


def create_event(kind: str = "click", days_ago: float = 1, **fields: Any) -> Event:
    defaults: dict[str, Any] = {"id": next(_ids), "kind": kind, "at": NOW - timedelta(days=days_ago)}
    return Event(**(defaults | fields))


def create_facts(*events: Event, **fields: Any) -> Facts:
    defaults: dict[str, Any] = {
        "stage": "lead", "attributes": {}, "events": events, "score": 0.0, "grade": "F", "steps_at": {},
    }  # fmt: skip
    return Facts(**(defaults | fields))


def met(condition: Condition, facts: Facts) -> bool:
    return evaluate(condition, facts, NOW).met


def test_clicks_within_a_time_are_counted_with_their_evidence() -> None:
    old, first, second, third = (create_event(days_ago=days) for days in (20, 9, 4, 2))
    outcome = evaluate(Counted("click", 3, TWO_WEEKS), create_facts(third, old, second, first), NOW)
    assert outcome == Outcome(
        True,
        (first.id, second.id, third.id),
        ("clicked 3 times in the last 14 days (last on 3 March)",),
    )


def test_an_event_exactly_as_old_as_the_limit_still_counts() -> None:
    assert met(Counted("click", within=TWO_WEEKS), create_facts(create_event(days_ago=14)))
    assert not met(Counted("click", within=TWO_WEEKS), create_facts(create_event(days_ago=14.0001)))


def test_an_event_by_a_clock_that_runs_ahead_counts() -> None:
    assert met(Counted("click", within=TWO_WEEKS), create_facts(create_event(days_ago=-0.0001)))


def test_only_events_judged_human_count() -> None:
    facts = create_facts(create_event(verdict="machine"), create_event(verdict="unknown"))
    assert not met(Counted("click"), facts)
    assert met(NoneOf((Counted("click"),)), facts)


@given(st.lists(st.sampled_from(["machine", "unknown"])), st.integers(1, 4))
def test_machines_never_change_an_outcome(verdicts: list[str], at_least: int) -> None:
    people = [create_event(), create_event()]
    noise = [create_event(verdict=verdict) for verdict in verdicts]
    condition = Counted("click", at_least)
    with_noise = evaluate(condition, create_facts(*noise, *people), NOW)
    assert with_noise == evaluate(condition, create_facts(*people), NOW)


def test_distinct_mails_count_several_clicks_of_one_mail_once() -> None:
    two_in_one = [create_event(message_id=7), create_event(message_id=7)]
    condition = Counted("click", 2, distinct_mails=True)
    assert not met(condition, create_facts(*two_in_one))
    outcome = evaluate(condition, create_facts(*two_in_one, create_event(message_id=8)), NOW)
    assert len(outcome.evidence) == 3
    assert outcome.because == ("clicked in 2 mails (last on 4 March)",)
    assert met(condition, create_facts(create_event(), create_event()))


def test_since_a_step_counts_from_when_it_was_done() -> None:
    condition = Counted("click", since="intro")
    facts = create_facts(create_event(days_ago=3), steps_at={"intro": NOW - timedelta(days=2)})
    assert not met(condition, facts)
    later = create_event(days_ago=1)
    outcome = evaluate(condition, create_facts(later, steps_at=facts.steps_at), NOW)
    assert outcome.evidence == (later.id,)
    assert outcome.because == ("clicked once since step “intro” (on 4 March)",)


def test_since_a_step_that_was_not_done_counts_nothing() -> None:
    assert not met(Counted("click", since="intro"), create_facts(create_event()))


def test_a_request_says_by_which_way_it_came() -> None:
    outcome = evaluate(
        Counted("pricing_request"), create_facts(create_event("pricing_request", source="form")), NOW
    )
    assert outcome.because == ("asked for prices by the form",)


def test_score_and_grade() -> None:
    facts = create_facts(score=42.0, grade="B", scored=(4, 5))
    outcome = evaluate(AllOf((ScoreAtLeast(30), GradeAtLeast("B"))), facts, NOW)
    assert outcome == Outcome(True, (4, 5), ("interest score 42 of 30 needed", "fit grade B"))
    assert not met(ScoreAtLeast(42.1), facts)
    assert not met(GradeAtLeast("A"), facts)


def test_attributes_are_compared_without_case() -> None:
    facts = create_facts(attributes={"country": " Germany "})
    assert evaluate(AttributeIn("country", ("FRANCE", "GERMANY")), facts, NOW).because == (
        "country is Germany",
    )
    assert met(AttributeIn("country"), facts)
    assert not met(AttributeIn("country", ("France",)), facts)
    assert not met(AttributeIn("size"), facts)


def test_all_of_needs_every_branch_and_tells_each_event_once() -> None:
    click = create_event()
    both = AllOf((Counted("click"), Counted("click", within=TWO_WEEKS)))
    assert evaluate(both, create_facts(click), NOW).evidence == (click.id,)
    assert not met(AllOf((Counted("click"), Counted("reply"))), create_facts(click))


def test_any_of_collects_the_evidence_of_all_branches_that_hold() -> None:
    click, reply = create_event(), create_event("reply")
    condition = AnyOf((Counted("reply"), Counted("click"), Counted("pricing_request")))
    outcome = evaluate(condition, create_facts(click, reply), NOW)
    assert outcome.evidence == (reply.id, click.id)
    assert len(outcome.because) == 2
    assert evaluate(condition, create_facts(), NOW) == Outcome(False)


def test_none_of_gives_sentences_and_no_evidence() -> None:
    condition = NoneOf((Counted("bounce", within=timedelta(days=30)), Counted("click", 2)))
    outcome = evaluate(condition, create_facts(create_event()), NOW)
    assert outcome == Outcome(True, (), ("no bounce in the last 30 days", "only 1 of 2 clicks"))
    assert not met(condition, create_facts(create_event("bounce")))


def test_the_first_rule_in_file_order_wins_for_the_stage_of_the_contact() -> None:
    elsewhere = Rule("elsewhere", ("prospect",), "opportunity", Counted("click"), "r")
    nowhere = Rule("nowhere", ("lead",), "lead", Counted("click"), "r")
    unmet = Rule("unmet", ("lead",), "opportunity", Counted("reply"), "r")
    first = Rule("first", ("new", "lead"), "prospect", Counted("click"), "r")
    second = Rule("second", ("lead",), "opportunity", Counted("click"), "r")
    facts = create_facts(create_event())
    match = first_match([elsewhere, nowhere, unmet, first, second], facts, NOW)
    assert match is not None
    assert match[0] is first
    assert first_match([elsewhere, nowhere, unmet], facts, NOW) is None


def test_unmet_conditions_say_what_is_missing() -> None:
    facts = create_facts(create_event(), score=12.5, grade="C", attributes={"country": "Spain"})
    condition = AllOf(
        (
            Counted("click", 2, TWO_WEEKS),
            Counted("click"),
            ScoreAtLeast(30),
            GradeAtLeast("B"),
            AttributeIn("country", ("Germany", "France")),
            AttributeIn("size"),
            AnyOf((Counted("reply"), Counted("open", 2, distinct_mails=True, since="intro"))),
            NoneOf((Counted("click"),)),
        )
    )
    assert describe_unmet(condition, facts, NOW) == (
        "1 of 2 clicks in 14 days",
        "interest score 12.5 of 30 needed",
        "fit grade C, B or better needed",
        "country is Spain, not Germany or France",
        "size is missing",
        "0 of 1 reply, or 0 of 2 opens in different mails since step “intro”",
        "ruled out: clicked once (on 4 March)",
    )


def test_met_conditions_miss_nothing() -> None:
    assert (
        describe_unmet(AnyOf((Counted("click"), Counted("reply"))), create_facts(create_event()), NOW) == ()
    )


_leaves = st.sampled_from(
    [Counted("click"), Counted("reply", 2), Counted("open", since="x"), ScoreAtLeast(5), GradeAtLeast("B")]
)
_conditions = st.recursive(
    _leaves,
    lambda inner: st.builds(
        lambda kind, of: kind(tuple(of)),
        st.sampled_from([AllOf, AnyOf, NoneOf]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@given(_conditions, st.booleans(), st.sampled_from([0.0, 9.0]))
def test_a_condition_is_met_or_says_why_not(condition: Condition, clicked: bool, score: float) -> None:
    facts = create_facts(*([create_event()] if clicked else []), score=score)
    outcome = evaluate(condition, facts, NOW)
    assert outcome.met == (describe_unmet(condition, facts, NOW) == ())
    assert outcome.met == (not evaluate(NoneOf((condition,)), facts, NOW).met)
    assert outcome.met or outcome == Outcome(False)

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nurture.core.event import Event
from nurture.core.funnel import Promotion, decide_promotion, timeline, why_now
from nurture.core.rule import Condition, Counted, Facts, GradeAtLeast, Rule

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
STAGES = ("lead", "prospect", "opportunity")


def create_event(
    id: int = 1, kind: str = "click", ago: timedelta = timedelta(days=1), **fields: Any
) -> Event:
    return Event(**{"id": id, "kind": kind, "at": NOW - ago, **fields})


def create_facts(*events: Event, stage: str = "lead", grade: str = "F") -> Facts:
    return Facts(stage, {}, events, 0.0, grade, {})


def create_rule(target: str, when: Condition, *origins: str, name: str = "rule") -> Rule:
    return Rule(name, origins or ("lead",), target, when, "They want it.")


def create_promotion(*evidence: int, target: str = "opportunity", because: tuple[str, ...] = ()) -> Promotion:
    return Promotion("lead", target, "rule", "They want it.", evidence, because)


def test_a_promotion_carries_rule_reason_evidence_and_sentences() -> None:
    rule = create_rule("prospect", Counted("click"), name="clicked")
    assert decide_promotion([rule], create_facts(create_event(9)), STAGES, NOW) == Promotion(
        "lead", "prospect", "clicked", "They want it.", (9,), ("clicked once (on 4 March)",)
    )


def test_a_rule_may_skip_a_stage_and_may_lead_back() -> None:
    skip = create_rule("opportunity", Counted("pricing_request"))
    back = create_rule("lead", Counted("not_now"), "prospect", "opportunity")
    rules = [skip, back]
    asked = create_facts(create_event(kind="pricing_request"))
    cooled = create_facts(create_event(kind="not_now"), stage="opportunity")
    forward, backward = (decide_promotion(rules, facts, STAGES, NOW) for facts in (asked, cooled))
    assert forward is not None
    assert backward is not None
    assert (forward.origin, forward.target) == ("lead", "opportunity")
    assert (backward.origin, backward.target) == ("opportunity", "lead")


def test_two_rules_in_a_circle_move_once_at_most() -> None:
    rules = [
        create_rule("prospect", Counted("click"), "lead"),
        create_rule("lead", Counted("click"), "prospect"),
    ]
    moved = decide_promotion(rules, create_facts(create_event()), STAGES, NOW)
    assert moved is not None
    assert moved.target == "prospect"


def test_a_stage_that_is_gone_is_passed_over() -> None:
    rules = [create_rule("gone", Counted("click")), create_rule("prospect", Counted("click"))]
    moved = decide_promotion(rules, create_facts(create_event()), STAGES, NOW)
    assert moved is not None
    assert moved.target == "prospect"


@pytest.mark.parametrize("verdict", ["machine", "unknown"])
def test_a_pricing_request_that_is_not_a_persons_promotes_nobody(verdict: str) -> None:
    rules = [create_rule("opportunity", Counted("pricing_request"))]
    facts = create_facts(create_event(kind="pricing_request", verdict=verdict))
    assert decide_promotion(rules, facts, STAGES, NOW) is None


def test_what_sales_rejected_is_not_promoted_again_on_the_same_evidence() -> None:
    rules = [create_rule("opportunity", Counted("pricing_request"))]
    old, new = (create_event(id, "pricing_request") for id in (1, 2))
    rejected = [create_promotion(1)]
    assert decide_promotion(rules, create_facts(old), STAGES, NOW, rejected) is None
    assert decide_promotion(rules, create_facts(old, new), STAGES, NOW, rejected) is not None
    elsewhere = [create_promotion(1, target="prospect")]
    assert decide_promotion(rules, create_facts(old), STAGES, NOW, elsewhere) is not None


def test_a_rejected_promotion_without_evidence_stays_rejected() -> None:
    rules = [create_rule("opportunity", GradeAtLeast("A"))]
    facts = create_facts(grade="A")
    assert decide_promotion(rules, facts, STAGES, NOW) is not None
    assert decide_promotion(rules, facts, STAGES, NOW, [create_promotion()]) is None


def test_why_now_leads_with_the_request_and_counts_the_clicks_before_it() -> None:
    events = [
        create_event(1, "pricing_request", timedelta(minutes=2), source="form"),
        *(create_event(id, "click", timedelta(days=days)) for id, days in ((2, 13.5), (3, 5), (4, 1))),
        create_event(5, "click", timedelta(minutes=1)),
        create_event(6, "click", timedelta(days=2), verdict="machine"),
        create_event(7, "click", timedelta(days=50)),
    ]
    sentence = why_now(create_promotion(1), events, NOW)
    assert sentence == "Asked for prices by the form on 5 March at 11:58 UTC, after 3 clicks in 14 days."


def test_why_now_takes_the_strongest_intent_not_the_newest() -> None:
    kinds = [
        "pricing_request", "demo_request", "trial_request", "timeline_shared", "interested", "reply", "open",
    ]  # fmt: skip
    words = ["prices", "demo", "trial", "timeline", "interest", "Replied", "Opened"]
    events = [create_event(place, kind, timedelta(hours=9 - place)) for place, kind in enumerate(kinds)]
    for place, word in enumerate(words):
        assert word in why_now(create_promotion(*range(place, 7)), events, NOW)


def test_why_now_of_clicks_alone() -> None:
    events = [create_event(1, ago=timedelta(hours=30)), create_event(2, ago=timedelta(seconds=30))]
    assert (
        why_now(create_promotion(2, 1), events, NOW)
        == "Clicked 2 times in 2 days, last on 5 March at 11:59 UTC."
    )
    assert why_now(create_promotion(1), events[:1], NOW) == "Clicked on 4 March at 06:00 UTC."


def test_why_now_without_evidence_says_what_the_rule_found() -> None:
    promotion = create_promotion(because=("fit grade A", "no bounce"))
    assert why_now(promotion, [create_event()], NOW) == "Fit grade A; no bounce."
    assert why_now(create_promotion(), [], NOW) == "They want it."


def test_why_now_tells_nothing_a_machine_did() -> None:
    events = [create_event(1, "pricing_request", verdict="machine")]
    assert "prices" not in why_now(create_promotion(1), events, NOW)


def test_the_timeline_is_dated_and_ends_with_the_newest() -> None:
    lines = timeline(
        [
            create_event(3, "pricing_request", timedelta(minutes=2), source="form", detail="50\r\n seats"),
            create_event(2, verdict="machine"),
            create_event(1, "open", timedelta(days=400)),
        ]
    )
    assert lines == (
        "29 January 2025, 12:00 UTC: opened mail",
        "4 March 2026, 12:00 UTC: clicked [machine, not counted]",
        "5 March 2026, 11:58 UTC: asked for prices by the form: 50 seats",
    )

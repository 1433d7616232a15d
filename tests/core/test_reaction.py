"""What a reply leads to: by what it says, how sure that is, and who says it."""

from dataclasses import dataclass
from datetime import date
from typing import get_args

import pytest

from nurture.core.event import EventKind
from nurture.core.inbound.intent import IntentName
from nurture.core.reaction import DEFAULT_ACTIONS, SIGNALS, Reaction, ReplyRules, act_on, react

RULES = ReplyRules()


@dataclass
class Heard:
    name: str
    confidence: float = 0.9
    day: date | None = None
    address: str = ""


def test_every_intent_that_is_read_has_actions_and_every_signal_is_an_event() -> None:
    assert set(DEFAULT_ACTIONS) == set(get_args(IntentName))
    assert set(SIGNALS.values()) <= set(get_args(EventKind))
    assert {name for name, actions in DEFAULT_ACTIONS.items() if "signal" in actions} <= set(SIGNALS)


@pytest.mark.parametrize(
    ("name", "course", "signals", "shown"),
    [
        ("pricing_request", "stop", ("pricing_request",), False),
        ("meeting_request", "stop", ("meeting_request",), False),
        ("information_request", "stop", ("information_request",), False),
        ("positive", "stop", ("interested",), False),
        ("timeline_shared", "stop", ("timeline_shared",), False),
        ("not_now", "wait", ("not_now",), False),
        ("objection", "stop", ("not_interested",), False),
        ("wrong_person", "stop", (), True),
        ("referral", "stop", (), True),
        ("left_company", "stop", (), True),
        ("unsubscribe_request", "stop", ("not_interested",), False),
        ("question", "hold", (), True),
        ("thanks", "hold", (), True),
        ("empty", "hold", (), True),
        ("other", "hold", (), True),
    ],
)
def test_each_intent_has_its_course(name: str, course: str, signals: tuple[str, ...], shown: bool) -> None:
    reaction = react([Heard(name)], "proven", RULES)
    assert (reaction.course, reaction.signals, reaction.review is not None) == (course, signals, shown)
    assert reaction.counts == bool(signals)
    assert reaction.suppress == (name == "unsubscribe_request")


def test_the_strongest_course_holds_and_all_signals_count() -> None:
    later = Heard("not_now", day=date(2026, 7, 1))
    assert react([later, Heard("objection")], "proven", RULES).course == "stop"
    both = react([Heard("pricing_request"), Heard("positive")], "proven", RULES)
    assert both.signals == ("pricing_request", "interested")
    waiting = react([later, Heard("timeline_shared", 0.4)], "proven", RULES)
    assert (waiting.course, waiting.wait_until) == ("wait", date(2026, 7, 1))


@pytest.mark.parametrize("beside", ["thanks", "question", "other"])
def test_a_courtesy_beside_a_request_shows_nothing_to_anybody(beside: str) -> None:
    reaction = react([Heard("pricing_request"), Heard(beside)], "proven", RULES)
    assert (reaction.course, reaction.review) == ("stop", None)


def test_a_question_beside_anything_else_is_shown() -> None:
    reaction = react([Heard("not_now"), Heard("question")], "proven", RULES)
    assert (reaction.course, reaction.signals) == ("wait", ("not_now",))
    assert reaction.review == "it says: question"


def test_below_the_threshold_nothing_but_the_pause() -> None:
    assert react([Heard("pricing_request", 0.79)], "proven", RULES) == Reaction(
        "hold", review="not sure enough: pricing request (0.79)"
    )
    assert react([Heard("pricing_request", 0.79)], "proven", ReplyRules(threshold=0.7)).counts


@pytest.mark.parametrize("sure", [0.9, 0.7])
@pytest.mark.parametrize("against", ["objection", "unsubscribe_request"])
def test_what_contradicts_itself_is_left_to_a_person(against: str, sure: float) -> None:
    reaction = react([Heard("pricing_request"), Heard(against, sure)], "proven", RULES)
    assert reaction.course == "hold"
    assert not reaction.counts
    assert not reaction.suppress
    assert "contradicts itself: pricing request against" in str(reaction.review)


def test_a_faint_contradiction_is_none() -> None:
    assert react([Heard("pricing_request"), Heard("objection", 0.3)], "proven", RULES).counts


@pytest.mark.parametrize("name", DEFAULT_ACTIONS)
def test_r09_who_proves_nothing_can_at_most_pause(name: str) -> None:
    reaction = react([Heard(name)], "unproven", RULES)
    assert (reaction.course, reaction.counts, reaction.suppress) == ("hold", False, False)
    assert reaction.review


@pytest.mark.parametrize("name", DEFAULT_ACTIONS)
def test_r09_another_address_stops_and_never_promotes_or_unsubscribes(name: str) -> None:
    reaction = react([Heard(name)], "other_address", RULES)
    assert (reaction.course, reaction.counts, reaction.suppress) == ("stop", False, False)
    assert reaction.review


def test_a_referral_proposes_the_colleague() -> None:
    reaction = act_on([Heard("referral", address="bob@acme.example"), Heard("wrong_person")], RULES)
    assert (reaction.course, reaction.referred) == ("stop", ("bob@acme.example",))
    assert reaction.review == "it says: referral, wrong person"


def test_the_marketer_decides_what_an_intent_leads_to() -> None:
    rules = ReplyRules(actions={"thanks": ("wait",), "objection": ("pause",)})
    assert react([Heard("thanks")], "proven", rules).course == "wait"
    assert react([Heard("objection")], "proven", rules).review == "it says: objection"
    assert react([Heard("positive")], "proven", rules).course == "stop"


def test_what_nobody_has_heard_of_is_shown() -> None:
    assert react([Heard("brand_new")], "proven", RULES).review == "it says: brand new"
    assert react([], "proven", RULES).review == "nothing was read"

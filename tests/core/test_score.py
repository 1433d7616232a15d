from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.core.event import Event, EventKind, Verdict
from nurture.core.score import (
    Criterion,
    GradeModel,
    ScoreModel,
    grade,
    grade_at_least,
    score,
    scored,
)

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MODEL = ScoreModel({"click": 10, "reply": 25, "not_interested": -20}, decay=timedelta(days=30))


def create_event(
    kind: EventKind = "click", days_ago: float = 0, verdict: Verdict = "human", id: int = 1
) -> Event:
    return Event(id, kind, NOW - timedelta(days=days_ago), verdict)


def test_points_decay_linearly_to_nothing() -> None:
    assert [score(MODEL, [create_event(days_ago=days)], NOW) for days in (0, 15, 29, 30, 31)] == [
        10.0, 5.0, 0.3, 0.0, 0.0,
    ]  # fmt: skip


def test_points_add_up_and_may_be_negative() -> None:
    events = [
        create_event(),
        create_event("reply", 15),
        create_event("open"),
        create_event("not_interested", 15),
    ]
    assert score(MODEL, events, NOW) == 12.5


def test_only_human_events_score() -> None:
    assert score(MODEL, [create_event(verdict="machine"), create_event(verdict="unknown")], NOW) == 0.0


def test_an_event_of_the_future_has_its_full_points_and_no_more() -> None:
    assert score(MODEL, [create_event(days_ago=-3)], NOW) == 10.0


def test_the_evidence_of_a_score_is_what_still_gives_points() -> None:
    events = [
        create_event(id=1), create_event(days_ago=40, id=2), create_event(verdict="machine", id=3),
        create_event("open", id=4), create_event("not_interested", id=5), create_event("reply", id=6),
    ]  # fmt: skip
    assert scored(MODEL, events, NOW) == (1, 6)


def test_a_score_that_never_decays_is_refused() -> None:
    with pytest.raises(ValueError, match="must decay"):
        ScoreModel({}, timedelta(0))


@given(
    st.lists(st.tuples(st.sampled_from(["click", "reply", "open"]), st.floats(0, 60)), max_size=8),
    st.floats(0, 60),
    st.floats(0, 60),
)
def test_interest_never_grows_by_time_alone(
    happened: list[tuple[EventKind, float]], first: float, more: float
) -> None:
    events = [create_event(kind, days) for kind, days in happened]
    earlier, later = NOW + timedelta(days=first), NOW + timedelta(days=first + more)
    assert score(MODEL, events, later) <= score(MODEL, events, earlier)


FIT = GradeModel(
    (
        Criterion("country", ("germany", "France"), 40),
        Criterion("size", ("200+",), 40),
        Criterion("role", (), 20),
        Criterion("industry", ("Gambling",), -50),
    ),
    {"C": 20, "A": 80, "B+": 60, "B": 40},
)


@pytest.mark.parametrize(
    ("attributes", "letter"),
    [
        ({}, "F"),
        ({"role": "CTO"}, "C"),
        ({"role": " "}, "F"),
        ({"country": "GERMANY"}, "B"),
        ({"country": "France", "role": "CTO"}, "B+"),
        ({"country": "France", "size": "200+"}, "A"),
        ({"country": "France", "size": "200+", "role": "x", "industry": "gambling"}, "B"),
    ],
)
def test_grade_is_the_best_letter_the_points_reach(attributes: dict[str, str], letter: str) -> None:
    assert grade(FIT, attributes) == letter


def test_grades_in_order_move_by_thirds_of_a_letter() -> None:
    order = ["A+", "A", "A-", "B+", "B", "B-", "C", "D", "E", "F"]
    for place, better in enumerate(order):
        for worse in order[place + 1 :]:
            assert grade_at_least(better, worse)
            assert not grade_at_least(worse, better)
        assert grade_at_least(better, better)
    assert grade_at_least("a", "A")

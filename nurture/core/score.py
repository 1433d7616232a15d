"""Interest as a decaying score, fit as a grade from A to F."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from nurture.core.event import Event


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """Points per kind of human event, worth nothing any more after `decay` (linear).

    ValueError where `decay` is not longer than nothing.
    """

    points: Mapping[str, float]
    decay: timedelta

    def __post_init__(self) -> None:
        if self.decay <= timedelta(0):
            raise ValueError(f"a score must decay over some time, not {self.decay}")


@dataclass(frozen=True, slots=True)
class Criterion:
    """Gives `points` when the contact's `attribute` is one of `values` (without case; none: is present)."""

    attribute: str
    values: tuple[str, ...]
    points: int


@dataclass(frozen=True, slots=True)
class GradeModel:
    """`letters` maps a letter to the least points it takes; below all of them the grade is F."""

    criteria: tuple[Criterion, ...]
    letters: Mapping[str, int]


def score(model: ScoreModel, events: Iterable[Event], now: datetime) -> float:
    """The interest score at `now`, to one decimal; an event dated after `now` has its full points."""
    return round(sum(_worth(model, event, now) for event in events), 1)


def scored(model: ScoreModel, events: Iterable[Event], now: datetime) -> tuple[int, ...]:
    """Ids of the events that still give points: the evidence of the score."""
    return tuple(event.id for event in events if _worth(model, event, now) > 0)


def _worth(model: ScoreModel, event: Event, now: datetime) -> float:
    if event.verdict != "human":
        return 0.0
    age = max(now - event.at, timedelta(0))
    return model.points.get(event.kind, 0.0) * max(0.0, 1 - age / model.decay)


def grade(model: GradeModel, attributes: Mapping[str, str]) -> str:
    """How well a contact fits: the best letter its points reach, F where they reach none."""
    points = sum(
        criterion.points
        for criterion in model.criteria
        if attribute_in(attributes, criterion.attribute, criterion.values)
    )
    reached = [letter for letter, least in model.letters.items() if points >= least]
    return min(reached, key=_rank, default="F")


def grade_at_least(grade: str, wanted: str) -> bool:
    """Whether `grade` is `wanted` or better; A+ stands before A, A before A-, A- before B+."""
    return _rank(grade) <= _rank(wanted)


def _rank(grade: str) -> tuple[str, int]:
    letter, sign = grade[:1].upper(), grade[1:]
    return letter, {"+": 0, "": 1, "-": 2}.get(sign, 1)


def attribute_in(attributes: Mapping[str, str], attribute: str, values: Iterable[str]) -> bool:
    """Whether the attribute has one of `values`, without case; with no values whether it is present."""
    has = attributes.get(attribute, "").strip().casefold()
    wanted = {value.strip().casefold() for value in values}
    return has in wanted if wanted else has != ""

"""What a rule or a branch asks: a small tree of conditions, and the facts it is evaluated over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from nurture.core.event import Event, EventKind


@dataclass(frozen=True, slots=True)
class Counted:
    """At least `at_least` human events of `event`, in the last `within`, or since the step `since`.

    `distinct_mails` counts several events of one mail once.
    """

    event: EventKind
    at_least: int = 1
    within: timedelta | None = None
    since: str | None = None
    distinct_mails: bool = False
    kind: Literal["count"] = "count"


@dataclass(frozen=True, slots=True)
class ScoreAtLeast:
    """The decayed interest score is `points` or more."""

    points: float
    kind: Literal["score"] = "score"


@dataclass(frozen=True, slots=True)
class GradeAtLeast:
    """The fit grade is `grade` or better ("A" is best, "F" worst)."""

    grade: str
    kind: Literal["grade"] = "grade"


@dataclass(frozen=True, slots=True)
class AttributeIn:
    """A contact attribute has one of `values`, compared without case; no values: it is present."""

    attribute: str
    values: tuple[str, ...] = ()
    kind: Literal["attribute"] = "attribute"


@dataclass(frozen=True, slots=True)
class AllOf:
    of: tuple["Condition", ...]
    kind: Literal["all"] = "all"


@dataclass(frozen=True, slots=True)
class AnyOf:
    of: tuple["Condition", ...]
    kind: Literal["any"] = "any"


@dataclass(frozen=True, slots=True)
class NoneOf:
    of: tuple["Condition", ...]
    kind: Literal["none"] = "none"


Condition = Counted | ScoreAtLeast | GradeAtLeast | AttributeIn | AllOf | AnyOf | NoneOf


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a condition may look at. `steps_at`: when each step of the running enrollment was done.

    `scored`: ids of the events the score rests on (`score.scored`), the evidence of a score condition.
    """

    stage: str
    attributes: Mapping[str, str]
    events: tuple[Event, ...]
    score: float
    grade: str
    steps_at: Mapping[str, datetime]
    scored: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a condition holds, the ids of the events it rests on, and one plain sentence per reason."""

    met: bool
    evidence: tuple[int, ...] = ()
    because: tuple[str, ...] = ()

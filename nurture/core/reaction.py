"""Decides what a reply leads to: what becomes of the sequence, what counts, and what a person must see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal, Protocol, TypeVar

from nurture.core.event import EventKind

Action = Literal["pause", "stop", "wait", "suppress", "signal", "review", "refer"]
Course = Literal["hold", "wait", "stop"]
Standing = Literal["proven", "other_address", "unproven"]

COURSES: Final[tuple[Action, ...]] = ("pause", "stop", "wait", "suppress")
ACTIONS: Final[tuple[Action, ...]] = (*COURSES, "signal", "review", "refer")
SIGNALS: Final[Mapping[str, EventKind]] = {
    "pricing_request": "pricing_request",
    "demo_request": "demo_request",
    "trial_request": "trial_request",
    "meeting_request": "meeting_request",
    "information_request": "information_request",
    "positive": "interested",
    "timeline_shared": "timeline_shared",
    "not_now": "not_now",
    "objection": "not_interested",
    "unsubscribe_request": "not_interested",
}
"""The event that rules see, by intent; the other intents are no evidence of interest or its lack."""

REQUESTS: Final = (
    "pricing_request", "demo_request", "trial_request", "meeting_request", "information_request",
)  # fmt: skip
INTEREST: Final = frozenset({*REQUESTS, "positive"})
REFUSAL: Final = frozenset({"objection", "unsubscribe_request", "left_company"})
COURTESY: Final = frozenset({"thanks", "empty", "other"})
LIKELY: Final = 0.7
_UNKNOWN: Final = {"other": "nothing that is known", "empty": "nothing at all"}

_STOP_AND_TELL: Final[tuple[Action, ...]] = ("stop", "signal")
_PAUSE_AND_SHOW: Final[tuple[Action, ...]] = ("pause", "review")
DEFAULT_ACTIONS: Final[Mapping[str, tuple[Action, ...]]] = {
    **dict.fromkeys(REQUESTS, _STOP_AND_TELL),
    "positive": _STOP_AND_TELL,
    "timeline_shared": _STOP_AND_TELL,
    "not_now": ("wait", "signal"),
    "objection": _STOP_AND_TELL,
    "wrong_person": ("stop", "review"),
    "referral": ("stop", "refer"),
    "left_company": ("stop", "review"),
    "unsubscribe_request": ("suppress",),
    **dict.fromkeys(("question", "thanks", "empty", "other"), _PAUSE_AND_SHOW),
}


class Said(Protocol):
    """What somebody said, as it was read: one intent of a reply."""

    @property
    def name(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def day(self) -> date | None: ...
    @property
    def address(self) -> str: ...


AnySaid = TypeVar("AnySaid", bound=Said)


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """What replies lead to (`replies.yaml`). Below `threshold` (0 to 1) an intent is left to a person.

    `wait`: how long a "not now" without a date waits. `actions`: by intent; one not named has the shipped.
    """

    threshold: float = 0.8
    wait: timedelta = timedelta(days=90)
    actions: Mapping[str, tuple[Action, ...]] = field(default_factory=lambda: dict(DEFAULT_ACTIONS))

    def of(self, intent: str) -> tuple[Action, ...]:
        """The actions of an intent; what is not known at all is shown."""
        return tuple(self.actions.get(intent) or DEFAULT_ACTIONS.get(intent, _PAUSE_AND_SHOW))


@dataclass(frozen=True, slots=True)
class Reaction:
    """What is to be done: *hold* pauses until a person has looked, *wait* until a day.

    `signals` are events, which count as evidence only where `counts`. `wait_until`: the day that was named;
    None waits as long as the rules say. `referred`: colleagues to propose. `review`: why a person must look.
    """

    course: Course
    counts: bool = False
    signals: tuple[EventKind, ...] = ()
    wait_until: date | None = None
    suppress: bool = False
    referred: tuple[str, ...] = ()
    review: str | None = None


def react(said: Sequence[Said], standing: Standing, rules: ReplyRules) -> Reaction:
    """What a person's reply leads to. Doubt about its sense or its sender changes nothing but the pause.

    Another address in the thread stops the sequence, for somebody has taken the matter up; whether the
    contact wants what it says is for a person to decide.
    """
    sure = [intent for intent in said if intent.confidence >= rules.threshold]
    if standing == "unproven":
        return Reaction("hold", signals=_signals(sure), review="nothing proves who wrote it")
    if standing == "other_address":
        why = "somebody else wrote, from an address that is not the contact's"
        return Reaction("stop", signals=_signals(sure), referred=_referred(sure, rules), review=why)
    doubt = _doubt(said, sure)
    if doubt:
        return Reaction("hold", review=doubt)
    return act_on(sure, rules)


def act_on(said: Sequence[Said], rules: ReplyRules) -> Reaction:
    """What these intents lead to where nobody doubts them. The strongest course holds: stop, wait, pause."""
    telling = _telling(said)
    actions = {action for intent in telling for action in rules.of(intent.name)}
    told = [intent for intent in telling if "signal" in rules.of(intent.name)]
    refused = [intent for intent in telling if "suppress" in rules.of(intent.name)]
    return Reaction(
        course=_course(actions),
        counts=bool(told or refused),
        signals=_signals([*told, *refused]),
        wait_until=max(
            (intent.day for intent in telling if intent.name == "not_now" and intent.day), default=None
        ),
        suppress="suppress" in actions,
        referred=_referred(telling, rules),
        review=_shown(telling, rules),
    )


def _doubt(said: Sequence[Said], sure: Sequence[Said]) -> str | None:
    """Why the sense of a reply is left to a person."""
    if not sure:
        best = max(said, key=lambda intent: intent.confidence, default=None)
        return f"not sure enough: {_spoken([best])} ({best.confidence:.2f})" if best else "nothing was read"
    likely = [intent for intent in said if intent.confidence >= LIKELY]
    for_it, against_it = (
        [intent for intent in likely if intent.name in side] for side in (INTEREST, REFUSAL)
    )
    if for_it and against_it:
        return f"it contradicts itself: {_spoken(for_it)} against {_spoken(against_it)}"
    return None


def _telling(said: Sequence[AnySaid]) -> list[AnySaid]:
    """Without what says nothing beside the others: a thank-you, and the question that a request is put as."""
    weighty = [intent for intent in said if intent.name not in COURTESY]
    if any(intent.name in REQUESTS for intent in weighty):
        weighty = [intent for intent in weighty if intent.name != "question"]
    return weighty or list(said)


def _course(actions: set[Action]) -> Course:
    if actions & {"stop", "suppress"}:
        return "stop"
    if "wait" in actions:
        return "wait"
    return "hold"


def _signals(said: Iterable[Said]) -> tuple[EventKind, ...]:
    return tuple(dict.fromkeys(SIGNALS[intent.name] for intent in said if intent.name in SIGNALS))


def _referred(said: Iterable[Said], rules: ReplyRules) -> tuple[str, ...]:
    proposing = [intent for intent in said if "refer" in rules.of(intent.name)]
    return tuple(dict.fromkeys(intent.address for intent in proposing if intent.address))


def _shown(said: Sequence[Said], rules: ReplyRules) -> str | None:
    shown = [intent for intent in said if {"pause", "review", "refer"} & set(rules.of(intent.name))]
    return f"it says: {_spoken(shown)}" if shown else None


def _spoken(said: Iterable[Said]) -> str:
    words = (_UNKNOWN.get(intent.name, intent.name.replace("_", " ")) for intent in said)
    return ", ".join(dict.fromkeys(words))

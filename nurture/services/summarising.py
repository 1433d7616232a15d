"""Sums up what an installation has concluded about everybody: for small ones, it is read whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.store import outcomes
from nurture.store.session import Session


@dataclass(frozen=True, slots=True)
class Known:
    """A contact: where it stands, and why it gets no mail (None: it does)."""

    email: str
    stage: str
    suppressed: str | None


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail on record. `rfc_id`: its Message-ID without brackets; `state`: of its touch."""

    email: str
    rfc_id: str
    step: str
    enrollment_id: int
    state: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Course:
    """One contact in one sequence."""

    id: int
    email: str
    sequence: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class Happened:
    """An event: a hit with its verdict, or a typed signal."""

    email: str
    kind: str
    source: str
    verdict: str
    judged: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail that came in; `email` is None where it matches nobody."""

    email: str | None
    kind: str
    intents: tuple[str, ...]
    state: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """A promotion that stands."""

    email: str
    origin: str
    target: str
    rule: str
    reason: str
    because: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class HandedOff:
    """A handoff on record; `told`: the targets that took the notice."""

    email: str
    rep: str
    state: str
    why_now: str
    decision: str | None
    signal_at: datetime
    notified_at: datetime | None
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything concluded so far, each list in the order it came about."""

    contacts: tuple[Known, ...] = ()
    mails: tuple[Mailed, ...] = ()
    courses: tuple[Course, ...] = ()
    events: tuple[Happened, ...] = ()
    incoming: tuple[Incoming, ...] = ()
    promotions: tuple[Moved, ...] = ()
    handoffs: tuple[HandedOff, ...] = ()


def summarise(session: Session) -> Summary:
    """Read it all, of one moment; meant for thousands of contacts, not for millions."""
    outcomes.take_snapshot(session)
    return Summary(
        contacts=tuple(Known(*row) for row in outcomes.list_contacts(session)),
        mails=tuple(Mailed(*row) for row in outcomes.list_mails(session)),
        courses=tuple(Course(*row) for row in outcomes.list_enrollments(session)),
        events=tuple(Happened(*row) for row in outcomes.list_events(session)),
        incoming=tuple(_incoming(*row) for row in outcomes.list_inbound(session)),
        promotions=tuple(_moved(*row) for row in outcomes.list_promotions(session)),
        handoffs=tuple(_handed_off(*row) for row in outcomes.list_handoffs(session)),
    )


def _incoming(
    email: str | None, kind: str, intents: list[Mapping[str, Any]], state: str, at: datetime
) -> Incoming:
    return Incoming(email, kind, tuple(intent["name"] for intent in intents), state, at)


def _moved(
    email: str, origin: str, target: str, rule: str, reason: str, because: list[str], at: datetime
) -> Moved:
    return Moved(email, origin, target, rule, reason, tuple(because), at)


def _handed_off(
    email: str,
    rep: str,
    state: str,
    why_now: str,
    decision: str | None,
    signal_at: datetime,
    notified_at: datetime | None,
    told: list[str] | None,
) -> HandedOff:
    return HandedOff(email, rep, state, why_now, decision, signal_at, notified_at, tuple(sorted(told or ())))

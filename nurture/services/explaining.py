"""Answers why: a contact's stages with their evidence, every touch with its reason, and what comes next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from nurture.core import words
from nurture.core.condition import Facts
from nurture.core.people.contact import normalise_address
from nurture.core.rule import describe_unmet
from nurture.core.workspace import Workspace
from nurture.store import (
    contacts,
    enrollments,
    events,
    facts,
    handoffs,
    inbound,
    promotions,
    suppressions,
    tasks,
    touches,
    workspaces,
)
from nurture.store.session import Session
from nurture.store.tables import Contact, Enrollment, Event, Promotion, Touch

_SOURCES: Final = {
    "mail": "a hit that is judged when no more have followed for a while",
    "form": "a form of ours was sent",
    "page": "a form of ours was sent",
    "preferences": "a form of ours was sent",
    "one_click": "a mail program's button for unsubscribing was pressed",
    "list-unsubscribe mail": "a mail to the address for unsubscribing came in",
    "reply": "a mail came in",
    "report": "a mail server's report came in",
    "smtp": "a mail server said it",
    "api": "another system told it",
}
"""What a verdict rests on that no judge has given."""


class UnknownContact(LookupError):
    """Nobody has that address."""


@dataclass(frozen=True, slots=True)
class Line:
    """One dated line of an explanation; `because` are the sentences under it."""

    at: datetime | None
    text: str
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything the program knows about why a contact is where it is."""

    email: str
    stage: str
    since: datetime
    score: float
    grade: str
    suppressed: str | None
    stages: tuple[Line, ...]
    evidence: tuple[Line, ...]
    touches: tuple[Line, ...]
    handoffs: tuple[Line, ...]
    next: tuple[Line, ...]
    missing: tuple[Line, ...]


def explain(session: Session, email: str, *, now: datetime) -> Explanation:
    """Explain one contact; raises BadAddress or UnknownContact."""
    contact = contacts.find_by_hash(session, normalise_address(email).hash)
    if contact is None:
        raise UnknownContact("no contact has that address: check its spelling, or import it")
    _version, workspace = workspaces.current(session)
    known = facts.gather(session, contact, workspace, now)
    suppression = suppressions.find(session, contact.email_hash)
    return Explanation(
        email=contact.email,
        stage=contact.stage,
        since=contact.stage_since,
        score=known.score,
        grade=known.grade,
        suppressed=f"{suppression.reason} by {suppression.source}" if suppression else None,
        stages=_stages(session, contact),
        evidence=_evidence(session, contact),
        touches=_touches(session, contact),
        handoffs=_handoffs(session, contact),
        next=_next(session, contact),
        missing=_missing(workspace, known, now),
    )


def _stages(session: Session, contact: Contact) -> tuple[Line, ...]:
    moves = promotions.list_for_contact(session, contact.id)
    entered = moves[0].origin if moves else contact.stage
    lines = [Line(contact.created_at, f"came in as {entered}")]
    for move in moves:
        lines += [_move_line(move), *_afterwards(move)]
    return tuple(sorted(lines, key=lambda line: line.at or contact.created_at))


def _move_line(move: Promotion) -> Line:
    rule = f"rule “{move.rule}” of version {move.version_id}"
    proof = f"evidence: events {_numbers(move.evidence)}" if move.evidence else "no events"
    gone = [number for number in move.facts.get("evidence", ()) if number not in move.evidence]
    proof += f"; {_numbers(gone)} no longer a person's" if gone else ""
    text = f"{move.origin} → {move.target}: {move.reason} ({rule})"
    return Line(move.at, text, (*move.because, proof))


def _afterwards(move: Promotion) -> list[Line]:
    """What became of a promotion when more was known of its evidence."""
    which = f"{move.origin} → {move.target} of {words.minute(move.at)}"
    undone = [Line(move.undone_at, f"undone: {which}", (move.undone_reason or "",))] if move.undone_at else []
    flagged = [Line(move.flagged_at, f"flagged for {which}", (move.flag or "",))] if move.flagged_at else []
    return undone + flagged


def _numbers(ids: Iterable[int]) -> str:
    return ", ".join(map(str, ids))


def _evidence(session: Session, contact: Contact) -> tuple[Line, ...]:
    rows = events.list_for_contact(session, contact.id)
    spent = contact.evidence_after
    return tuple(
        Line(
            row.at,
            f"#{row.id} {row.kind.replace('_', ' ')} by {row.source}"
            + (f" {row.message_id}" if row.kind in events.HITS else "")
            + f": {row.verdict}, {_certainty(row)}"
            + (" (spent)" if spent and row.at <= spent else ""),
            (*(row.reasons or (_SOURCES.get(row.source, f"told by {row.source}"),)), *_words(row)),
        )
        for row in rows
    )


def _words(row: Event) -> tuple[str, ...]:
    """What a reply, a report or another system said; of a hit nothing, its link is among its reasons."""
    words = str(row.detail.get("summary") or "").strip()
    return (f"it says: {words}",) if words and row.kind not in events.HITS else ()


def _certainty(row: Event) -> str:
    """How sure the verdict is, and whose: a judge's with its version, a person's, or the happening's own."""
    if row.said_by is not None:
        return f"{row.certainty or 1:.0%} certain, said by a person"
    if row.judge_version is None:
        return "as told, not judged" if row.judged_at else "not judged yet"
    certain = f"{row.certainty:.0%} certain, " if row.certainty is not None else ""
    again = ", to be judged again" if row.judged_at is None else ""
    return f"{certain}judge {row.judge_version}{again}"


def _touches(session: Session, contact: Contact) -> tuple[Line, ...]:
    running = {row.id: row for row in enrollments.list_for_contact(session, contact.id)}
    lines = [_touch_line(touch, running[touch.enrollment_id]) for touch in _done(session, contact)]
    lines += [
        Line(
            mail.received_at,
            f"{mail.kind.replace('_', ' ')} came in{_said(mail.intents)}",
            tuple(filter(None, (mail.review and f"{mail.review}: {mail.review_reason}", mail.decision))),
        )
        for mail in inbound.list_for_contact(session, contact.id)
    ]
    lines += [
        Line(row.ended_at, f"left {row.sequence}: {row.end_reason}")
        for row in running.values()
        if row.ended_at
    ]
    return tuple(sorted(lines, key=lambda line: line.at or contact.created_at))


def _said(intents: Sequence[Mapping[str, Any]]) -> str:
    return f" ({', '.join(intent['name'] for intent in intents)})" if intents else ""


def _done(session: Session, contact: Contact) -> list[Touch]:
    return [touch for touch in touches.list_for_contact(session, contact.id) if touch.state != "planned"]


def _touch_line(touch: Touch, enrollment: Enrollment) -> Line:
    states = {"cancelled": "withheld", "sending": "being sent", "done": "done"}
    text = f"{touch.kind} “{touch.step}” of {enrollment.sequence}: {states.get(touch.state, touch.state)}"
    return Line(touch.done_at or touch.due_at, text, (touch.note,) if touch.note else ())


def _handoffs(session: Session, contact: Contact) -> tuple[Line, ...]:
    flags = {
        row.id: row.flag and f"flagged: {row.flag}"
        for row in promotions.list_for_contact(session, contact.id)
    }
    lines = [
        Line(
            handoff.created_at,
            f"handed to {handoff.rep}: {handoff.state}",
            tuple(filter(None, (handoff.why_now, handoff.decision, flags[handoff.promotion_id]))),
        )
        for handoff in handoffs.list_for_contact(session, contact.id)
    ]
    lines += [
        Line(task.created_at, f"task for {task.rep}: {task.kind}, {task.subject} ({task.state})")
        for task in tasks.list_for_contact(session, contact.id)
    ]
    return tuple(lines)


def _next(session: Session, contact: Contact) -> tuple[Line, ...]:
    active = {
        row.id: row for row in enrollments.list_for_contact(session, contact.id) if row.state == "active"
    }
    planned = [touch for touch in touches.list_for_contact(session, contact.id) if touch.state == "planned"]
    lines = [
        Line(
            touch.due_at if touch.due_at < enrollments.HELD else None,
            f"{touch.kind} “{touch.step}” of {active[touch.enrollment_id].sequence}",
            (touch.note,) if touch.note else (),
        )
        for touch in planned
        if touch.enrollment_id in active
    ]
    told = {touch.enrollment_id for touch in planned}
    lines += [
        Line(None, f"the next step of {row.sequence} is about to be planned or under way")
        for row in active.values()
        if row.id not in told
    ]
    return tuple(lines) or (Line(None, "nothing: the contact is in no sequence"),)


def _missing(workspace: Workspace, known: Facts, now: datetime) -> tuple[Line, ...]:
    rules = [rule for rule in workspace.rules if known.stage in rule.origins]
    return tuple(
        Line(None, f"{rule.name} ({rule.target})", describe_unmet(rule.when, known, now)) for rule in rules
    )

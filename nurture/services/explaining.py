"""Answers why: a contact's stages with their evidence, every touch with its reason, and what comes next."""

from dataclasses import dataclass
from datetime import datetime

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
from nurture.store.tables import Contact, Enrollment, Touch


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
        rule = f"rule “{move.rule}” of version {move.version_id}"
        proof = f"evidence: events {', '.join(map(str, move.evidence))}" if move.evidence else "no events"
        text = f"{move.origin} → {move.target}: {move.reason} ({rule})"
        lines.append(Line(move.at, text, (*move.because, proof)))
    return tuple(lines)


def _evidence(session: Session, contact: Contact) -> tuple[Line, ...]:
    rows = events.list_for_contact(session, contact.id)
    spent = contact.evidence_after
    return tuple(
        Line(
            row.at,
            f"#{row.id} {row.kind.replace('_', ' ')} by {row.source}: {row.verdict}"
            + (" (spent)" if spent and row.at <= spent else ""),
            tuple(row.reasons),
        )
        for row in rows
    )


def _touches(session: Session, contact: Contact) -> tuple[Line, ...]:
    running = {row.id: row for row in enrollments.list_for_contact(session, contact.id)}
    lines = [_touch_line(touch, running[touch.enrollment_id]) for touch in _done(session, contact)]
    lines += [
        Line(
            mail.received_at,
            f"{mail.kind.replace('_', ' ')} came in ({', '.join(mail.intents) or 'no intent'})",
        )
        for mail in inbound.list_for_contact(session, contact.id)
    ]
    lines += [
        Line(row.ended_at, f"left {row.sequence}: {row.end_reason}")
        for row in running.values()
        if row.ended_at
    ]
    return tuple(sorted(lines, key=lambda line: line.at or contact.created_at))


def _done(session: Session, contact: Contact) -> list[Touch]:
    return [touch for touch in touches.list_for_contact(session, contact.id) if touch.state != "planned"]


def _touch_line(touch: Touch, enrollment: Enrollment) -> Line:
    states = {"cancelled": "withheld", "sending": "being sent", "done": "done"}
    text = f"{touch.kind} “{touch.step}” of {enrollment.sequence}: {states.get(touch.state, touch.state)}"
    return Line(touch.done_at or touch.due_at, text, (touch.note,) if touch.note else ())


def _handoffs(session: Session, contact: Contact) -> tuple[Line, ...]:
    lines = [
        Line(
            handoff.created_at,
            f"handed to {handoff.rep}: {handoff.state}",
            tuple(filter(None, (handoff.why_now, handoff.decision))),
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
            touch.due_at,
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

"""A contact changes stage: out of the old stage's sequence and tasks, into the new one's."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from nurture.core.workspace import Stage
from nurture.store import contacts, enrollments, events, inbound, suppressions, tasks
from nurture.store.tables import Contact, Enrollment

LEAVING: Final = ("reply", "bounce", "complaint", "unsubscribe")
"""What ends sequences whatever the stage: who goes back into one is not to get what that has ended."""


def enter(
    session: Session,
    contact: Contact,
    stage: Stage,
    *,
    version_id: int,
    reason: str,
    now: datetime,
    promotion_id: int | None = None,
) -> None:
    """Move a contact, all in the caller's transaction. A suppressed contact moves and enters no sequence.

    What is stopped by the promotion `promotion_id` goes on where that is undone. Who is away, waits for a
    review or asked to be left alone until a day is left alone in the new stage too; but that sales takes a
    contact over ends what it asked for before.
    """
    paused = enrollments.find_pause(session, contact.id, now)
    until, why = (paused.paused_until, paused.pause_reason) if paused else (None, None)
    enrollments.stop(session, contact.id, reason=reason, now=now, ended_by=promotion_id)
    tasks.cancel_open(session, contact.id, now)
    contacts.move(session, contact, stage.name, now)
    if stage.sequence is None or suppressions.find(session, contact.email_hash):
        return
    enrollments.enter(
        session, contact.id, version_id=version_id, sequence=stage.sequence, stage=stage.name, now=now
    )
    if until and (until == enrollments.HELD or not stage.handoff):
        enrollments.pause(session, contact.id, until=until, reason=why or "paused")


def list_going_on(session: Session, contact: Contact, stopped: Iterable[Enrollment]) -> Sequence[Enrollment]:
    """Those of the contact's stopped enrollments that may go on, once their cause has proved to be none.

    None of somebody who gets no mail, and none that the contact has left since for a cause of its own.
    """
    if suppressions.find(session, contact.email_hash):
        return []
    known = enrollments.list_for_contact(session, contact.id)
    return [row for row in stopped if not _was_left_since(session, row, known)]


def go_on(session: Session, going_on: Iterable[Enrollment], now: datetime) -> None:
    """Let stopped enrollments go on where they were, with their touches and tasks.

    They are held where a mail waits for a person meanwhile.
    """
    for enrollment in going_on:
        if enrollment.ended_at is not None:
            tasks.reopen_of(session, [enrollment.id], enrollment.ended_at)
        enrollments.resume(session, enrollment, now)
        if inbound.is_waiting(session, enrollment.contact_id):
            held, why = enrollments.HELD, enrollments.REVIEWED
            enrollments.pause(session, enrollment.contact_id, until=held, reason=why)


def _was_left_since(session: Session, enrollment: Enrollment, known: Iterable[Enrollment]) -> bool:
    """Whether the contact has left sequences since, or would have, were it in one: it has replied, say."""
    since = enrollment.ended_at or enrollment.started_at
    later = [row for row in known if row.started_at >= since and row.id != enrollment.id]
    if later:
        return any(row.state == "stopped" and row.ended_by is None for row in later)
    return events.happened(session, enrollment.contact_id, LEAVING, since)

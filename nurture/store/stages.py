"""A contact changes stage: out of the old stage's sequence and tasks, into the new one's."""

from datetime import datetime

from sqlalchemy.orm import Session

from nurture.core.workspace import Stage
from nurture.store import contacts, enrollments, suppressions, tasks
from nurture.store.tables import Contact


def enter(
    session: Session, contact: Contact, stage: Stage, *, version_id: int, reason: str, now: datetime
) -> None:
    """Move a contact, all in the caller's transaction. A suppressed contact moves and enters no sequence."""
    enrollments.stop(session, contact.id, reason=reason, now=now)
    tasks.cancel_open(session, contact.id, now)
    contacts.move(session, contact, stage.name, now)
    if stage.sequence is None or suppressions.find(session, contact.email_hash):
        return
    enrollments.enter(
        session, contact.id, version_id=version_id, sequence=stage.sequence, stage=stage.name, now=now
    )

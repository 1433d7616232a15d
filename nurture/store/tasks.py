"""Tasks on the reps' lists."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import Task, Touch


def add(
    session: Session, touch: Touch, *, rep: str, kind: str, subject: str, note: str, now: datetime
) -> None:
    """Put the task of a touch on a rep's list, once."""
    row = insert(Task).values(
        id=touch.id,
        contact_id=touch.contact_id,
        rep=rep,
        kind=kind,
        subject=subject,
        note=note,
        state="open",
        created_at=now,
    )
    session.execute(row.on_conflict_do_nothing())


def cancel_open(session: Session, contact_id: int, now: datetime) -> None:
    """Take the contact's open tasks off the lists: they belong to a sequence it has left."""
    query = update(Task).where(Task.contact_id == contact_id, Task.state == "open")
    session.execute(query.values(state="cancelled", done_at=now))


def cancel_of(session: Session, enrollment_ids: Collection[int], now: datetime) -> None:
    """Take the open tasks of these enrollments off the lists."""
    query = update(Task).where(Task.id.in_(_touches_of(enrollment_ids)), Task.state == "open")
    session.execute(query.values(state="cancelled", done_at=now))


def reopen_of(session: Session, enrollment_ids: Collection[int], cancelled_at: datetime) -> None:
    """Put those that were taken off the lists at that moment back on."""
    query = update(Task).where(
        Task.id.in_(_touches_of(enrollment_ids)), Task.state == "cancelled", Task.done_at == cancelled_at
    )
    session.execute(query.values(state="open", done_at=None))


def _touches_of(enrollment_ids: Collection[int]) -> Select[int]:
    return select(Touch.id).where(Touch.enrollment_id.in_(enrollment_ids))


def list_for_contact(session: Session, contact_id: int) -> Sequence[Task]:
    """The contact's tasks, oldest first."""
    return session.scalars(select(Task).where(Task.contact_id == contact_id).order_by(Task.id)).all()

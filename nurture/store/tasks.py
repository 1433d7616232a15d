"""Tasks on the reps' lists."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
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


def list_for_contact(session: Session, contact_id: int) -> Sequence[Task]:
    """The contact's tasks, oldest first."""
    return session.scalars(select(Task).where(Task.contact_id == contact_id).order_by(Task.id)).all()

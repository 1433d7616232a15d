"""Mails on record: written before their DATA, found again by Message-ID."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import Message, Touch


def record(
    session: Session, touch: Touch, *, rfc_id: str, mailbox: str, subject: str, links: Collection[str]
) -> None:
    """Write the mail of a touch; a second attempt at the same touch keeps its Message-ID."""
    values = {"mailbox": mailbox, "subject": subject, "links": list(links)}
    row = insert(Message).values(
        id=touch.id,
        contact_id=touch.contact_id,
        enrollment_id=touch.enrollment_id,
        step=touch.step,
        rfc_id=rfc_id,
        **values,
    )
    session.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))


def mark_sent(session: Session, message_id: int, moment: datetime) -> None:
    """Note the moment of the 250; the first one stays."""
    query = update(Message).where(Message.id == message_id, Message.sent_at.is_(None))
    session.execute(query.values(sent_at=moment))


def find_by_rfc_ids(session: Session, rfc_ids: Collection[str]) -> Message | None:
    """The newest of our mails among these Message-IDs."""
    query = select(Message).where(Message.rfc_id.in_(rfc_ids)).order_by(Message.id.desc())
    return session.scalars(query.limit(1)).first()


def find(session: Session, message_id: int) -> Message | None:
    """The mail of that id, if it is on record."""
    return session.get(Message, message_id)


def list_thread(session: Session, enrollment_id: int) -> Sequence[Message]:
    """The mails an enrollment has sent, oldest first."""
    query = select(Message).where(Message.enrollment_id == enrollment_id, Message.sent_at.is_not(None))
    return session.scalars(query.order_by(Message.sent_at)).all()


def list_for_contact(session: Session, contact_id: int) -> Sequence[Message]:
    """The contact's mails, oldest first."""
    return session.scalars(select(Message).where(Message.contact_id == contact_id).order_by(Message.id)).all()


def list_by_ids(session: Session, ids: Collection[int]) -> dict[int, Message]:
    """Mails by id."""
    return {message.id: message for message in session.scalars(select(Message).where(Message.id.in_(ids)))}

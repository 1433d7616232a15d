"""Mailboxes that rest, and what came of the mails they sent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.core.reputation import Passage, Record, Rest
from nurture.store.tables import Event, MailboxPause, Message

OUR_FAULT = "our_fault"
"""In the `detail` of a bounce: it was the sender that was refused, so it says nothing about the address."""


def find_pause(session: Session, mailbox: str, now: datetime) -> MailboxPause | None:
    """Why a mailbox sends nothing now; None where it does."""
    query = select(MailboxPause).where(MailboxPause.mailbox == mailbox, *_open_at(now))
    return session.scalars(query).first()


def list_pauses(session: Session, now: datetime) -> Sequence[MailboxPause]:
    """The mailboxes that send nothing now."""
    return session.scalars(select(MailboxPause).where(*_open_at(now)).order_by(MailboxPause.mailbox)).all()


def let_rest(session: Session, mailbox: str, rest: Rest, now: datetime) -> bool:
    """Pause a mailbox for as long as it has to rest; False where it does already."""
    until = now + rest.length if rest.length else None
    return pause(session, mailbox, reason=rest.why, until=until, now=now)


def pause(session: Session, mailbox: str, *, reason: str, until: datetime | None, now: datetime) -> bool:
    """Let a mailbox rest; False where it rests already, for as long or longer.

    A rest of a known length becomes one without end where the new one has none.
    """
    ended = MailboxPause.ended_at.is_(None), MailboxPause.until <= now
    session.execute(
        update(MailboxPause)
        .where(MailboxPause.mailbox == mailbox, *ended)
        .values(ended_at=MailboxPause.until, ended_by="time")
    )
    row = insert(MailboxPause).values(mailbox=mailbox, reason=reason, paused_at=now, until=until)
    made = row.on_conflict_do_update(
        index_elements=["mailbox"],
        index_where=MailboxPause.ended_at.is_(None),
        set_={"reason": reason, "until": until},
        where=MailboxPause.until.is_not(None) & (until is None),
    )
    return session.scalar(made.returning(MailboxPause.id)) is not None


def resume(session: Session, mailbox: str, *, by: str, now: datetime) -> bool:
    """End a mailbox's rest; False where it has none."""
    query = update(MailboxPause).where(MailboxPause.mailbox == mailbox, *_open_at(now))
    ended = query.values(ended_at=now, ended_by=by).returning(MailboxPause.id)
    return session.scalar(ended) is not None


def measure(session: Session, mailbox: str, since: datetime) -> Record:
    """What came of the mails sent after `since`, or after the mailbox last began to send again.

    Each mail counts once, however often it was reported.
    """
    last = select(func.max(MailboxPause.ended_at)).where(MailboxPause.mailbox == mailbox)
    begin = func.greatest(since, session.scalar(last))
    mails = select(func.count()).select_from(Message).where(Message.mailbox == mailbox)
    reported = (
        select(func.count(func.distinct(Event.message_id)))
        .join(Message, Message.id == Event.message_id)
        .where(Message.mailbox == mailbox, Event.at > begin)
    )
    hard = Event.detail["hard"].as_boolean()
    return Record(
        sent=session.scalar(mails.where(Message.sent_at > begin)) or 0,
        bounced=session.scalar(reported.where(Event.kind == "bounce", hard)) or 0,
        complained=session.scalar(reported.where(Event.kind == "complaint")) or 0,
    )


def list_passages(session: Session, contact_id: int, *, limit: int = 20) -> list[Passage]:
    """What became of the newest mails to a contact, oldest first; those refused at once among them."""
    about_us = Event.detail[OUR_FAULT].as_boolean().is_(True)
    bounced = func.min(Event.at).filter(Event.kind == "bounce", ~about_us)
    arrived = func.count().filter(Event.kind.in_(("open", "click", "reply")))
    query = (
        select(func.coalesce(Message.sent_at, bounced), bounced.is_not(None), arrived > 0)
        .outerjoin(Event, Event.message_id == Message.id)
        .where(Message.contact_id == contact_id)
        .group_by(Message.id)
        .having(or_(Message.sent_at.is_not(None), bounced.is_not(None)))
        .order_by(Message.id.desc())
        .limit(limit)
    )
    return [Passage(*row) for row in session.execute(query)][::-1]


def _open_at(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return MailboxPause.ended_at.is_(None), or_(MailboxPause.until.is_(None), MailboxPause.until > now)

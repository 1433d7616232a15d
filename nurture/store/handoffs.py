"""Handoffs and the notices that tell them: one open handoff a contact, each target told each news once."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.core.handoff import News
from nurture.store.tables import Handoff, HandoffNotice
from nurture.store.tables.sales import OPEN_HANDOFF

MOST_TRIES = 20


def open_one(session: Session, contact_id: int, now: datetime, **values: Any) -> int | None:
    """Open a handoff; None where the contact has an open one already."""
    row = insert(Handoff).values(contact_id=contact_id, state="pending", created_at=now, **values)
    query = row.on_conflict_do_nothing(index_elements=["contact_id"], index_where=text(OPEN_HANDOFF))
    return session.scalar(query.returning(Handoff.id))


def find_open(session: Session, contact_id: int) -> Handoff | None:
    """The contact's open handoff."""
    return session.scalar(select(Handoff).where(Handoff.contact_id == contact_id, text(OPEN_HANDOFF)))


def last_rep(session: Session) -> str | None:
    """Who got the newest handoff. Held until commit, so that turns are taken one after another."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('nurture.handoff_turn'))"))
    return session.scalar(select(Handoff.rep).order_by(Handoff.id.desc()).limit(1))


def lock(session: Session, handoff_id: int) -> Handoff:
    """The handoff, held until the transaction ends; raises LookupError where there is none."""
    query = select(Handoff).where(Handoff.id == handoff_id).with_for_update()
    handoff = session.scalar(query.execution_options(populate_existing=True))
    if handoff is None:
        raise LookupError(f"handoff {handoff_id}")
    return handoff


def get(session: Session, handoff_id: int) -> Handoff:
    """The handoff; raises LookupError where there is none."""
    handoff = session.get(Handoff, handoff_id)
    if handoff is None:
        raise LookupError(f"handoff {handoff_id}")
    return handoff


def add_notices(
    session: Session, handoff_id: int, targets: Collection[str], now: datetime, *, news: News = "opened"
) -> None:
    """The news of a handoff is to be told to these targets, now."""
    rows = [
        {"handoff_id": handoff_id, "target": target, "news": news, "attempts": 0, "next_try_at": now}
        for target in targets
    ]
    if rows:
        session.execute(insert(HandoffNotice).on_conflict_do_nothing(), rows)


def list_targets(session: Session, handoff_id: int) -> Sequence[str]:
    """The targets the handoff was to be told to."""
    query = select(HandoffNotice.target).where(
        HandoffNotice.handoff_id == handoff_id, HandoffNotice.news == "opened"
    )
    return session.scalars(query.order_by(HandoffNotice.id)).all()


def list_told(session: Session, handoff: Handoff, now: datetime) -> Sequence[str]:
    """The targets that know of the handoff, or may: a try that failed, or one that is under way."""
    query = select(HandoffNotice.target).where(
        HandoffNotice.handoff_id == handoff.id, HandoffNotice.news == "opened"
    )
    if handoff.lease_until is None or handoff.lease_until < now:
        query = query.where(HandoffNotice.attempts > 0)
    return session.scalars(query.order_by(HandoffNotice.id)).all()


def retell(session: Session, handoff: Handoff, *, why_now: str, timeline: Sequence[str]) -> None:
    """Write what a handoff says of the contact, as it is known now."""
    if (handoff.why_now, handoff.timeline) != (why_now, list(timeline)):
        handoff.why_now, handoff.timeline = why_now, list(timeline)
        session.flush()


def claim(session: Session, handoff_id: int, token: UUID, now: datetime, lease: timedelta) -> Handoff | None:
    """Take a handoff to tell it; None while somebody else does."""
    query = (
        update(Handoff)
        .where(Handoff.id == handoff_id, or_(Handoff.lease_until.is_(None), Handoff.lease_until < now))
        .values(claim_token=token, lease_until=now + lease)
        .returning(Handoff)
    )
    return session.scalar(query.execution_options(populate_existing=True))


def release(session: Session, handoff_id: int, token: UUID) -> None:
    """Give the claim back."""
    query = update(Handoff).where(Handoff.id == handoff_id, Handoff.claim_token == token)
    session.execute(query.values(claim_token=None, lease_until=None))


def mark_notified(session: Session, handoff_id: int, now: datetime) -> None:
    """A person has been told; the first moment stays."""
    query = update(Handoff).where(Handoff.id == handoff_id, Handoff.state == "pending")
    session.execute(query.values(state="notified", notified_at=now))


def decide(session: Session, handoff: Handoff, *, state: str, decision: str | None, now: datetime) -> None:
    """Write the rep's answer: "accepted" or "rejected"."""
    handoff.state, handoff.decision, handoff.decided_at = state, decision, now
    session.flush()


def withdraw(session: Session, contact_id: int, reason: str, now: datetime) -> None:
    """Close the contact's open handoff: the contact has left sales on its own word."""
    query = update(Handoff).where(Handoff.contact_id == contact_id, text(OPEN_HANDOFF))
    session.execute(query.values(state="withdrawn", decision=reason, decided_at=now))


def list_notices_due(session: Session, handoff_id: int, now: datetime) -> Sequence[HandoffNotice]:
    """The handoff's notices that are to be tried now, mail first: nothing a receiver does holds it up."""
    query = select(HandoffNotice).join(Handoff, Handoff.id == HandoffNotice.handoff_id)
    query = query.where(HandoffNotice.handoff_id == handoff_id, *_due(now))
    return session.scalars(query.order_by(HandoffNotice.target != "email", HandoffNotice.id)).all()


def list_to_tell(session: Session, now: datetime, limit: int) -> Sequence[int]:
    """Handoffs with a notice that is due: new ones, and those whose wake-up or delivery failed."""
    query = select(HandoffNotice.handoff_id).join(Handoff, Handoff.id == HandoffNotice.handoff_id)
    return session.scalars(query.where(*_due(now)).distinct().limit(limit)).all()


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Notices to try now; that a handoff was opened is told while nobody has decided."""
    is_news = or_(Handoff.state.in_(("pending", "notified")), HandoffNotice.news != "opened")
    return is_news, HandoffNotice.delivered_at.is_(None), HandoffNotice.next_try_at <= now


def list_for_contact(session: Session, contact_id: int) -> Sequence[Handoff]:
    """The contact's handoffs, oldest first."""
    query = select(Handoff).where(Handoff.contact_id == contact_id)
    return session.scalars(query.order_by(Handoff.id)).all()


def record_try(
    session: Session,
    handoff_id: int,
    target: str,
    error: str | None,
    now: datetime,
    *,
    news: News = "opened",
) -> None:
    """Write how telling a target went: delivered (no error), or to be tried again after a growing wait.

    That a handoff was opened is tried by mail until somebody has decided, all else MOST_TRIES times.
    """
    query = select(HandoffNotice).where(
        HandoffNotice.handoff_id == handoff_id, HandoffNotice.target == target, HandoffNotice.news == news
    )
    notice = session.scalars(query.with_for_update()).one()
    if notice.delivered_at:
        return  # by somebody else, after this one's lease
    notice.attempts += 1
    notice.error = error[:500] if error else None
    notice.delivered_at = None if error else now
    notice.next_try_at = now + _retry_wait(notice.attempts) if error and not _is_enough(notice) else None
    session.flush()


def _is_enough(notice: HandoffNotice) -> bool:
    return (notice.target, notice.news) != ("email", "opened") and notice.attempts >= MOST_TRIES


def _retry_wait(attempts: int) -> timedelta:
    return min(timedelta(seconds=5 * 2 ** min(attempts - 1, 12)), timedelta(hours=1))

"""Touches: planned, claimed with a lease, sent once. Every later write names the claim it was made under."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import Contact, Enrollment, Receipt, Suppression, Touch


def plan(
    session: Session,
    enrollment: Enrollment,
    *,
    step: str,
    kind: str,
    priority: int,
    due_at: datetime,
    own_due_at: datetime | None = None,
    note: str | None = None,
) -> None:
    """Write the next touch of an enrollment. A step is carried out once, so a second plan changes nothing."""
    row = insert(Touch).values(
        enrollment_id=enrollment.id,
        contact_id=enrollment.contact_id,
        step=step,
        kind=kind,
        priority=priority,
        state="planned",
        due_at=due_at,
        own_due_at=own_due_at,
        note=note,
    )
    session.execute(row.on_conflict_do_nothing())


def pass_over(session: Session, enrollment: Enrollment, *, step: str, note: str, now: datetime) -> None:
    """Write that a mail of a sequence is not sent to this contact, and why."""
    row = insert(Touch).values(
        enrollment_id=enrollment.id,
        contact_id=enrollment.contact_id,
        step=step,
        kind="email",
        priority=0,
        state="cancelled",
        due_at=now,
        done_at=now,
        note=note,
    )
    session.execute(row.on_conflict_do_nothing())


def list_received(session: Session, contact_ids: Collection[int]) -> dict[tuple[int, str], set[str]]:
    """Steps whose mails these contacts were sent, or may have been, by contact and sequence."""
    query = (
        select(Touch.contact_id, Enrollment.sequence, Touch.step)
        .join(Enrollment, Enrollment.id == Touch.enrollment_id)
        .where(Touch.contact_id.in_(contact_ids), Touch.kind == "email")
        .where(Touch.state.in_(("sending", "sent", "uncertain")))
    )
    received: dict[tuple[int, str], set[str]] = {}
    for contact_id, sequence, step in session.execute(query):
        received.setdefault((contact_id, sequence), set()).add(step)
    return received


def claim_mails(
    session: Session, token: UUID, now: datetime, *, lease: timedelta, limit: int
) -> Sequence[Touch]:
    """Take due mails for this claim; the row lock lasts until they are marked, so nobody takes them twice."""
    due = (
        select(Touch.id)
        .where(Touch.kind == "email", Touch.state == "planned", Touch.due_at <= now)
        .order_by(Touch.due_at, Touch.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # As a CTE it runs once; in place PostgreSQL may run it again and again, and take more than `limit`.
        .cte("due")
    )
    query = (
        update(Touch)
        .where(Touch.id.in_(select(due.c.id)))
        .values(state="claimed", claim_token=token, lease_until=now + lease)
        .returning(Touch)
    )
    claimed = session.scalars(query.execution_options(populate_existing=True)).all()
    return sorted(claimed, key=lambda touch: (-touch.priority, touch.due_at, touch.id))


def begin_sending(session: Session, touch_id: int, token: UUID, lease_until: datetime) -> bool:
    """Mark a claimed touch *sending*, the last word before DATA; False: it may not be sent any more.

    Checks the claim, the enrollment and the suppression list once more in the same statement.
    """
    allowed = (
        exists()
        .where(Enrollment.id == Touch.enrollment_id, Enrollment.state == "active")
        .where(Contact.id == Touch.contact_id)
        .where(~exists().where(Suppression.email_hash == Contact.email_hash))
    )
    query = (
        update(Touch)
        .where(Touch.id == touch_id, Touch.claim_token == token, Touch.state == "claimed", allowed)
        .values(state="sending", lease_until=lease_until, attempts=Touch.attempts + 1)
        .returning(Touch.id)
    )
    return session.scalar(query.execution_options(synchronize_session=False)) is not None


def report(
    session: Session,
    touch_id: int,
    token: UUID,
    *,
    state: str,
    now: datetime,
    note: str | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Write what became of a touch under this claim; False (and no change) if the claim has passed on.

    With `due_at` the touch is planned again for then; else it is over, now.
    """
    values: dict[str, object] = {"state": state, "note": note, "claim_token": None, "lease_until": None}
    values |= {"due_at": due_at} if due_at else {"done_at": now}
    query = (
        update(Touch)
        .where(Touch.id == touch_id, Touch.claim_token == token, Touch.state.in_(("claimed", "sending")))
        .values(values)
        .returning(Touch.id)
    )
    return session.scalar(query.execution_options(synchronize_session=False)) is not None


def mark_sent(session: Session, touch_id: int, moment: datetime) -> bool:
    """Mark a touch *sent* that a receipt proves; True where its sequence has waited for that.

    After an *uncertain* touch the sequence has gone on already.
    """
    for state in ("sending", "uncertain"):
        query = (
            update(Touch)
            .where(Touch.id == touch_id, Touch.state == state)
            .values(state="sent", done_at=moment, note=None, claim_token=None, lease_until=None)
            .returning(Touch.id)
        )
        if session.scalar(query.execution_options(synchronize_session=False)) is not None:
            return state == "sending"
    return False


def list_due(session: Session, kinds: Collection[str], now: datetime, limit: int) -> Sequence[Touch]:
    """Due touches of these kinds, held with their enrollments for this transaction; others skip them."""
    query = (
        select(Touch)
        .join(Enrollment, Enrollment.id == Touch.enrollment_id)
        .where(Enrollment.state == "active")
        .where(Touch.kind.in_(kinds), Touch.state == "planned", Touch.due_at <= now)
        .order_by(Touch.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def free_expired_claims(session: Session, now: datetime) -> int:
    """Plan again what was claimed by a worker that is gone: nothing had been sent."""
    query = update(Touch).where(Touch.state == "claimed", Touch.lease_until < now)
    rows = session.scalars(
        query.values(state="planned", claim_token=None, lease_until=None).returning(Touch.id)
    )
    return len(rows.all())


def doubt_expired_sendings(session: Session, now: datetime) -> list[int]:
    """Mark *uncertain* what was being sent by a worker that is gone and left no receipt (RFC 1047)."""
    query = (
        update(Touch)
        .where(
            Touch.state == "sending",
            Touch.lease_until < now,
            ~exists().where(Receipt.touch_id == Touch.id),
        )
        .values(
            state="uncertain",
            claim_token=None,
            lease_until=None,
            done_at=now,
            note="the worker ended between handing over the mail and its receipt: it may have been sent",
        )
        .returning(Touch.id)
    )
    return list(session.scalars(query.execution_options(synchronize_session=False)))


def list_receipts_to_settle(session: Session, limit: int) -> dict[int, datetime]:
    """Receipts whose touch is not yet marked sent: touch id to the moment of the 250."""
    query = (
        select(Receipt.touch_id, Receipt.at)
        .join(Touch, Touch.id == Receipt.touch_id)
        .where(Touch.state.in_(("sending", "uncertain")))
        .limit(limit)
    )
    return dict(session.execute(query).all())


def count_rivals(session: Session, touch: Touch, now: datetime) -> int:
    """Due mails to the same contact that go before this one: of higher priority, or equal and older."""
    goes_first = or_(
        Touch.priority > touch.priority, (Touch.priority == touch.priority) & (Touch.id < touch.id)
    )
    query = select(func.count()).where(
        Touch.contact_id == touch.contact_id,
        Touch.kind == "email",
        Touch.state.in_(("planned", "claimed")),
        Touch.due_at <= now,
        Touch.id != touch.id,
        goes_first,
    )
    return session.scalar(query) or 0


def list_for_contact(session: Session, contact_id: int) -> Sequence[Touch]:
    """The contact's touches in the order they are or were due."""
    query = select(Touch).where(Touch.contact_id == contact_id)
    return session.scalars(query.order_by(Touch.due_at, Touch.id)).all()


def list_steps_done(session: Session, enrollment_id: int) -> dict[str, datetime]:
    """When each step of an enrollment was done."""
    query = select(Touch.step, Touch.done_at).where(
        Touch.enrollment_id == enrollment_id, Touch.state.in_(("sent", "done"))
    )
    return {step: moment for step, moment in session.execute(query) if moment is not None}

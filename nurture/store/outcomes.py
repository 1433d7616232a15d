"""Everything that has come of it, for those who read an installation whole: demonstrations and tests."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from nurture.store.tables import (
    Contact,
    Enrollment,
    Event,
    Handoff,
    HandoffNotice,
    InboundMail,
    Message,
    Promotion,
    Suppression,
    Touch,
)

Rows = Sequence[tuple[Any, ...]]


def take_snapshot(session: Session) -> None:
    """Let all of this transaction see the database as of one moment, and change nothing."""
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


def list_contacts(session: Session) -> Rows:
    """email, stage, reason of a suppression or None."""
    query = select(Contact.email, Contact.stage, Suppression.reason)
    joined = query.outerjoin(Suppression, Suppression.email_hash == Contact.email_hash)
    return _rows(session, joined.order_by(Contact.id))


def list_mails(session: Session) -> Rows:
    """email, rfc_id, step, enrollment_id, state of the touch, sent_at."""
    query = select(
        Contact.email, Message.rfc_id, Message.step, Message.enrollment_id, Touch.state, Message.sent_at
    )
    joined = query.join(Contact, Contact.id == Message.contact_id).join(Touch, Touch.id == Message.id)
    return _rows(session, joined.order_by(Message.id))


def list_enrollments(session: Session) -> Rows:
    """id, email, sequence, state, started_at, ended_at, end_reason, paused_until."""
    query = select(
        Enrollment.id,
        Contact.email,
        Enrollment.sequence,
        Enrollment.state,
        Enrollment.started_at,
        Enrollment.ended_at,
        Enrollment.end_reason,
        Enrollment.paused_until,
    )
    joined = query.join(Contact, Contact.id == Enrollment.contact_id)
    return _rows(session, joined.order_by(Enrollment.id))


def list_events(session: Session) -> Rows:
    """email, kind, source, verdict, whether it is judged, at."""
    query = select(
        Contact.email, Event.kind, Event.source, Event.verdict, Event.judged_at.is_not(None), Event.at
    )
    joined = query.join(Contact, Contact.id == Event.contact_id)
    return _rows(session, joined.order_by(Event.at, Event.id))


def list_inbound(session: Session) -> Rows:
    """email or None, kind, intents, state, received_at."""
    query = select(
        Contact.email, InboundMail.kind, InboundMail.intents, InboundMail.state, InboundMail.received_at
    )
    joined = query.outerjoin(Contact, Contact.id == InboundMail.contact_id)
    return _rows(session, joined.order_by(InboundMail.id))


def list_promotions(session: Session) -> Rows:
    """email, origin, target, rule, reason, because, at; of those that stand."""
    query = select(
        Contact.email,
        Promotion.origin,
        Promotion.target,
        Promotion.rule,
        Promotion.reason,
        Promotion.because,
        Promotion.at,
    )
    joined = query.join(Contact, Contact.id == Promotion.contact_id).where(Promotion.undone_at.is_(None))
    return _rows(session, joined.order_by(Promotion.id))


def list_handoffs(session: Session) -> Rows:
    """email, rep, state, why_now, decision, signal_at, notified_at, targets told."""
    told = (
        select(func.array_agg(HandoffNotice.target))
        .where(HandoffNotice.handoff_id == Handoff.id, HandoffNotice.delivered_at.is_not(None))
        .where(HandoffNotice.news == "opened")
        .scalar_subquery()
    )
    query = select(
        Contact.email,
        Handoff.rep,
        Handoff.state,
        Handoff.why_now,
        Handoff.decision,
        Handoff.signal_at,
        Handoff.notified_at,
        told,
    )
    joined = query.join(Contact, Contact.id == Handoff.contact_id)
    return _rows(session, joined.order_by(Handoff.id))


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> Rows:
    return [tuple(row) for row in session.execute(query)]

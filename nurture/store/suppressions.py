"""Addresses that get no marketing mail, by hash; and the append-only record of consent."""

from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import Consent, Suppression

UNSUBSCRIBED: Final = "unsubscribed"
"""The reason that the person may take back: any other one is for ever."""


def suppress(session: Session, email_hash: str, *, reason: str, source: str, now: datetime) -> bool:
    """Stop all marketing mail to an address; True if it was not suppressed before.

    The first reason stays, unless it can be taken back and this one cannot.
    """
    row = insert(Suppression).values(email_hash=email_hash, reason=reason, source=source, created_at=now)
    fresh = session.scalar(row.on_conflict_do_nothing().returning(Suppression.email_hash)) is not None
    if not fresh and reason != UNSUBSCRIBED:
        known = Suppression.email_hash == email_hash, Suppression.reason == UNSUBSCRIBED
        session.execute(update(Suppression).where(*known).values(reason=reason, source=source))
    return fresh


def find(session: Session, email_hash: str) -> Suppression | None:
    """Why an address is suppressed; None if it is not."""
    return session.get(Suppression, email_hash)


def lift(session: Session, email_hash: str) -> None:
    """Let mail flow again, after the person themselves asked for it."""
    known = session.get(Suppression, email_hash)
    if known is not None:
        session.delete(known)
        session.flush()


def record_consent(
    session: Session,
    contact_id: int,
    *,
    purpose: str,
    given: bool,
    source: str,
    wording: str,
    now: datetime,
) -> None:
    """Append what a person allowed or withdrew: `purpose` is "marketing" or "tracking"."""
    session.add(
        Consent(contact_id=contact_id, purpose=purpose, given=given, source=source, wording=wording, at=now)
    )


def list_consents(session: Session, contact_id: int) -> list[Consent]:
    """The contact's consent record, oldest first."""
    return list(session.scalars(select(Consent).where(Consent.contact_id == contact_id).order_by(Consent.id)))

"""Mail that came in, each message once."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import InboundMail


def record(
    session: Session,
    *,
    digest: str,
    state: str,
    kind: str,
    from_address: str,
    subject: str,
    new_text: str,
    intents: Collection[str],
    now: datetime,
    contact_id: int | None = None,
    message_id: int | None = None,
    matched_by: str | None = None,
) -> int | None:
    """Write an incoming mail; None where the same bytes are on record already."""
    row = insert(InboundMail).values(
        digest=digest,
        state=state,
        kind=kind,
        contact_id=contact_id,
        message_id=message_id,
        from_address=_plain(from_address)[:320],
        subject=_plain(subject)[:500],
        new_text=_plain(new_text)[:20_000],
        intents=list(intents),
        matched_by=matched_by,
        received_at=now,
    )
    return session.scalar(row.on_conflict_do_nothing().returning(InboundMail.id))


def list_unmatched(session: Session, limit: int) -> Sequence[InboundMail]:
    """Newest mails that belong to nobody we know, or could not be read."""
    query = select(InboundMail).where(InboundMail.state != "matched")
    return session.scalars(query.order_by(InboundMail.id.desc()).limit(limit)).all()


def list_for_contact(session: Session, contact_id: int) -> Sequence[InboundMail]:
    """The contact's mails to us, oldest first."""
    query = select(InboundMail).where(InboundMail.contact_id == contact_id)
    return session.scalars(query.order_by(InboundMail.id)).all()


def _plain(text: str) -> str:
    # PostgreSQL's text holds no NUL and no lone surrogate.
    return text.replace("\x00", "").encode("utf-8", "replace").decode()

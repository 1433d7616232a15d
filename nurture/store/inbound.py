"""Mail that came in, each message once; and what of it waits for a person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import InboundMail


@dataclass(frozen=True, slots=True)
class Match:
    """Whose mail it is, which mail of ours it answers, and by what that was found."""

    contact_id: int | None = None
    message_id: int | None = None
    by: str | None = None


def record(
    session: Session,
    *,
    digest: str,
    state: str,
    kind: str,
    from_address: str,
    subject: str,
    new_text: str,
    now: datetime,
    intents: Collection[Mapping[str, Any]] = (),
    match: Match | None = None,
    source: str = "lmtp",
    language: str | None = None,
    evidence: Collection[str] = (),
    review_reason: str | None = None,
) -> int | None:
    """Write an incoming mail; None where the same message (`digest`) is on record already.

    With a `review_reason` it waits for a person.
    """
    found = match or Match()
    row = insert(InboundMail).values(
        digest=digest,
        state=state,
        kind=kind,
        contact_id=found.contact_id,
        message_id=found.message_id,
        matched_by=found.by,
        from_address=_plain(from_address)[:320],
        subject=_plain(subject)[:500],
        new_text=_plain(new_text)[:20_000],
        intents=[_plain_values(intent) for intent in intents],
        source=source,
        language=language,
        evidence=[_plain(line)[:500] for line in evidence],
        received_at=now,
        review="waiting" if review_reason else None,
        review_reason=_plain(review_reason)[:1_000] if review_reason else None,
    )
    return session.scalar(row.on_conflict_do_nothing().returning(InboundMail.id))


def get(session: Session, mail_id: int) -> InboundMail:
    """The mail; raises LookupError where there is none."""
    mail = session.get(InboundMail, mail_id)
    if mail is None:
        raise LookupError(f"mail {mail_id}")
    return mail


def lock(session: Session, mail_id: int) -> InboundMail:
    """The mail as it stands now, held until the transaction ends; raises LookupError where there is none."""
    query = select(InboundMail).where(InboundMail.id == mail_id).with_for_update()
    mail = session.scalar(query.execution_options(populate_existing=True))
    if mail is None:
        raise LookupError(f"mail {mail_id}")
    return mail


def decide(session: Session, mail: InboundMail, *, decision: str, now: datetime) -> None:
    """A person has decided about a mail that waited."""
    mail.review, mail.decision, mail.decided_at = "decided", decision, now
    session.flush()


def list_waiting(session: Session, limit: int) -> Sequence[InboundMail]:
    """Mails that wait for a person, the longest first."""
    query = select(InboundMail).where(InboundMail.review == "waiting")
    return session.scalars(query.order_by(InboundMail.received_at, InboundMail.id).limit(limit)).all()


def is_waiting(session: Session, contact_id: int) -> bool:
    """Whether a mail of the contact waits for a person and pauses what is sent; a challenge is only shown."""
    waiting = exists().where(InboundMail.contact_id == contact_id, InboundMail.review == "waiting")
    return session.scalar(select(waiting.where(InboundMail.kind != "challenge"))) or False


def list_unmatched(session: Session, limit: int) -> Sequence[InboundMail]:
    """Newest mails that belong to nobody we know, or could not be read."""
    query = select(InboundMail).where(InboundMail.state != "matched")
    return session.scalars(query.order_by(InboundMail.id.desc()).limit(limit)).all()


def list_for_contact(session: Session, contact_id: int) -> Sequence[InboundMail]:
    """The contact's mails to us, oldest first."""
    query = select(InboundMail).where(InboundMail.contact_id == contact_id)
    return session.scalars(query.order_by(InboundMail.id)).all()


def _plain_values(intent: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) if isinstance(value, str) else value for name, value in intent.items()}


def _plain(text: str) -> str:
    # PostgreSQL's text holds no NUL and no lone surrogate.
    return text.replace("\x00", "").encode("utf-8", "replace").decode()

"""A person's word on mail and tracking, with all that follows from it, in the caller's transaction."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from nurture.store import enrollments, events, suppressions, tasks
from nurture.store.tables import Contact

UNSUBSCRIBED: Final = "unsubscribed"
WORDING: Final = {
    ("marketing", True): "Send me mails about products and offers.",
    ("marketing", False): "Do not send me any more mails.",
    ("tracking", True): "Notice which mails I open and which links I follow.",
    ("tracking", False): "Do not notice which mails I open or which links I follow.",
}
"""The words a person agrees to, by purpose and whether it is given; pages show them, consents keep them."""


def opt_out(session: Session, contact: Contact, *, source: str, now: datetime) -> bool:
    """End all marketing mail to a contact, in the middle of a wait too; False where it had ended before."""
    fresh = suppressions.suppress(session, contact.email_hash, reason=UNSUBSCRIBED, source=source, now=now)
    if not fresh and _last_word(session, contact.id, "marketing") is False:
        return False
    keep_word(session, contact.id, "marketing", given=False, source=source, now=now)
    enrollments.stop(session, contact.id, reason=UNSUBSCRIBED, now=now)
    tasks.cancel_open(session, contact.id, now)
    key = f"unsubscribe:{contact.id}:{now.isoformat()}"
    events.record(session, contact.id, kind="unsubscribe", source=source, at=now, now=now, key=key)
    return True


def opt_in(session: Session, contact: Contact, *, source: str, now: datetime) -> None:
    """Take mail up again after the person asked; an address that bounced or complained stays suppressed."""
    suppression = suppressions.find(session, contact.email_hash)
    if suppression is not None and suppression.reason == UNSUBSCRIBED:
        suppressions.lift(session, contact.email_hash)
        keep_word(session, contact.id, "marketing", given=True, source=source, now=now)


def keep_word(
    session: Session, contact_id: int, purpose: str, *, given: bool, source: str, now: datetime
) -> None:
    """Append a person's word to the record, in the words it was asked in."""
    suppressions.record_consent(
        session,
        contact_id,
        purpose=purpose,
        given=given,
        source=source,
        wording=WORDING[purpose, given],
        now=now,
    )


def _last_word(session: Session, contact_id: int, purpose: str) -> bool | None:
    words = [c.given for c in suppressions.list_consents(session, contact_id) if c.purpose == purpose]
    return words[-1] if words else None

"""What a server's refusal says, beyond the mail it refused: of the address, and of our mailbox."""

from datetime import datetime

import structlog

from nurture.core.inbound.bounce_reason import diagnose
from nurture.core.outcome import Refused
from nurture.core.reputation import WINDOW, Rest, is_given_up, rest_for_fault, rest_for_record
from nurture.store import contacts, events, mailboxes, suppressions
from nurture.store.session import Session
from nurture.store.tables import Touch

log = structlog.get_logger()


def learn_of_address(
    session: Session, touch: Touch, mailbox: str, refusal: Refused, *, dead: bool, now: datetime
) -> None:
    """A mail was refused for good: the same as a bounce, only sooner."""
    events.record(
        session,
        touch.contact_id,
        kind="bounce",
        source="smtp",
        at=now,
        now=now,
        key=f"smtp:{touch.id}:bounce",
        verdict="machine",
        message_id=touch.id,
        detail={"summary": refusal.enhanced or str(refusal.code), "hard": dead},
    )
    if dead or is_given_up(mailboxes.list_passages(session, touch.contact_id), now):
        contact = contacts.get(session, touch.contact_id)
        reason = "bounced" if dead else "kept bouncing"
        suppressions.suppress(session, contact.email_hash, reason=reason, source="smtp", now=now)
    if rest := rest_for_record(mailboxes.measure(session, mailbox, now - WINDOW)):
        _let_rest(session, mailbox, rest, now)


def learn_of_us(session: Session, mailbox: str, refusal: Refused, now: datetime) -> None:
    """The sender was refused: where that is a matter of authentication or of our name, the mailbox rests."""
    status = refusal.enhanced or ""
    rest = rest_for_fault(status, diagnose(refusal.text, status).reason, refusal.text)
    if rest is not None:
        _let_rest(session, mailbox, rest, now)


def _let_rest(session: Session, mailbox: str, rest: Rest, now: datetime) -> None:
    if mailboxes.let_rest(session, mailbox, rest, now):
        log.warning("mailbox rests", mailbox=mailbox)

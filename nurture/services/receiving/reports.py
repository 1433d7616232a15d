"""What mail servers and mailbox providers report about a mail of ours, and what follows from it."""

from datetime import datetime

import structlog

from nurture.core.inbound.bounce import Bounce
from nurture.core.reputation import WINDOW, is_given_up, rest_for_fault, rest_for_record
from nurture.store import enrollments, events, mailboxes, messages, suppressions, tasks
from nurture.store.session import Session
from nurture.store.tables import Contact, Message

log = structlog.get_logger()


def find_message(session: Session, bounce: Bounce, returned: Message | None) -> Message | None:
    """The mail a report is about: by its return path, else by the Message-ID it gives back.

    Both are proof, for neither can be guessed; an address alone is none, so a forged report finds nothing.
    """
    if returned is not None:
        return returned
    original = bounce.original_message_id.strip("<>")
    return messages.find_by_rfc_ids(session, [original]) if original else None


def apply(
    session: Session, contact: Contact, message: Message, bounce: Bounce, *, key: str, now: datetime
) -> None:
    """Give up a dead address, one that keeps failing, and who complains; let the mailbox rest if it must.

    A soft failure alone changes nothing, the sender's own fault never touches the contact.
    """
    hard = any(recipient.hard for recipient in bounce.recipients)
    ours = not hard and any(recipient.sender_fault for recipient in bounce.recipients)
    kind = "complaint" if bounce.complaint else "bounce"
    events.record(
        session,
        contact.id,
        kind=kind,
        source="report",
        at=now,
        now=now,
        key=f"{key}:{kind}",
        verdict="machine",
        message_id=message.id,
        detail={"summary": _status(bounce), "hard": hard, mailboxes.OUR_FAULT: ours},
    )
    if bounce.complaint:
        _give_up(session, contact, "complained", f"complaint: {_status(bounce)}", now)
    elif hard:
        _give_up(session, contact, "bounced", f"bounce: {_status(bounce)}", now)
    elif not ours and is_given_up(mailboxes.list_passages(session, contact.id), now):
        _give_up(session, contact, "kept bouncing", f"bounced again and again: {_status(bounce)}", now)
    _let_rest(session, message.mailbox, bounce, now)


def _give_up(session: Session, contact: Contact, reason: str, told: str, now: datetime) -> None:
    suppressions.suppress(session, contact.email_hash, reason=reason, source="report", now=now)
    tasks.cancel_open(session, contact.id, now)
    enrollments.stop(session, contact.id, reason=told, now=now)


def _let_rest(session: Session, mailbox: str, bounce: Bounce, now: datetime) -> None:
    """By the worst that is said of us, else by how much has come back lately."""
    faults = [rest_for_fault(r.status, r.reason, r.diagnostic) for r in bounce.recipients if r.sender_fault]
    rests = [rest for rest in faults if rest is not None]
    rest = next((rest for rest in rests if rest.length is None), next(iter(rests), None))
    rest = rest or rest_for_record(mailboxes.measure(session, mailbox, now - WINDOW))
    if rest is not None and mailboxes.let_rest(session, mailbox, rest, now):
        log.warning("mailbox rests", mailbox=mailbox)


def _status(bounce: Bounce) -> str:
    told = [f"{r.status} {r.reason}".strip() for r in bounce.recipients]
    return ", ".join(dict.fromkeys(told)) or "without a status"

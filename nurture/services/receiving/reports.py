"""What mail servers and mailbox providers report about a mail of ours."""

from datetime import datetime

from nurture.core.inbound.bounce import Bounce
from nurture.store import enrollments, events, messages, suppressions, tasks
from nurture.store.session import Session
from nurture.store.tables import Contact, Message


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
    """Stop the sequence; suppress a dead address and a complaint. The sender's own fault touches nobody."""
    hard = any(recipient.hard for recipient in bounce.recipients)
    theirs = any(not recipient.sender_fault for recipient in bounce.recipients) or not bounce.recipients
    kind = "complaint" if bounce.complaint else "bounce"
    if bounce.complaint or hard:
        reason = "complained" if bounce.complaint else "bounced"
        suppressions.suppress(session, contact.email_hash, reason=reason, source="report", now=now)
        tasks.cancel_open(session, contact.id, now)
    if bounce.complaint or theirs:
        enrollments.stop(session, contact.id, reason=f"{kind}: {_status(bounce)}", now=now)
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
        detail={"summary": _status(bounce), "hard": hard},
    )


def _status(bounce: Bounce) -> str:
    told = [f"{r.status} {r.reason}".strip() for r in bounce.recipients]
    return ", ".join(dict.fromkeys(told)) or "without a status"

"""Takes a person's word on mail and on tracking: at once, on the record, and as often as they like."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nurture.store import contacts, optouts
from nurture.store.optouts import UNSUBSCRIBED, WORDING
from nurture.store.session import Session

__all__ = ["UNSUBSCRIBED", "WORDING", "change_preferences", "unsubscribe"]


def unsubscribe(
    session: Session,
    contact_id: int,
    *,
    source: str,
    now: datetime,
    message_id: int | None = None,
    client: Mapping[str, Any] | None = None,
) -> bool:
    """End all marketing mail to a contact, in the middle of a wait too; False where it had ended before.

    `message_id` and `client`: by the link of which mail it was asked, and by what program. A contact that is
    gone gets no mail either, so that is no error: False.
    """
    try:
        contact = contacts.lock(session, contact_id)
    except LookupError:
        return False
    return optouts.opt_out(session, contact, source=source, now=now, message_id=message_id, client=client)


def change_preferences(
    session: Session,
    contact_id: int,
    *,
    mail: bool,
    tracking: bool,
    now: datetime,
    message_id: int | None = None,
    client: Mapping[str, Any] | None = None,
) -> None:
    """Write what a person chose; raises LookupError for a contact that is gone.

    `message_id` and `client`: by the link of which mail it was chosen, and by what program.

    Mail is taken up again only where the person had unsubscribed: an address that bounced or complained
    stays suppressed. Sequences that were left are not entered again by this.
    """
    contact = contacts.lock(session, contact_id)
    if mail:
        optouts.opt_in(session, contact, source="preferences", now=now)
    else:
        optouts.opt_out(session, contact, source="preferences", now=now, message_id=message_id, client=client)
    if tracking != contact.tracking:
        contact.tracking, contact.updated_at = tracking, now
        optouts.keep_word(session, contact_id, "tracking", given=tracking, source="preferences", now=now)

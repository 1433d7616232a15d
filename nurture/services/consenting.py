"""Takes a person's word on mail and on tracking: at once, on the record, and as often as they like."""

from datetime import datetime

from nurture.store import contacts, optouts
from nurture.store.optouts import UNSUBSCRIBED, WORDING
from nurture.store.session import Session

__all__ = ["UNSUBSCRIBED", "WORDING", "change_preferences", "unsubscribe"]


def unsubscribe(session: Session, contact_id: int, *, source: str, now: datetime) -> bool:
    """End all marketing mail to a contact, in the middle of a wait too; False where it had ended before.

    A contact that is gone gets no mail either, so that is no error: False.
    """
    try:
        contact = contacts.lock(session, contact_id)
    except LookupError:
        return False
    return optouts.opt_out(session, contact, source=source, now=now)


def change_preferences(
    session: Session, contact_id: int, *, mail: bool, tracking: bool, now: datetime
) -> None:
    """Write what a person chose; raises LookupError for a contact that is gone.

    Mail is taken up again only where the person had unsubscribed: an address that bounced or complained
    stays suppressed. Sequences that were left are not entered again by this.
    """
    contact = contacts.lock(session, contact_id)
    answer = optouts.opt_in if mail else optouts.opt_out
    answer(session, contact, source="preferences", now=now)
    if tracking != contact.tracking:
        contact.tracking, contact.updated_at = tracking, now
        optouts.keep_word(session, contact_id, "tracking", given=tracking, source="preferences", now=now)

"""Remembers how far the folders of IMAP accounts have been read."""

from datetime import datetime

from nurture.store import imap_cursors
from nurture.store.session import Session


def find_position(session: Session, account: str, folder: str) -> tuple[int, int, datetime] | None:
    """UIDVALIDITY, the last UID read and when, of a folder; None where it was never opened."""
    row = imap_cursors.find(session, account, folder)
    return (row.uid_validity, row.last_uid, row.updated_at) if row else None


def keep_position(
    session: Session, account: str, folder: str, uid_validity: int, last_uid: int, at: datetime
) -> None:
    """Keep the position, in the transaction that took the mail in."""
    imap_cursors.keep(session, account, folder, uid_validity=uid_validity, last_uid=last_uid, now=at)

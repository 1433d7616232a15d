"""How far the folders of IMAP accounts have been read."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import ImapCursor


def find(session: Session, account: str, folder: str) -> ImapCursor | None:
    """The position in a folder, or None where it was never opened."""
    return session.get(ImapCursor, (account, folder))


def keep(
    session: Session, account: str, folder: str, *, uid_validity: int, last_uid: int, now: datetime
) -> None:
    """Write how far a folder has been read."""
    values = {"uid_validity": uid_validity, "last_uid": last_uid, "updated_at": now}
    row = insert(ImapCursor).values(account=account, folder=folder, **values)
    session.execute(row.on_conflict_do_update(index_elements=["account", "folder"], set_=values))

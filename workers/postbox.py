"""The desk for mails of IMAP accounts: takes each in together with its position, and wakes the right job."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from nurture import jobs
from nurture.core.inbound.mail_parser import parse_mail
from nurture.mail.imap import ImapReader, Position
from nurture.mail.imap_account import parse_imap_url
from nurture.ports import App
from nurture.services import fetching, receiving

STOP_SECONDS = 10.0


@contextmanager
def reading(app: App) -> Iterator[None]:
    """Read every IMAP account of the settings for the length of the block, each in a thread of its own."""
    stopped = threading.Event()
    readers = [
        ImapReader(parse_imap_url(name, url), Postbox(app), now=app.now)
        for name, url in app.settings.imap_urls.items()
    ]
    threads = [threading.Thread(target=reader.run, args=(stopped,), daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join(STOP_SECONDS)


class Postbox:
    """An imap.Desk on the database."""

    def __init__(self, app: App) -> None:
        self._app = app

    def position(self, account: str, folder: str) -> Position | None:
        """How far the folder has been read, if ever."""
        with self._app.sessions() as session:
            found = fetching.find_position(session, account, folder)
        return Position(*found) if found else None

    def begin(self, account: str, folder: str, position: Position) -> None:
        """Keep a first position, or the one under a new UIDVALIDITY."""
        with self._app.sessions() as session:
            fetching.keep_position(session, account, folder, *_numbers(position))

    def take(self, account: str, folder: str, position: Position, raw: bytes) -> None:
        """Take a mail in and keep the position after it, in one transaction."""
        app = self._app
        # No envelope is left: the addresses that the mail was delivered to stand in its headers.
        recipients = parse_mail(raw).to_addresses
        with app.sessions() as session:
            contact_id = receiving.take_in(
                session,
                app.keyring,
                raw,
                recipients,
                now=app.now(),
                source=f"imap:{account}",
                trusted=app.settings.trusted_authserv_ids,
            )
            fetching.keep_position(session, account, folder, *_numbers(position))
        if contact_id is not None:
            app.queue.wake(jobs.QUALIFY, contact_id)

    def set_aside(self, account: str, folder: str, position: Position, raw: bytes, error: str) -> None:
        """Keep the head of a mail that cannot be taken in for a person to see, and the position after it."""
        app = self._app
        place = f"mail {position.last_uid} of {account}/{folder} (UIDVALIDITY {position.uid_validity})"
        with app.sessions() as session:
            source = f"imap:{account}"
            receiving.set_aside(session, raw, place=place, error=error, now=app.now(), source=source)
            fetching.keep_position(session, account, folder, *_numbers(position))


def _numbers(position: Position) -> tuple[int, int, datetime]:
    return position.uid_validity, position.last_uid, position.at

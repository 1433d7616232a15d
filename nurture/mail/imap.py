"""Reads the mails of an IMAP folder as they come (RFC 3501), each once, and loses none.

What has been read is known by UIDVALIDITY and UID. The desk that takes a mail in stores both in the same
transaction, so that neither a crash nor a lost connection lets a mail be skipped or taken twice.
"""

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, Protocol

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from nurture.core.inbound.mail_parser import MAX_RAW_BYTES
from nurture.mail.imap_account import ImapAccount

logger = logging.getLogger(__name__)

# One byte more than is read whole, so that a longer mail is known by it.
SIZE_LIMIT: Final = MAX_RAW_BYTES + 1
SOCKET_SECONDS: Final = 60.0
# A new UIDVALIDITY numbers everything anew: what came shortly before the last look may not have been read.
OVERLAP: Final = timedelta(days=2)
TRIES: Final = 5
"""How often one mail may fail before it is set aside, so that it does not keep out those behind it."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a folder has been read: everything up to `last_uid`, as numbered under `uid_validity`."""

    uid_validity: int
    last_uid: int
    at: datetime


class Desk(Protocol):
    """Keeps positions, and takes mails in."""

    def position(self, account: str, folder: str) -> Position | None:
        """How far the folder has been read, if ever."""

    def begin(self, account: str, folder: str, position: Position) -> None:
        """Keep a first position, or the one under a new UIDVALIDITY."""

    def take(self, account: str, folder: str, position: Position, raw: bytes) -> None:
        """Take a mail in and keep the position after it, in one transaction; raises where it cannot."""

    def set_aside(self, account: str, folder: str, position: Position, raw: bytes, error: str) -> None:
        """Let a person know of a mail that fails again and again (`raw` is empty where the server does not
        give it), and keep the position after it; raises where it cannot."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds before a failed connection is tried again: doubled each time; a refused login waits longest."""

    first: float = 1
    longest: float = 300


class ImapReader:
    """Reads one account until it is stopped, over as many connections as that takes."""

    def __init__(
        self,
        account: ImapAccount,
        desk: Desk,
        *,
        now: Callable[[], datetime],
        patience: Patience | None = None,
    ) -> None:
        self._account = account
        self._desk = desk
        self._now = now
        self._patience = patience or Patience()
        self._failing: tuple[int, int] | None = None  # UIDVALIDITY and UID
        self._failures = 0

    def run(self, stopped: threading.Event) -> None:
        """Read until `stopped`; whatever goes wrong with the server or the desk is tried again."""
        delay = self._patience.first
        while not stopped.is_set():
            began = monotonic()
            try:
                self._connect_and_read(stopped)
            except LoginError:
                delay = self._patience.longest
                logger.warning("IMAP account %s: the login was refused", self._account.name)
            except Exception as error:
                # no traceback: the text of an error may hold an address
                logger.warning("IMAP account %s: %s", self._account.name, type(error).__name__)
            if monotonic() - began > self._patience.longest:
                delay = self._patience.first
            stopped.wait(delay)
            delay = min(2 * delay, self._patience.longest)

    def _connect_and_read(self, stopped: threading.Event) -> None:
        with _connected(self._account) as client:
            position = self._open_folder(client)
            while not stopped.is_set():
                position = self._take_new(client, position, stopped)
                self._wait(client, stopped)

    def _open_folder(self, client: IMAPClient) -> Position:
        account = self._account
        opened = client.select_folder(account.folder)
        validity = int(opened[b"UIDVALIDITY"])
        known = self._desk.position(account.name, account.folder)
        if known is not None and known.uid_validity == validity:
            return known
        since = known.at - OVERLAP if known else self._now() - timedelta(days=account.days)
        recent = client.search(["SINCE", since.date()])
        before = min(recent) - 1 if recent else int(opened.get(b"UIDNEXT", 1)) - 1
        position = Position(validity, before, self._now())
        self._desk.begin(account.name, account.folder, position)
        return position

    def _take_new(self, client: IMAPClient, position: Position, stopped: threading.Event) -> Position:
        # "n:*" always names the last mail, be it older than n (RFC 3501 §6.4.8).
        found = client.search(["UID", f"{position.last_uid + 1}:*"])
        for uid in sorted(uid for uid in found if uid > position.last_uid):
            if stopped.is_set():
                break
            position = self._take_one(client, position, uid)
        return position

    def _take_one(self, client: IMAPClient, position: Position, uid: int) -> Position:
        account = self._account
        read = Position(position.uid_validity, uid, self._now())
        raw: bytes | None = b""
        try:
            raw = _fetch(client, uid)
            if raw is None:  # deleted by somebody else in the meantime
                return position
            self._desk.take(account.name, account.folder, read, raw)
        except Exception as error:
            if self._fails_for_good(read):
                # It stays in the folder. Where the database is away, this fails as well, and all wait.
                self._desk.set_aside(account.name, account.folder, read, raw or b"", type(error).__name__)
                logger.error("IMAP account %s: a mail was set aside", account.name)
            raise
        if account.move_to is not None:
            _move(client, uid, account.move_to)
        elif account.mark_seen:
            client.add_flags([uid], [b"\\Seen"], silent=True)
        return read

    def _fails_for_good(self, read: Position) -> bool:
        mail = read.uid_validity, read.last_uid
        self._failures = self._failures + 1 if mail == self._failing else 1
        self._failing = mail
        return self._failures >= TRIES

    def _wait(self, client: IMAPClient, stopped: threading.Event) -> None:
        """Until something comes (RFC 2177), or it is time to look again all the same."""
        until = monotonic() + self._account.poll.total_seconds()
        if not client.has_capability("IDLE"):
            stopped.wait(self._account.poll.total_seconds())
            client.noop()
            return
        client.idle()
        came = False
        while not came and not stopped.is_set() and (left := until - monotonic()) > 0:
            came = any(line[-1] in (b"EXISTS", b"BYE") for line in client.idle_check(min(left, 0.5)))
        client.idle_done()


@contextmanager
def _connected(account: ImapAccount) -> Iterator[IMAPClient]:
    tls = account.tls() if account.security != "plain" else None
    client = _dial(account, tls)
    try:
        if account.security == "starttls":
            client.starttls(tls)
        client.login(account.user, account.password)
        yield client
    finally:
        with suppress(IMAPClientError, OSError):
            client.logout()
        with suppress(IMAPClientError, OSError):
            client.shutdown()


def _dial(account: ImapAccount, tls: ssl.SSLContext | None) -> IMAPClient:
    encrypted = account.security == "tls"
    return IMAPClient(
        account.host,
        port=account.port,
        ssl=encrypted,
        ssl_context=tls if encrypted else None,
        timeout=SOCKET_SECONDS,
    )


def _fetch(client: IMAPClient, uid: int) -> bytes | None:
    """The mail's bytes, `SIZE_LIMIT` at most, without marking it as read; None where it is gone."""
    answer = client.fetch([uid], [f"BODY.PEEK[]<0.{SIZE_LIMIT}>"])
    return next((value for name, value in answer.get(uid, {}).items() if name.startswith(b"BODY[]")), None)


def _move(client: IMAPClient, uid: int, folder: str) -> None:
    """Put the mail away. It has been taken in: where the server refuses, it only stays where it is."""
    try:
        if client.has_capability("MOVE"):
            client.move([uid], folder)
            return
        client.copy([uid], folder)
        client.delete_messages([uid], silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge([uid])
    except IMAPClientError as error:
        if isinstance(error, IMAPClient.AbortError):
            raise
        logger.warning("IMAP: a mail could not be moved to its folder: %s", type(error).__name__)

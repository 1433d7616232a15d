"""The door for inbound mail: an LMTP server (RFC 2033) that a real MTA delivers to.

One reply per recipient after DATA. The handler may block (it writes to the database): it runs in a pool of
threads, so that other connections go on. What the handler cannot take is answered 451, and the MTA keeps it.
"""

import asyncio
import logging
import os
import re
import socket
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakSet

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import syntax

logger = logging.getLogger(__name__)
# The library logs every command, addresses included, at info and with unknown commands at warning.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

SIZE_LIMIT = 25 * 1024 * 1024
RECIPIENT_LIMIT = 100
LINE_LIMIT = 1024 * 1024  # RFC 5321 allows 1,000; real mail has longer lines and must not be lost for it
IDLE_SECONDS = 300.0  # RFC 5321 §4.5.3.2.7
DATA_SECONDS = 600.0  # RFC 5321 §4.5.3.2.6
STOP_SECONDS = 10.0

Handle = Callable[[list[str], str, bytes], list[str]]

_REPLY = re.compile(r"[245]\d\d [ -~]{1,500}")
_TRY_AGAIN = "451 4.3.0 cannot take the mail now, try again"
_LONG_LINE = f"554 5.6.0 a line is longer than {LINE_LIMIT} bytes"


class LmtpServer:
    """Listens on `host`:`port` (0: any free one, then see `.port`) or on the unix socket `path`.

    `handle(recipients, sender, raw)` gives one reply per recipient, in order, such as "250 2.1.5 kept".
    `sender` is empty for a bounce; `raw` begins with the Return-Path of this delivery (RFC 5321 §4.4).
    """

    def __init__(
        self,
        handle: Handle,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        path: str | None = None,
        threads: int = 4,
        size_limit: int = SIZE_LIMIT,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._listener = _listen(host, port, path)
        self._path = path
        self.port = 0 if path else int(self._listener.getsockname()[1])
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lmtp")
        self._deliveries = _Deliveries(handle, self._pool)
        self._options = {"data_size_limit": size_limit, "timeout": idle_seconds}
        self._sessions: WeakSet[_Session] = WeakSet()
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="lmtp-loop", daemon=True)

    def start(self) -> None:
        """Answer from now on, in a thread of its own. Connections made since construction are waiting."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more, let mails in work be answered (at most 10 s), close everything. Once only."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()
        self._pool.shutdown(wait=True)
        self._loop.close()
        self._listener.close()
        if self._path and os.path.exists(self._path):
            os.unlink(self._path)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        create = self._loop.create_unix_server if self._path else self._loop.create_server
        server = await create(self._session, sock=self._listener)
        await self._ended.wait()
        # A connection that is accepted while the server closes would never be closed itself (CPython 3.11).
        self._loop.remove_reader(self._listener)
        await _settle()
        server.close()
        await self._deliveries.finish()
        await self._hang_up()

    async def _hang_up(self) -> None:
        """Close what is open, and wait for its end."""
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.abort()
        await _settle()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=STOP_SECONDS)

    def _session(self) -> Any:
        session = _Session(
            self._deliveries,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="Nurture LMTP",
            loop=self._loop,
            **self._options,
        )
        self._sessions.add(session)
        return session


async def _settle() -> None:
    """Some turns of the loop, for what has begun to open or to close."""
    for _ in range(10):
        await asyncio.sleep(0)


def _listen(host: str, port: int, path: str | None) -> socket.socket:
    if path is None:
        listener = socket.create_server((host, port), backlog=128)
        # asyncio leaves it out for sockets made like this one, and each greeting would wait 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    if os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode):
        os.unlink(path)  # left behind by a process that was killed
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(128)
    return listener


class _Deliveries:
    """What the protocol asks on RCPT and DATA, and which transactions are still to be answered."""

    def __init__(self, handle: Handle, pool: ThreadPoolExecutor) -> None:
        self._handle = handle
        self._pool = pool
        self.open: set[asyncio.Future[None]] = set()

    async def finish(self) -> None:
        """Wait until the transactions begun have been answered, but not for ever."""
        if self.open:
            await asyncio.wait(self.open, timeout=STOP_SECONDS)

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Takes every address; whom it concerns is for the service to find out."""
        if len(envelope.rcpt_tos) >= RECIPIENT_LIMIT:
            return "452 4.5.3 too many recipients in one transaction"
        if not _is_text(address):
            return "553 5.1.3 the address is not UTF-8"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """All replies, one a line."""
        sender = "" if envelope.mail_from == "<>" or not _is_text(envelope.mail_from) else envelope.mail_from
        raw = f"Return-Path: <{sender}>\r\n".encode() + envelope.content
        loop = asyncio.get_running_loop()
        replies = await loop.run_in_executor(self._pool, self._answers, list(envelope.rcpt_tos), sender, raw)
        return "\r\n".join(replies)

    def _answers(self, recipients: list[str], sender: str, raw: bytes) -> list[str]:
        """The handler's replies if they are fit to be sent, else "try again" for everybody."""
        try:
            replies = self._handle(recipients, sender, raw)
        except Exception as error:
            # no traceback: the text of an error may hold an address
            logger.error("inbound mail not taken: %s", type(error).__name__)
            return [_TRY_AGAIN] * len(recipients)
        if len(replies) == len(recipients) and all(map(_REPLY.fullmatch, replies)):
            return replies
        logger.error("inbound mail not taken: the handler's replies do not fit its recipients")
        return [_TRY_AGAIN] * len(recipients)


def _is_text(address: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in address)


class _Session(LMTP):  # type: ignore[misc]
    """One connection. The library answers DATA once; LMTP owes each recipient an answer (RFC 2033 §4.2)."""

    line_length_limit = LINE_LIMIT
    _owed = 0

    @syntax("DATA")  # type: ignore[untyped-decorator]
    async def smtp_DATA(self, arg: str) -> None:
        """Counts the replies owed, and gives mail and handler more time than an idle connection has."""
        recipients = len(self.envelope.rcpt_tos) if self.envelope else 0
        self._reset_timeout(DATA_SECONDS)
        answered = self.loop.create_future()
        self.event_handler.open.add(answered)
        self._recipients = recipients
        try:
            await super().smtp_DATA(arg)
        finally:
            self._owed = 0
            answered.set_result(None)
            self.event_handler.open.discard(answered)
            if self.transport is not None:
                self._reset_timeout()

    async def push(self, status: str) -> None:
        """Sends a reply; after "354" it is the outcome, due once for each recipient."""
        if self._owed:
            replies = _as_enhanced(status).split("\r\n")
            status = "\r\n".join(replies if len(replies) == self._owed else replies[:1] * self._owed)
        await super().push(status)
        if status.startswith("354"):
            self._owed = self._recipients

    async def handle_exception(self, error: Exception) -> str:
        """Whatever goes wrong here is our fault, and the MTA keeps the mail."""
        logger.error("inbound connection: %s", type(error).__name__)
        return _TRY_AGAIN


def _as_enhanced(status: str) -> str:
    """The library's own refusals of a mail, with the status that names the cause (RFC 3463)."""
    if status.startswith("552 Error"):
        return "552 5.3.4 mail is too big"
    return _LONG_LINE if status.startswith("500 Line too long") else status

"""The SMTP side of the development mailbox."""

import asyncio
import re
import socket
from collections.abc import Mapping
from typing import Any

from aiosmtpd.smtp import SMTP

from nurture.embedded.errors import EmbeddedError
from nurture.embedded.mail_store import MailStore

SIZE_LIMIT = 25 * 1024 * 1024
REFUSAL = re.compile(r"[45]\d\d [^\r\n]+")


class SmtpReceiver:
    """Listens from construction on, answers within `serve_forever` (in a thread of its own)."""

    def __init__(self, host: str, port: int, store: MailStore, refuse: Mapping[str, str]) -> None:
        self._answers = Answers(store, refuse)
        try:
            self._socket = socket.create_server((host, port), backlog=128)
        except OSError as error:
            raise EmbeddedError(
                f"cannot listen on port {port}: {error.strerror}; choose another with --smtp-port"
            ) from error
        # asyncio leaves it out for sockets made like this one, and each greeting would wait 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()

    def serve_forever(self) -> None:
        """Returns after `shutdown`."""
        self._loop.run_until_complete(self._serve())
        if sessions := asyncio.all_tasks(self._loop):
            for session in sessions:
                session.cancel()
            self._loop.run_until_complete(asyncio.wait(sessions))

    async def _serve(self) -> None:
        server = await self._loop.create_server(self._session, sock=self._socket)
        await self._ended.wait()
        server.close()

    def shutdown(self) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._ended.set)

    def close(self) -> None:
        """After `serve_forever` has returned, or was never called."""
        self._loop.close()
        self._socket.close()

    def _session(self) -> Any:
        return SMTP(
            self._answers,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="Nurture development mailbox",
            loop=self._loop,
        )


class Answers:
    """What the SMTP server asks on RCPT and DATA."""

    def __init__(self, store: MailStore, refuse: Mapping[str, str]) -> None:
        for address, reply in refuse.items():
            if not REFUSAL.fullmatch(reply):
                raise EmbeddedError(
                    f"{reply!r} for {address} is no refusal: say it as '550 5.1.1 no such user'"
                )
        self._store = store
        self._refuse = {address.lower(): reply for address, reply in refuse.items()}

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Refuses the listed ones."""
        known = address.lower()
        refusal = self._refuse.get(known) or self._refuse.get(known.rpartition("@")[0])
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Stores the mail before the 250."""
        try:
            mail = self._store.add(envelope.mail_from or "", envelope.rcpt_tos, envelope.content)
        except OSError as error:
            return f"452 4.3.1 cannot store the mail: {error.strerror}"
        return f"250 2.0.0 stored as {mail.seq}"

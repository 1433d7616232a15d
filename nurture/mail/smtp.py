"""Hands mail to an SMTP server: one transaction per recipient, many per connection (RFC 5321).

SMTP cannot be exactly once (RFC 1047), so the moments are told apart: until the final dot is sent nothing
can have been delivered (Unsent), a reply is final (Receipt, Refused), and in between nobody knows
(Uncertain).
"""

import contextlib
import re
import smtplib
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Final, Self

from nurture.core.letter.message import Envelope, MessageError, wire_address
from nurture.core.outcome import Receipt, Refused, SmtpError, Step, Uncertain, Unsent
from nurture.mail.smtp_server import SmtpServer, SmtpTimeouts, open_client, parse_smtp_url, set_timeout

__all__ = [
    "Receipt",
    "Refused",
    "SmtpConnection",
    "SmtpError",
    "SmtpMailer",
    "SmtpServer",
    "SmtpTimeouts",
    "Uncertain",
    "Unsent",
    "parse_smtp_url",
]

MAX_MAILS: Final = 100

_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]+")


class _Lost(Exception):
    """The connection is gone, and nothing of this mail was delivered."""


class SmtpMailer:
    """Opens connections: `servers` by the name of the mailbox, `default` for all others."""

    def __init__(
        self, servers: Mapping[str, SmtpServer], default: SmtpServer, timeouts: SmtpTimeouts | None = None
    ) -> None:
        self._servers = servers
        self._default = default
        self._timeouts = timeouts

    @contextlib.contextmanager
    def connect(self, mailbox: str) -> Iterator["SmtpConnection"]:
        """A kept connection for the mails of one mailbox. Raises Unsent if there is none to be had."""
        with SmtpConnection(self._servers.get(mailbox, self._default), self._timeouts) as connection:
            yield connection


class SmtpConnection:
    """A connection to one server, opened again when the server closed it between two mails."""

    def __init__(
        self, server: SmtpServer, timeouts: SmtpTimeouts | None = None, *, max_mails: int = MAX_MAILS
    ) -> None:
        self._server = server
        self._timeouts = timeouts or SmtpTimeouts()
        self._max_mails = max_mails
        self._client: smtplib.SMTP | None = None
        self._mails = 0

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connect, greet, encrypt, log in. Raises Unsent; its reason never holds the password."""
        self.close()
        try:
            self._client = open_client(self._server, self._timeouts)
        except smtplib.SMTPResponseException as error:
            raise Unsent(f"{self._server} answered {error.smtp_code} {_text(error.smtp_error)}") from None
        except (OSError, ValueError) as error:
            raise Unsent(f"{self._server} cannot be used: {error}") from None
        self._mails = 0

    def close(self) -> None:
        """Say QUIT if that is possible; a mail that got its 250 is sent even if it is not."""
        if self._client is None:
            return
        with contextlib.suppress(OSError):
            set_timeout(self._client, min(5, self._timeouts.command))
            self._client.quit()
        self._drop()

    def send(self, envelope: Envelope, message: bytes) -> Receipt:
        """Hand over one mail for one recipient and wait for the reply to its final dot.

        Raises Refused, Unsent or Uncertain. A connection that the server closed before this mail's DATA
        is opened again once.
        """
        sender, recipient = _checked(envelope, message)
        try:
            if self._client is None or self._mails >= self._max_mails:
                self.open()
            try:
                self._address(sender, recipient, message)
            except _Lost:
                self.open()
                self._address(sender, recipient, message)
            return self._transfer(message)
        except _Lost as lost:
            raise Unsent(str(lost)) from None
        except SmtpError:
            raise
        except BaseException:
            # A job's timeout may strike anywhere; no word may follow a half-sent message.
            self._drop()
            raise

    def _address(self, sender: str, recipient: str, message: bytes) -> None:
        first = self._mails == 0
        self._mails += 1
        options = self._mail_options(f"{sender}{recipient}".isascii(), message)
        commands: tuple[tuple[Step, str], ...] = (
            ("MAIL", f"FROM:<{sender}>{options}"),
            ("RCPT", f"TO:<{recipient}>"),
        )
        for step, argument in commands:
            code, text = self._command(step, argument)
            if code == 421 and not first:
                self._drop()
                raise _Lost(f"the server closes: 421 {text}")
            if code // 100 != 2:
                raise self._refused(code, text, step)

    def _mail_options(self, plain_addresses: bool, message: bytes) -> str:
        client = self._open_client()
        size = f" SIZE={len(message)}" if client.has_extn("size") else ""
        if plain_addresses and message.isascii():
            return size
        if not client.has_extn("smtputf8"):
            text = "the address is not ASCII, and this server has no SMTPUTF8: use another server or address"
            raise Refused(553, "5.6.7", text, permanent=True, step="RCPT")
        return f"{size} BODY=8BITMIME SMTPUTF8"

    def _transfer(self, message: bytes) -> Receipt:
        code, text = self._command("DATA")
        if code != 354:
            raise self._refused(code, text, "DATA")
        client = self._open_client()
        try:
            client.send(_dot_stuffed(message))
        except OSError as error:
            self._drop()
            raise _Lost(f"the connection was lost in the middle of the message: {error}") from None
        code, text = self._finish(client)
        if code // 100 == 2:
            return Receipt(code, text)
        raise self._refused(code, text, "MESSAGE")

    def _finish(self, client: smtplib.SMTP) -> tuple[int, str]:
        """Send the final dot. Only a reply that can be read ends the uncertainty."""
        try:
            set_timeout(client, self._timeouts.final)
            client.send(b".\r\n")
            code, raw = client.getreply()
            set_timeout(client, self._timeouts.command)
        except OSError as error:
            self._drop()
            raise Uncertain(f"no reply to the final dot: {error}") from None
        if code // 100 not in (2, 4, 5):
            self._drop()
            raise Uncertain(f"no sense in the reply to the final dot: {code} {_text(raw)}")
        return code, _text(raw)

    def _refused(self, code: int, text: str, step: Step) -> SmtpError:
        """The error for a negative reply, the connection being ready for the next mail or gone."""
        if code // 100 not in (4, 5):
            self._drop()
            return Unsent(f"the server answered {code} to {step}, which makes no sense there")
        if code == 421:
            self._drop()
        else:
            with contextlib.suppress(_Lost):
                if self._command("RSET")[0] // 100 != 2:
                    self._drop()
        enhanced = _ENHANCED.match(text)
        return Refused(code, enhanced[0] if enhanced else None, text, permanent=code >= 500, step=step)

    def _command(self, verb: str, argument: str = "") -> tuple[int, str]:
        client = self._open_client()
        try:
            code, raw = client.docmd(verb, argument)
        except OSError as error:
            self._drop()
            raise _Lost(f"the connection was lost at {verb}: {error}") from None
        if code < 200:
            self._drop()
            raise _Lost(f"the server's answer to {verb} makes no sense")
        return code, _text(raw)

    def _open_client(self) -> smtplib.SMTP:
        if self._client is None:
            raise _Lost("the connection is closed")
        return self._client

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


def _checked(envelope: Envelope, message: bytes) -> tuple[str, str]:
    """Sender and recipient as they go on the wire. Refuses what would smuggle another mail (X09)."""
    if not message.count(b"\r\n") == message.count(b"\r") == message.count(b"\n"):
        raise Refused(554, "5.6.0", "the message holds a bare CR or LF", permanent=True, step="MESSAGE")
    if not message.endswith(b"\r\n"):
        raise Refused(554, "5.6.0", "the message does not end with CRLF", permanent=True, step="MESSAGE")
    sender = _path(envelope.return_path, "MAIL", "5.1.7") if envelope.return_path else ""
    return sender, _path(envelope.recipient, "RCPT", "5.1.3")


def _path(address: str, step: Step, enhanced: str) -> str:
    try:
        return wire_address(address)
    except MessageError as error:
        raise Refused(553, enhanced, str(error), permanent=True, step=step) from None


def _dot_stuffed(message: bytes) -> bytes:
    """RFC 5321 §4.5.2."""
    first = b"." if message.startswith(b".") else b""
    return first + message.replace(b"\r\n.", b"\r\n..")


def _text(raw: bytes | str) -> str:
    text = raw if isinstance(raw, str) else raw.decode(errors="replace")
    return _CONTROLS.sub(" ", text)[:500]

"""Where mail is handed over: an SMTP server, read from a URL, and the connection to it."""

import ipaddress
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Security = Literal["plain", "starttls", "tls"]

_SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "smtp": ("plain", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}
_HELO: Final = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[A-Za-z0-9.:]{2,60}\]")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server and how to greet it. `helo` is the name given in EHLO (None: the own address)."""

    host: str
    port: int
    security: Security = "plain"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    verify: bool = True
    helo: str | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SmtpTimeouts:
    """Seconds to wait: to connect, for a command, and for the reply to the final dot (RFC 5321 §4.5.3.2)."""

    connect: float = 30
    command: float = 300
    final: float = 600


def parse_smtp_url(url: str) -> SmtpServer:
    """Read `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port][?verify=no&helo=NAME]`.

    The ports are 25, 587 and 465 unless given; user and password are percent-encoded. `smtp` never
    encrypts, so it takes a login only on this machine; the others demand a valid certificate, and
    `verify=no` too is only for this machine. Raises ValueError saying what to change, never the password.
    """
    parts, port = _split(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError("an SMTP URL begins with smtp://, smtp+starttls:// or smtps://")
    if not parts.hostname or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(
            "an SMTP URL is scheme://user:password@host:port: write / # ? @ in it as %2F %23 %3F %40"
        )
    security, default_port = _SCHEMES[parts.scheme]
    user, password = _login(parts, security)
    options = _options(parts, security)
    port = default_port if port is None else port
    verify = options.get("verify", "yes") == "yes"
    return SmtpServer(parts.hostname, port, security, user, password, verify, options.get("helo"))


def open_client(server: SmtpServer, timeouts: SmtpTimeouts) -> smtplib.SMTP:
    """Connect, greet, encrypt and log in. Raises OSError (smtplib's errors among them) or ValueError."""
    client = _dial(server, timeouts.connect)
    try:
        _prepare(client, server, timeouts)
        client.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            client.starttls(context=_tls(server))
            client.ehlo_or_helo_if_needed()
        if server.user is not None and server.password is not None:
            client.login(server.user, server.password)
    except BaseException:
        client.close()
        raise
    return client


def _prepare(client: smtplib.SMTP, server: SmtpServer, timeouts: SmtpTimeouts) -> None:
    if client.sock is None:
        raise ConnectionError("the connection is closed")
    set_timeout(client, timeouts.command)
    # The final dot goes out on its own; without this it waits 40 ms for the last packet to be acknowledged.
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.local_hostname = server.helo or _address_literal(client.sock)
    client.command_encoding = "utf-8"


def set_timeout(client: smtplib.SMTP, seconds: float) -> None:
    """How long each following send, or wait for a reply, may take."""
    if client.sock is not None:
        client.sock.settimeout(seconds)


def _dial(server: SmtpServer, timeout: float) -> smtplib.SMTP:
    # A name given here keeps smtplib from asking the DNS for our own one.
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, "localhost", timeout=timeout, context=_tls(server))
    return smtplib.SMTP(server.host, server.port, "localhost", timeout=timeout)


def _tls(server: SmtpServer) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not server.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _address_literal(connection: socket.socket) -> str:
    """The own address as a host name for EHLO (RFC 5321 §4.1.3)."""
    address = str(connection.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _split(url: str) -> tuple[SplitResult, int | None]:
    # The errors of urlsplit quote the URL, and with it the password.
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(
            "the SMTP URL has no valid host or port: write / # ? @ : in it percent-encoded"
        ) from None
    if port == 0:
        raise ValueError("the port of the SMTP URL is 1 to 65535: correct it")
    return parts, port


def _login(parts: SplitResult, security: Security) -> tuple[str | None, str | None]:
    if parts.username is None and parts.password is None:
        return None, None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user or not password:
        raise ValueError("the SMTP URL needs both user and password, or neither")
    if not (user + password).isascii() or not (user + password).isprintable():
        raise ValueError("user and password of the SMTP URL must be printable ASCII: choose others")
    if security == "plain" and not _is_loopback(parts.hostname or ""):
        raise ValueError("smtp:// would send the password unencrypted: use smtp+starttls:// or smtps://")
    return user, password


def _options(parts: SplitResult, security: Security) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - {"verify", "helo"}):
        raise ValueError(
            f"the SMTP URL has the unknown option {unknown[0][:20]!r}: only verify and helo exist"
        )
    if options.get("verify", "yes") not in ("yes", "no"):
        raise ValueError("verify in the SMTP URL is yes or no")
    if options.get("verify") == "no" and (security == "plain" or not _is_loopback(parts.hostname or "")):
        raise ValueError("verify=no is only for encrypted connections to this machine: leave it out")
    if "helo" in options and not _HELO.fullmatch(options["helo"]):
        raise ValueError("helo in the SMTP URL must be a host name, such as mail.example.com")
    return options


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"

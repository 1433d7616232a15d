"""An IMAP folder whose mails are read, from a URL."""

import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Security = Literal["plain", "starttls", "tls"]

_SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "imap": ("plain", 143),
    "imap+starttls": ("starttls", 143),
    "imaps": ("tls", 993),
}
_OPTIONS: Final = ("after", "days", "poll", "verify")


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """A folder of a mailbox. `move_to`: where a mail goes once it is taken in; None leaves it where it is.

    `mark_seen` sets \\Seen on it. `poll`: the longest between two looks, with IDLE or without. `days`: how
    far back the first look goes, for a mailbox may hold years.
    """

    name: str
    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    move_to: str | None = None
    mark_seen: bool = False
    poll: timedelta = timedelta(seconds=60)
    days: int = 7
    verify: bool = True

    def tls(self) -> ssl.SSLContext:
        """The rules for the connection: a valid certificate of this host, unless `verify` is off."""
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def parse_imap_url(name: str, url: str) -> ImapAccount:
    """Read `imaps://user:password@host[:port][/FOLDER][?after=leave|seen|move:FOLDER&poll=60&days=7]`.

    Also `imap+starttls://`, and `imap://` for this machine alone. Everything but letters and digits in user,
    password and folders is percent-encoded. Raises ValueError saying what to change, never the password.
    """
    parts, port = _split(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError("an IMAP URL begins with imaps://, imap+starttls:// or imap://")
    security, default_port = _SCHEMES[parts.scheme]
    host = parts.hostname or ""
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not host or not user or not password or parts.fragment:
        raise ValueError("an IMAP URL is imaps://user:password@host/FOLDER: write / # ? @ : in it as %2F …")
    if not (user + password).isprintable():
        raise ValueError("user and password of the IMAP URL must be printable: choose others")
    if security == "plain" and not _is_loopback(host):
        raise ValueError("imap:// would send the password unencrypted: use imaps:// or imap+starttls://")
    options = _options(parts, host, security)
    move_to, seen = _after(options.get("after", "leave"))
    return ImapAccount(
        name=name,
        host=host,
        port=port or default_port,
        security=security,
        user=user,
        password=password,
        folder=_folder(unquote(parts.path.strip("/")) or "INBOX"),
        move_to=move_to,
        mark_seen=seen,
        poll=timedelta(seconds=_whole(options, "poll", 60, 1, 1500)),
        days=_whole(options, "days", 7, 0, 3650),
        verify=options.get("verify", "yes") == "yes",
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    # The errors of urlsplit quote the URL, and with it the password.
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        raise ValueError(
            "the IMAP URL has no valid host or port: write / # ? @ : in it percent-encoded"
        ) from None


def _options(parts: SplitResult, host: str, security: Security) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - set(_OPTIONS)):
        raise ValueError(
            f"the IMAP URL has the unknown option {unknown[0][:20]!r}: there are {', '.join(_OPTIONS)}"
        )
    if options.get("verify", "yes") not in ("yes", "no"):
        raise ValueError("verify in the IMAP URL is yes or no")
    if options.get("verify") == "no" and (security == "plain" or not _is_loopback(host)):
        raise ValueError("verify=no is only for encrypted connections to this machine: leave it out")
    return options


def _after(value: str) -> tuple[str | None, bool]:
    """Where a mail is moved to, and whether it is marked as seen."""
    if value in ("leave", "seen"):
        return None, value == "seen"
    kind, _, folder = value.partition(":")
    if kind == "move" and folder:
        return _folder(folder), False
    raise ValueError("after in the IMAP URL is leave, seen or move:FOLDER")


def _folder(name: str) -> str:
    if not name.isprintable() or len(name) > 200:
        raise ValueError("a folder in the IMAP URL must be printable and have 200 characters at most")
    return name


def _whole(options: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    value = options.get(name, str(default))
    if not (value.isascii() and value.isdecimal() and least <= int(value[:9]) <= most):
        raise ValueError(f"{name} in the IMAP URL is a whole number from {least} to {most}")
    return int(value)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"

"""The final bytes of a mail, from parts that are already written, and the proof that nothing slipped in."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MultipartInvariantViolationDefect
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from typing import Final

from nurture.core.letter.body import build_body
from nurture.core.letter.header import (
    MessageError,
    fold,
    mailbox,
    prose,
    refuse_controls,
    wire_address,
    wire_domain,
)

__all__ = [
    "Envelope",
    "Letter",
    "MessageError",
    "build_message",
    "check_size",
    "message_id_for",
    "needs_smtputf8",
    "verify_message",
    "wire_address",
]

MAX_HTML_BYTES: Final = 99_000
MAX_LINE_BYTES: Final = 998

_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,900}@[!-;=?-~]{1,900}>")
_LIST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")
_FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_URI: Final = re.compile(r"[!-;=?-~]{1,900}")
# RFC 8058 §3.1 demands https; a mail that never leaves this machine may lead back to it without.
_SAFE_UNSUBSCRIBE: Final = re.compile(r"https://|http://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])[:/]")
_OWN_FIELDS: Final = re.compile(
    r"(?:from|to|b?cc|sender|reply-to|subject|date|message-id|in-reply-to|references|received|return-path)"
    r"|list-(?:id|unsubscribe|unsubscribe-post)|dkim-.*|resent-.*|mime-version|content-.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a mail is from and for in SMTP (RFC 5321 §2.3.1). An empty `return_path` is the null one."""

    return_path: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is bytes. `date` is aware; ids are in angle brackets, oldest reference first.

    `html` may be empty for a plain text mail. `list_id` goes without brackets, `list_unsubscribe_mailto`
    without its scheme (`address?subject=…`); a mail to one's own team leaves all three out.
    """

    from_name: str
    from_address: str
    to_name: str
    to_address: str
    subject: str
    html: str
    text: str
    message_id: str
    date: datetime
    reply_to: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    list_id: str | None = None
    list_unsubscribe_url: str | None = None
    list_unsubscribe_mailto: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


def build_message(letter: Letter) -> bytes:
    """The letter as bytes for SMTP: CRLF, ASCII but for SMTPUTF8 addresses, lines of 76 in the body.

    multipart/alternative with text and html (RFC 2046 §5.1.4), or text/plain alone. The same letter gives
    the same bytes. Raises MessageError for whatever may not stand in a header (X08).
    """
    content, body = build_body(letter.html, letter.text, letter.message_id)
    fields = [*_fields(letter), ("MIME-Version", "1.0"), *content]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    raw = head.encode() + b"\r\n" + body
    verify_message(raw, letter)
    return raw


def verify_message(raw: bytes, letter: Letter) -> None:
    """Read the final bytes again; raise MessageError if they say anything that `letter` does not.

    Looks for bare CR or LF (X09), lines over 998 bytes (RFC 5322 §2.1.1), and header fields that were
    added, lost or moved, or decode to controls (X08). DKIM signatures may stand in front.
    """
    if not raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n"):
        raise MessageError("the message holds a bare CR or LF")
    if max(map(len, raw.split(b"\r\n"))) > MAX_LINE_BYTES:
        raise MessageError(f"the message holds a line over {MAX_LINE_BYTES} bytes")
    head = BytesHeaderParser().parsebytes(raw[: raw.find(b"\r\n\r\n") + 4])
    names = [name for name in head if name != "DKIM-Signature"]
    # Python before 3.11.4 misses the body of a multipart, which is not read here on purpose.
    defects = [fault for fault in head.defects if not isinstance(fault, MultipartInvariantViolationDefect)]
    if defects or names != _expected_names(letter):
        raise MessageError("the message holds other header fields than the letter")
    for name, value in head.items():
        refuse_controls(name, re.sub("\r\n(?=[ \t])", "", str(value)))


def check_size(html: str, limit: int = MAX_HTML_BYTES) -> str | None:
    """What is wrong with the size of finished HTML, or None. Gmail clips mails of about 100 kB (D06)."""
    size = len(html.encode(errors="replace"))
    if size <= limit:
        return None
    return f"the HTML has {size:,} bytes after rewriting its links: shorten it to {limit:,} or less"


def needs_smtputf8(letter: Letter) -> bool:
    """Whether an address has a non-ASCII local part, so that only SMTPUTF8 can carry it (RFC 6531)."""
    addresses = (letter.from_address, letter.to_address, letter.reply_to or "")
    return not all(address.rpartition("@")[0].isascii() for address in addresses)


def message_id_for(key: bytes, touch_id: int, domain: str) -> str:
    """The Message-ID of a touch: always the same, and not to be guessed without `key`."""
    digest = hmac.digest(key, f"message-id:{touch_id}".encode(), hashlib.sha256).hex()
    return f"<t{touch_id}.{digest[:32]}@{wire_domain(domain)}>"


def _expected_names(letter: Letter) -> list[str]:
    optional = {
        "Reply-To": letter.reply_to,
        "In-Reply-To": letter.in_reply_to,
        "References": letter.references,
        "List-Id": letter.list_id,
        "List-Unsubscribe": letter.list_unsubscribe_url or letter.list_unsubscribe_mailto,
        "List-Unsubscribe-Post": letter.list_unsubscribe_url,
    }
    content = ["Content-Type"] if letter.html else ["Content-Type", "Content-Transfer-Encoding"]
    given = [name for name, value in optional.items() if value]
    return ["From", "To", "Subject", "Date", "Message-ID", *given, *letter.extra, "MIME-Version", *content]


def _fields(letter: Letter) -> Iterator[tuple[str, str]]:
    yield "From", _mailbox("From", letter.from_name, letter.from_address)
    yield "To", _mailbox("To", letter.to_name, letter.to_address)
    yield "Subject", _prose("Subject", letter.subject)
    yield "Date", _date(letter.date)
    yield "Message-ID", _ids("Message-ID", letter.message_id)
    if letter.reply_to:
        yield "Reply-To", _mailbox("Reply-To", "", letter.reply_to)
    if letter.in_reply_to:
        yield "In-Reply-To", _ids("In-Reply-To", letter.in_reply_to)
    if letter.references:
        yield "References", _ids("References", *letter.references)
    yield from _list_fields(letter)
    yield from _extra_fields(letter.extra)


def _list_fields(letter: Letter) -> Iterator[tuple[str, str]]:
    url, mailto = letter.list_unsubscribe_url, letter.list_unsubscribe_mailto
    if letter.list_id:
        yield "List-Id", f"<{_matching(_LIST_ID, 'List-Id', letter.list_id)}>"
    uris = []
    if url:
        if not _SAFE_UNSUBSCRIBE.match(url):
            raise MessageError("List-Unsubscribe needs an https URL: set the public address to https://…")
        uris.append(f"<{_matching(_URI, 'List-Unsubscribe', url)}>")
    if mailto:
        uris.append(f"<mailto:{_matching(_URI, 'List-Unsubscribe', mailto)}>")
    if uris:
        yield "List-Unsubscribe", fold("List-Unsubscribe", ", ".join(uris).split(" "))
    if url:
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"


def _extra_fields(extra: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in extra.items():
        if not _FIELD_NAME.fullmatch(name) or _OWN_FIELDS.fullmatch(name):
            raise MessageError("an extra header field has a name that is not allowed: take another")
        yield name, _prose(name, value)


def _mailbox(name: str, display_name: str, address: str) -> str:
    refuse_controls(name, display_name)
    refuse_controls(name, address)
    return mailbox(name, display_name, address)


def _prose(name: str, text: str) -> str:
    refuse_controls(name, text)
    return prose(name, text)


def _date(date: datetime) -> str:
    if date.tzinfo is None:
        raise MessageError("Date needs a time zone: pass an aware datetime")
    return format_datetime(date)


def _ids(name: str, *ids: str) -> str:
    return fold(name, [_matching(_MESSAGE_ID, name, message_id) for message_id in ids])


def _matching(pattern: re.Pattern[str], name: str, value: str) -> str:
    refuse_controls(name, value)
    if not pattern.fullmatch(value):
        raise MessageError(f"{name} holds a character that it may not have, or is too long: correct it")
    return value

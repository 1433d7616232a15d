"""Inbound mail as plain values: who wrote, in which thread, which text, and what a report says.

Nothing here decides; `bounce` and `reply` do. Nothing here raises: what could not be read is the `fault`.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from nurture.core.inbound.body import best_text
from nurture.core.inbound.mime import (
    MAX_HEAD_BYTES,
    Anatomy,
    Fields,
    Part,
    dissect,
    first,
    read_fields,
    split_head,
    text_of,
)

MAX_RAW_BYTES = 25 * 1024 * 1024
MAX_TEXT_CHARS = 100_000
MAX_ADDRESSES = 200

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'\\@]{1,64}@[^\s<>()\[\],;:\"'\\@]{1,253}")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
_RECIPIENT_FIELDS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_STATUS_TYPES = {"message/delivery-status", "message/global-delivery-status", "text/delivery-status"}
_ORIGINAL_TYPES = {
    "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers",
    "message/global-headers", "text/rfc822",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Original:
    """The headers of the message that a report gives back."""

    message_id: str = ""
    to_addresses: tuple[str, ...] = ()
    return_path: str = ""
    headers: Fields | None = None


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One inbound message. Ids are without angle brackets, addresses with lower-case domain.

    `headers`: lower-case name → values in order. `parts`: content types of the leaves, in order.
    `delivery_status`: the groups of fields of RFC 3464 §2.1, the first one about the message.
    `feedback_report`: the fields of RFC 5965 §3, None when there is none. `digest`: SHA-256 of the raw
    bytes, hexadecimal. `fault`: why the message could not be read whole and belongs in quarantine, or None.
    """

    digest: str
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    from_address: str = ""
    from_name: str = ""
    to_addresses: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    headers: Fields | None = None
    text: str = ""
    parts: tuple[str, ...] = ()
    delivery_status: tuple[Mapping[str, str], ...] = ()
    feedback_report: Mapping[str, str] | None = None
    original: Original | None = None
    fault: str | None = None

    def header(self, name: str) -> str:
        """The first value of the header, or the empty string; `name` in lower case."""
        return first(self.headers or {}, name)


def parse_mail(raw: bytes) -> ParsedMail:
    """Read RFC 5322 bytes. Never raises: over 25 MB, over-nested and the like come back with a `fault`."""
    digest = hashlib.sha256(raw).hexdigest()
    if len(raw) > MAX_RAW_BYTES:
        head = raw[: MAX_HEAD_BYTES * 2].replace(b"\r\n", b"\n")
        fields = read_fields(split_head(head)[0])
        return _mail(digest, Anatomy(fields, (), f"message over {MAX_RAW_BYTES} bytes"))
    anatomy = dissect(raw)
    if not anatomy.fields and not anatomy.fault:
        anatomy = Anatomy(anatomy.fields, anatomy.parts, "no header")
    return _mail(digest, anatomy)


def _mail(digest: str, anatomy: Anatomy) -> ParsedMail:
    fields, parts = anatomy.fields, anatomy.parts
    from_name, from_address = read_mailbox(first(fields, "from"))
    return ParsedMail(
        digest=digest,
        message_id=next(iter(_ids(fields, "message-id")), ""),
        in_reply_to=_ids(fields, "in-reply-to"),
        references=_ids(fields, "references"),
        from_address=from_address,
        from_name=from_name,
        to_addresses=find_addresses(" , ".join(v for n in _RECIPIENT_FIELDS for v in fields.get(n, ()))),
        subject=first(fields, "subject"),
        date=_date(first(fields, "date")),
        headers=fields,
        text=best_text(parts, MAX_TEXT_CHARS),
        parts=tuple(part.content_type for part in parts),
        delivery_status=tuple(g for p in parts if p.content_type in _STATUS_TYPES for g in _groups(p)),
        feedback_report=next(
            (_report(p) for p in parts if p.content_type == "message/feedback-report"), None
        ),
        original=next((_original(p) for p in parts if p.content_type in _ORIGINAL_TYPES), None),
        fault=anatomy.fault,
    )


def read_mailbox(value: str) -> tuple[str, str]:
    """The display name and the address of a From field (RFC 5322 §3.4); each may be empty."""
    before, bracket, inside = value.rpartition("<")
    found = find_addresses(inside if bracket else value) or find_addresses(value)
    name = before.strip().strip("\"'").strip() if bracket else ""
    return name[:200], found[0] if found else ""


def find_addresses(text: str) -> tuple[str, ...]:
    """The mail addresses in the text, each once, in order, the domain in lower case; at most 200."""
    found: dict[str, None] = {}
    for match in _ADDRESS.finditer(text):
        local, _, domain = match[0].rpartition("@")
        domain = domain.strip(".").lower()
        if domain and local.strip(".="):
            found.setdefault(f"{local}@{domain}")
        if len(found) == MAX_ADDRESSES:
            break
    return tuple(found)


def _ids(fields: Fields, name: str) -> tuple[str, ...]:
    values = fields.get(name, ())
    found = tuple(dict.fromkeys(i for value in values for i in _MESSAGE_ID.findall(value)))
    return found or tuple(v for v in values if "@" in v and " " not in v)


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value[:100])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _groups(part: Part) -> list[Mapping[str, str]]:
    blocks = re.split(r"\n[ \t]*\n", text_of(part, 200_000).strip("\n"))[:MAX_ADDRESSES]
    return [group for block in blocks if (group := _plain_fields(block))]


def _report(part: Part) -> Mapping[str, str]:
    return _plain_fields(text_of(part, 50_000))


def _plain_fields(block: str) -> Mapping[str, str]:
    return {name: values[0] for name, values in read_fields(block.encode()).items()}


def _original(part: Part) -> Original:
    return original_of(text_of(part))


def original_of(text: str) -> Original:
    """The headers of a returned message, given as text from its first header on."""
    fields = read_fields(split_head(text.encode())[0])
    return Original(
        message_id=next(iter(_ids(fields, "message-id")), ""),
        to_addresses=find_addresses(" , ".join((*fields.get("to", ()), *fields.get("x-original-to", ())))),
        return_path=next(iter(find_addresses(first(fields, "return-path"))), ""),
        headers=fields,
    )

"""Delivery status notifications (RFC 3464, RFC 6533): the fields of a report and what they leave out."""

import re
from collections.abc import Iterator, Mapping, Sequence

from nurture.core.inbound.bounce_report import Bounce, BouncedRecipient, judged, message_id_of, sent_to
from nurture.core.inbound.bounce_returned import split_returned
from nurture.core.inbound.mail_parser import ParsedMail, find_addresses
from nurture.core.inbound.mime import read_fields

_Group = Mapping[str, str]

MAX_BLOCKS = 200

_SUCCESSES = {"delivered", "relayed", "expanded"}
_DELAYS = {"delayed", "deferred", "delay"}
_ADDRESS_FIELDS = ("final-recipient", "x-actual-recipient", "original-recipient")
_FIELD_BLOCK = re.compile(r"^(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"[a-z]+")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_QUOTED = re.compile(r"\"([^\"\s]{1,64})\"@([\w.-]{1,253})")


def read_dsn(mail: ParsedMail) -> Bounce | None:
    """The report in the fields of RFC 3464, also where they stand in plain text; None without any."""
    said, original = split_returned(mail.text)
    original = mail.original or original
    groups = _whole(mail.delivery_status or tuple(_flattened(said)) or tuple(_flattened_below(mail, said)))
    reported = [g for g in groups if not _is_success(g)]
    failed = [g for g in reported if _action(g) not in _DELAYS]
    ours = sent_to(original)
    recipients = (_recipient(g, said, ours, len(reported)) for g in failed or reported)
    found = _without_doubles(r for r in recipients if r)
    return Bounce(found, original_message_id=message_id_of(original), delayed=not failed) if found else None


def is_success_report(mail: ParsedMail) -> bool:
    """Whether the report is only about recipients that were reached (RFC 3464 §2.3.3)."""
    groups = _whole(mail.delivery_status)
    return bool(groups) and all(map(_is_success, groups))


def _flattened(text: str) -> Iterator[_Group]:
    if _FIELD_BLOCK.search(text):
        for block in text.split("\n\n")[:MAX_BLOCKS]:
            yield {name: values[0] for name, values in read_fields(block.encode()).items()}


def _flattened_below(mail: ParsedMail, said: str) -> Iterator[_Group]:
    """A whole report within the text of another notice: only of a mail system, and below its own words."""
    if mail.header("return-path") == "<>" or "daemon" in mail.from_address.lower():
        yield from _flattened(mail.text[len(said) :])


def _whole(groups: Sequence[_Group]) -> list[_Group]:
    """The groups about recipients; a group without recipient, behind one, holds more of its fields."""
    found: list[_Group] = []
    for group in groups:
        if any(name in group for name in _ADDRESS_FIELDS):
            found.append(group)
        elif found and not any(name in found[-1] for name in group):
            found[-1] = {**found[-1], **group}
        elif "action" in group:
            found.append(group)
    return found


def _is_success(group: _Group) -> bool:
    return _action(group) in _SUCCESSES or group.get("status", "").lstrip().startswith("2")


def _action(group: _Group) -> str:
    word = _WORD.search(group.get("action", "").lower())
    return word[0] if word else ""


def _recipient(group: _Group, said: str, ours: tuple[str, ...], count: int) -> BouncedRecipient | None:
    address = _stated_address(group, ours)
    if not address:
        return None
    code = group.get("diagnostic-code", "")
    diagnostic = code.partition(";")[2].strip() or code.strip(" ;")
    category = group.get("x-powermta-bouncecategory", "").strip()
    words = diagnostic if diagnostic or count > 1 else said
    words = f"{words} ({category})" if category else words
    return judged(address, diagnostic, words, group.get("status", ""), said if count == 1 else "")


def _stated_address(group: _Group, ours: tuple[str, ...]) -> str:
    """The address that we wrote to if it is among those stated, else the final one (RFC 3464 §2.3.2)."""
    stated = [a for name in _ADDRESS_FIELDS for a in _addresses(group.get(name, ""))]
    known = {to.lower() for to in ours}
    written = [a for a in stated if a.lower() in known]
    return next(iter(written or stated or ours), "")


def _addresses(value: str) -> tuple[str, ...]:
    """The address behind its type ("rfc822;", "utf-8;"), quotes and escapes (RFC 6533 §3) taken off."""
    value = _ESCAPED.sub(_character, value).replace(";", " ")
    return find_addresses(_QUOTED.sub(r"\1@\2", value))


def _character(escaped: re.Match[str]) -> str:
    number = int(escaped[1], 16)
    return chr(number) if number < 0xD800 or 0xDFFF < number <= 0x10FFFF else "\ufffd"


def _without_doubles(recipients: Iterator[BouncedRecipient]) -> tuple[BouncedRecipient, ...]:
    """Each address once, hard before soft: some systems report every attempt."""
    kept: dict[str, BouncedRecipient] = {}
    for recipient in recipients:
        earlier = kept.get(recipient.address.lower())
        if earlier is None or (recipient.hard and not earlier.hard):
            kept[recipient.address.lower()] = recipient
    return tuple(kept.values())

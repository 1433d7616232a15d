"""Readers of single values: text, names, numbers, addresses, lists."""

import math
import re
from collections.abc import Callable, Collection
from typing import TypeVar
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from nurture.workspace.faults import instead
from nurture.workspace.item import Item

T = TypeVar("T")

NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
MAX_NAME = 60
MAX_LINE = 500

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,62}")


def text(item: Item) -> str:
    """Text of one or more lines."""
    written = item.text()
    if item.is_text and not written:
        item.fault("this is empty: write a value")
    return written


def line(item: Item) -> str:
    """Text of one line that is safe in a mail header."""
    written = text(item)
    if "\n" in written or "\t" in written:
        item.fault("write this in one line, without tabs")
    elif "=?" in written:
        item.fault("remove '=?': mail programs read it as encoded text")
    elif len(written) > MAX_LINE:
        item.fault(f"this has more than {MAX_LINE} characters: shorten it")
    return written


def name(item: Item) -> str:
    """A name that other files refer to: lower-case letters, digits, single - and _ between them."""
    written = text(item)
    if written and not (NAME.fullmatch(written) and len(written) <= MAX_NAME):
        suggestion = re.sub(r"[^a-z0-9]+", "-", written.lower()).strip("-")[:MAX_NAME].strip("-") or "a-name"
        item.fault(
            f"{written!r} is no name: use lower-case letters, digits and hyphens, such as {suggestion!r}"
        )
    return written


def declared(kind: str) -> Callable[[Item], str]:
    """Reads a name and makes it known as one of `kind`."""

    def read(item: Item) -> str:
        written = name(item)
        if written:
            item.declare(kind, written)
        return written

    return read


def referred(kind: str) -> Callable[[Item], str]:
    """Reads a name that must be declared as one of `kind`."""

    def read(item: Item) -> str:
        written = text(item)
        if written:
            item.refer(kind, name=written)
        return written

    return read


def whole(least: int, most: int) -> Callable[[Item], int]:
    """Reads a whole number in that range."""

    def read(item: Item) -> int:
        written = item.text()
        if re.fullmatch(r"[+-]?\d{1,9}", written) and least <= int(written) <= most:
            return int(written)
        if item.is_text:
            item.fault(f"{written!r} does not fit here: write a whole number from {least} to {most}")
        return least

    return read


def number(item: Item) -> float:
    """A finite number, with or without decimals."""
    written = item.text()
    if re.fullmatch(r"[+-]?\d{1,9}(\.\d{1,9})?", written) and math.isfinite(float(written)):
        return float(written)
    if item.is_text:
        item.fault(f"{written!r} is no number: write one such as 40 or 2.5")
    return 0.0


def yes_no(item: Item) -> bool:
    """True or False from yes/no, true/false, on/off."""
    return choice("yes", "no", "true", "false", "on", "off")(item) in ("yes", "true", "on")


def choice(*words: str) -> Callable[[Item], str]:
    """Reads one of `words`."""

    def read(item: Item) -> str:
        written = item.text()
        if written.lower() in words:
            return written.lower()
        if item.is_text:
            item.fault(f"{written!r} is not known here{instead(written, words)}")
        return words[0]

    return read


def address(item: Item) -> str:
    """An e-mail address that any server can take (RFC 5321), its domain in ASCII."""
    written = item.text()
    if not written:
        return ""
    try:
        found = validate_email(written, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        item.fault(f"{written!r} is no e-mail address: {error}")
        return ""
    return found.ascii_email or found.normalized


def domain(item: Item) -> str:
    """A domain in lower case and ASCII."""
    written = item.text().lower()
    if not written:
        return ""
    try:
        return validate_email(f"someone@{written}", check_deliverability=False).ascii_domain
    except EmailNotValidError:
        item.fault(f"{written!r} is no domain: write it as in an e-mail address, such as 'acme.example'")
        return ""


def web_address(item: Item) -> str:
    """An http or https URL with a host."""
    written = line(item)
    try:
        parts = urlsplit(written)
        good = (
            parts.scheme in ("http", "https") and parts.hostname and not parts.username and (parts.port or 1)
        )
    except ValueError:
        good = False
    if written and (not good or " " in written):
        item.fault(
            f"{written!r} is no web address: write it whole, such as 'https://hooks.example.com/nurture'"
        )
    return written


def attribute(item: Item) -> str:
    """The name of a contact attribute."""
    written = text(item)
    if written and not _ATTRIBUTE.fullmatch(written):
        item.fault(f"{written!r} is no attribute: use lower-case letters, digits and _, such as 'job_role'")
    return written


def list_of(read: Callable[[Item], T]) -> Callable[[Item], tuple[T, ...]]:
    """Reads a list of at least one entry."""

    def read_all(item: Item) -> tuple[T, ...]:
        if item.is_list and not item.items():
            item.fault("this list is empty: write at least one entry")
        return tuple(read(entry) for entry in item.items())

    return read_all


def one_or_more(read: Callable[[Item], T]) -> Callable[[Item], tuple[T, ...]]:
    """Reads a list of at least one entry, or one entry alone."""

    def read_all(item: Item) -> tuple[T, ...]:
        return (read(item),) if item.is_text else list_of(read)(item)

    return read_all


def without_repeats(item: Item, values: Collection[object]) -> None:
    """Note a fault where a list says the same thing twice."""
    if len(set(values)) != len(values):
        item.fault("this list says the same thing twice: remove one")

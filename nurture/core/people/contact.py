"""A contact as a list or a form tells of it: the address in its normal form, the fields checked."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from zoneinfo import available_timezones

from nurture.core.people.column import Columns
from nurture.core.people.domain_name import BadDomain, DomainName, account_domain, read_domain
from nurture.core.people.name_table import fold, names_of

__all__ = [
    "Address",
    "BadAddress",
    "BadRow",
    "ContactRow",
    "account_domain",
    "normalise_address",
    "read_contact",
]

MAX_ADDRESS_BYTES = 254
MAX_LOCAL_BYTES = 64
MAX_FIELD_CHARS = 200
MAX_VALUE_CHARS = 1000

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*", re.IGNORECASE)
_DISPLAY_FORM = re.compile(r"[^<>]*<([^<>]*)>")
_INVISIBLE = "\u200b\u200e\u200f\u2060\ufeff"  # comes along when an address is copied from a page
_FORBIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")


class BadAddress(ValueError):
    """Text that is no mail address; the message says what to change."""


class BadRow(ValueError):
    """A row that is no contact: why (what to change), and the `value` at fault."""

    def __init__(self, reason: str, value: str = "") -> None:
        super().__init__(reason)
        self.reason, self.value = reason, value


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox. `email`: to be written to, in Unicode, the part before @ as its owner spells it.

    `key`: lower-case with the domain in A-labels, one for all spellings; `hash`: its SHA-256 in hex;
    `domain`: canonical, in Unicode.
    """

    email: str
    key: str
    hash: str
    domain: str


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One checked row of a contact list; a field the row says nothing about is None."""

    email: str
    key: str
    hash: str
    domain: str
    given_name: str | None
    family_name: str | None
    company: str | None
    title: str | None
    country: str | None
    time_zone: str | None
    stage: str | None
    attributes: Mapping[str, str]


def read_contact(cells: Sequence[str], columns: Columns, stages: Sequence[str]) -> ContactRow:
    """The contact in the cells of a row; raises BadRow.

    `stages` are the names of the workspace's stages. Cells may be missing at the end of the row; one with
    a value but without a column is refused, for its value would be lost.
    """
    _refuse_strays(cells, columns)
    width = len(cells)
    fields = {field: _line(field, cells[at]) for field, at in columns.fields if at < width}
    try:
        address = normalise_address(fields.get("email", ""))
    except BadAddress as error:
        raise BadRow(str(error), fields.get("email", "")) from None
    attributes = {name: _text(name, cells[at]) for name, at in columns.attributes if at < width}
    return ContactRow(
        address.email,
        address.key,
        address.hash,
        address.domain,
        given_name=fields.get("given_name") or None,
        family_name=fields.get("family_name") or None,
        company=fields.get("company") or None,
        title=fields.get("title") or None,
        country=_country(fields.get("country")),
        time_zone=_time_zone(fields.get("time_zone")),
        stage=_stage(fields.get("stage"), stages),
        attributes={name: text for name, text in attributes.items() if text},
    )


def normalise_address(text: str) -> Address:
    """The normal form of an address, also of one written as `Jane Doe <jane@example.org>`.

    Syntax of RFC 5321 §4.1.2 and RFC 6531 §3.3, without quoted local parts and address literals, which no
    mailing list has in earnest. Raises BadAddress.
    """
    written = unicodedata.normalize("NFC", text.strip().strip(_INVISIBLE))
    display_form = _DISPLAY_FORM.fullmatch(written)
    local, at, host = (display_form[1].strip() if display_form else written).rpartition("@")
    if not at:
        raise BadAddress(
            "there is no @: write an address such as jane@example.org" if written else "no address"
        )
    _check_local(local)
    domain = _domain(host)
    email = f"{local}@{domain.text}"
    key = unicodedata.normalize("NFC", f"{local.lower()}@{domain.ascii}")
    if len(key.encode()) > MAX_ADDRESS_BYTES:
        raise BadAddress(f"the address is longer than {MAX_ADDRESS_BYTES} bytes")
    return Address(email, key, sha256(key.encode()).hexdigest(), domain.text)


def _check_local(local: str) -> None:
    if _LOCAL.fullmatch(local) and len(local) <= MAX_LOCAL_BYTES:
        return
    if not local:
        raise BadAddress("there is nothing before the @")
    if "@" in local or any(mark in local for mark in ",;"):
        raise BadAddress("more than one address: write each in a row of its own")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise BadAddress("the part before the @ has a dot too many")
    if not _LOCAL.fullmatch("".join("x" if _is_foreign(letter) else letter for letter in local)):
        raise BadAddress("the part before the @ has characters that no address can have, such as blanks")
    if len(local.encode()) > MAX_LOCAL_BYTES:
        raise BadAddress(f"the part before the @ is longer than {MAX_LOCAL_BYTES} bytes")
    if unicodedata.category(local[0]).startswith("M"):
        raise BadAddress("the part before the @ begins with an accent that belongs to no letter")


def _is_foreign(letter: str) -> bool:
    return not letter.isascii() and unicodedata.category(letter) not in _FORBIDDEN_CATEGORIES


def _domain(host: str) -> DomainName:
    if not host:
        raise BadAddress("there is nothing after the @")
    try:
        return read_domain(host)
    except BadDomain as error:
        raise BadAddress(str(error)) from None


def _refuse_strays(cells: Sequence[str], columns: Columns) -> None:
    for at in (*columns.nameless, *range(columns.width, len(cells))):
        if at < len(cells) and cells[at].strip():
            raise BadRow(
                f"cell {at + 1} has a value, but column {at + 1} has no name: "
                "put quotes around cells that contain the separator, or name the column",
                cells[at],
            )


def _line(field: str, cell: str) -> str:
    """A cell as one line, since it may come to stand in a header."""
    line = " ".join(_text(field, cell).split())
    if len(line) > MAX_FIELD_CHARS and field != "email":
        raise BadRow(f"{field} is longer than {MAX_FIELD_CHARS} characters", cell)
    return line


def _text(name: str, cell: str) -> str:
    text = cell.strip()
    if text.isascii() and text.isprintable() and len(text) <= MAX_VALUE_CHARS:
        return text
    if _CONTROL.search(text):
        raise BadRow(f"{name} contains control characters: remove them", cell)
    if len(text) > MAX_VALUE_CHARS:
        raise BadRow(f"{name} is longer than {MAX_VALUE_CHARS} characters", cell)
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=1024)
def _country(name: str | None) -> str | None:
    if not name:
        return None
    code = names_of("countries").get(fold(name))
    if code is None:
        raise BadRow("unknown country: write its two-letter code, such as DE", name)
    return code


def _time_zone(name: str | None) -> str | None:
    if not name:
        return None
    zone = _time_zones().get(name.lower().replace(" ", "_"))
    if zone is None:
        raise BadRow("unknown time zone: write its IANA name, such as Europe/Vienna", name)
    return zone


@cache
def _time_zones() -> Mapping[str, str]:
    return {zone.lower(): zone for zone in available_timezones() - {"localtime", "Factory", "posixrules"}}


def _stage(name: str | None, stages: Sequence[str]) -> str | None:
    if not name:
        return None
    for stage in stages:
        if stage.casefold() == name.casefold():
            return stage
    raise BadRow(f"unknown stage: write one of {', '.join(stages)}", name)

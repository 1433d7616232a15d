"""Bounces that are no DSN: a notice in prose, with or without the returned message below it."""

import json
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

from nurture.core.inbound.bounce_reason import fold
from nurture.core.inbound.mail_parser import MAX_TEXT_CHARS, Original, ParsedMail, find_addresses, original_of

_HEAD_CHARS = 3_000
_DAEMON = re.compile(
    r"mailer[-_.]?daemon|post[-_]?master|mail[-_]?daemon|mdaemon|daemon|mail delivery|delivery (?:sub)?system"
)
_RETURNED = re.compile(
    r"(?:return-path|received|message-id|from|to|subject|date|mime-version|reply-to|x-[\w-]{1,40}"
    r"|content-type|authentication-results|dkim-signature|delivered-to|user-agent):",
    re.IGNORECASE,
)
_ORIGIN = re.compile(r"^(?:received|return-path|message-id|from):", re.IGNORECASE | re.MULTILINE)
_SENDER_LINE = re.compile(r"\bmail from\b|^\W{0,6}from:|\bsender:|\bmail to the postmaster\b", re.IGNORECASE)
_LEADING = re.compile(r"^[^\w@]{0,12}(?:\d{3}[- ]+(?:\d\.\d\.\d+ )?)?<?([^\s<>]{1,64}@[^\s<>:;,()]{3,253})")
_NAMED = re.compile(
    r"(?:rcpt to|recipients?(?: address)?|rejected recipient|address|failed permanently|errors|your mail to"
    r"|delivered to|undeliverable to|message to)"
    r"[:;\s]{0,4}(?:rfc822;\s{0,2})?<?([^\s<>]{1,64}@[^\s<>:;,()]{3,253})",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])|(?<![\d.:-])[45][0-5]\d[ -]")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a prose bounce says: who failed, each with the words about him, and what was returned."""

    failures: tuple[tuple[str, str], ...]
    original: Original | None


def _load() -> tuple[dict[str, str], ...]:
    text = (files("nurture.core") / "data" / "bounce_notices.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["notice"])


NOTICES = _load()


def read_notice(mail: ParsedMail) -> Notice | None:
    """The notice in the text of the mail, or None when no mail system wrote it."""
    said, original = split_returned(mail.text)
    original = mail.original or original
    if not _is_notice(mail, said):
        return None
    addresses = _failed_addresses(mail, said, original)
    if not addresses:
        return None
    return Notice(tuple((a, _words_about(a, addresses, said)) for a in addresses), original)


def split_returned(text: str) -> tuple[str, Original | None]:
    """The notice, and the headers of the message returned below it: three header lines close together."""
    lines = text[:MAX_TEXT_CHARS].split("\n")
    is_header = [_RETURNED.match(line) is not None for line in lines]
    for index, header in enumerate(is_header):
        if (
            header
            and sum(is_header[index : index + 6]) >= 3
            and _ORIGIN.search("\n".join(lines[index : index + 6]))
        ):
            return "\n".join(lines[:index]), original_of("\n".join(lines[index:]))
    return text, None


def _is_notice(mail: ParsedMail, said: str) -> bool:
    head = fold(said[:_HEAD_CHARS]).lstrip(" *-#")
    place = min((at for n in NOTICES if (at := head.find(n["words"])) >= 0), default=-1)
    if _is_from_system(mail):
        return (
            place >= 0 or bool(_CODE.search(said[:_HEAD_CHARS])) or bool(mail.header("x-failed-recipients"))
        )
    return 0 <= place <= 5 and not mail.subject.lower().startswith(("re:", "fw")) or _begins_as_error(said)


def _begins_as_error(said: str) -> bool:
    return fold(said[:200]).lstrip().startswith("error: ") and bool(_CODE.search(said[:500]))


def _is_from_system(mail: ParsedMail) -> bool:
    sender = f"{mail.from_address.partition('@')[0]} {mail.from_name}".lower()
    return (
        _DAEMON.search(sender) is not None
        or not mail.from_address
        or mail.header("return-path") == "<>"
        or bool(mail.header("x-failed-recipients"))
    )


def _failed_addresses(mail: ParsedMail, said: str, original: Original | None) -> tuple[str, ...]:
    own = {mail.from_address.lower(), *(a.lower() for a in mail.to_addresses)}
    stated = find_addresses(mail.header("x-failed-recipients"))
    for found in (stated, _marked_addresses(said), _any_addresses(said)):
        others = tuple(a for a in found if a.lower() not in own)
        if others or found:
            return others or found[:1]
    return original.to_addresses[:1] if original else ()


def _marked_addresses(said: str) -> tuple[str, ...]:
    marked: list[str] = []
    for line in said.split("\n"):
        if not _SENDER_LINE.search(line[:500]):
            marked += (m[1] for m in (_LEADING.match(line), *_NAMED.finditer(line[:1_000])) if m)
    return _without_case_doubles(find_addresses(" , ".join(marked)))


def _any_addresses(said: str) -> tuple[str, ...]:
    lines = (line for line in said.split("\n") if not _SENDER_LINE.search(line[:500]))
    return tuple(a for a in find_addresses("\n".join(lines)) if not _DAEMON.match(a.lower()))[:1]


def _without_case_doubles(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({a.lower(): a for a in reversed(addresses)}.values())[::-1]


def _words_about(address: str, everyone: tuple[str, ...], said: str) -> str:
    """The lines that name the address and those after each up to the next recipient; all for one alone."""
    if len(everyone) == 1:
        return said
    others = [a.lower() for a in everyone if a != address]
    kept: list[str] = []
    inside = False
    for line in said.split("\n"):
        low = line.lower()
        inside = address.lower() in low or (inside and not any(a in low for a in others))
        if inside:
            kept.append(line)
    return "\n".join(kept) or said


def read_ses_notification(text: str) -> dict[str, object]:
    """The JSON body of an Amazon SES event sent by mail, or an empty mapping."""
    if not text.lstrip().startswith("{") or "otificationType" not in text[:2_000]:
        return {}
    try:
        found = json.JSONDecoder(strict=False).raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

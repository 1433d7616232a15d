"""Signs that a program, not a person, answered (RFC 3834 and what vendors do instead)."""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nurture.core.inbound.mail_parser import ParsedMail
from nurture.core.inbound.wording import Phrases, Token, fold, tokens_of

_TEXT_CHARS = 6_000
_CHALLENGE_TOKENS = 500
_CHALLENGE_PHRASES = 3
_KINDS = ("robot", "receipt", "vendors", "asks", "holds")
_RECEIPT_TYPES = {"message/disposition-notification": "read receipt (RFC 8098)"}
_REPORT_TYPES = ("message/delivery-status", "message/global-delivery-status")
_TICKET = re.compile(
    r"#\s?[a-z]{0,6}-?\d{2,}|\[[^\]\d]{0,30}\d{2,}[^\]]{0,10}\]|(?<![\w-])[a-z]{2,8}-\d{2,}(?![\w-])"
    r"|(?<![\d+])\d{5,12}(?!\d)"
)


@lru_cache(maxsize=1)
def signs() -> Mapping[str, Any]:
    """The data file, as it is."""
    return tomllib.loads((files("nurture.core") / "data" / "automatic.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def _subjects() -> Phrases[tuple[bool, str]]:
    return Phrases((w, (row.get("away", False), w)) for row in signs()["subject"] for w in row["begins"])


@lru_cache(maxsize=1)
def _sentences() -> Phrases[str]:
    rows = [(w, kind) for kind in _KINDS[:2] for words in signs()[kind].values() for w in words]
    return Phrases((*rows, *((w, kind) for kind in _KINDS[2:] for w in signs()["challenge"][kind])))


def header_reasons(mail: ParsedMail) -> tuple[str, ...]:
    """The headers and parts by which the mail itself says that it is automatic, one reason each."""
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    reasons = [f"auto-submitted: {submitted}"] if submitted and submitted != "no" else []
    reasons += [name for name in signs()["headers"]["present"] if mail.header(name)]
    reasons += _valued(mail, signs()["headers"]["values"])
    if mail.header("return-path").strip() == "<>":
        reasons.append("empty return-path")
    local = mail.from_address.partition("@")[0].lower()
    if local.startswith(tuple(signs()["senders"]["begins"])):
        reasons.append(f"from {local}")
    reasons += [_RECEIPT_TYPES[part] for part in mail.parts if part in _RECEIPT_TYPES]
    if any(part in _REPORT_TYPES for part in mail.parts):
        reasons.append("delivery report without a failure (RFC 3464)")
    return tuple(reasons)


def is_report(mail: ParsedMail) -> bool:
    """Whether a server or a mail program filled it in: a read receipt, or a delivery report."""
    return any(part in _RECEIPT_TYPES or part in _REPORT_TYPES for part in mail.parts)


def weak_reasons(mail: ParsedMail) -> tuple[str, ...]:
    """Headers that many mails of people carry too: a sign only beside others."""
    return tuple(_valued(mail, signs()["headers"]["weak"]))


def bulk_reasons(mail: ParsedMail) -> tuple[str, ...]:
    """Signs of a newsletter: sent to many, in answer to nothing."""
    if mail.in_reply_to or mail.references:
        return ()
    return tuple(name for name in ("list-unsubscribe", "feedback-id") if mail.header(name))


def _valued(mail: ParsedMail, table: Mapping[str, list[str]]) -> list[str]:
    return [
        f"{name}: {value[:60]}"
        for name, values in table.items()
        if (value := mail.header(name).lower()).startswith(tuple(values))
    ]


def subject_sign(subject: str, *, away: bool = False) -> str:
    """The known beginning of an automatic subject, or the empty string; `away`: only those of absence."""
    tokens = tokens_of(fold(subject[:200].lstrip(" [(【（*-#")), 30)
    found = _subjects().at(tokens, 0)
    if found is None or away and not any(of_absence for of_absence, _ in found.meanings):
        return ""
    return found.meanings[0][1]


def sentence_reasons(subject: str, text: str) -> tuple[str, ...]:
    """The sentences by which a text without a telling header says that a program wrote it."""
    said = _said(tokens_of(fold(text[:_TEXT_CHARS])))
    if said["robot"]:
        return (f"says {said['robot'][0]!r}",)
    in_subject = _TICKET.search(fold(subject[:200]))
    number = in_subject or _TICKET.search(fold(text[:_TEXT_CHARS]))
    if number is None or len(said["receipt"]) < (1 if in_subject else 2):
        return ()
    return (f"says {said['receipt'][0]!r} with the number {number[0].strip()!r}",)


def challenge_reasons(mail: ParsedMail, text: str) -> tuple[str, ...]:
    """Why the mail asks its reader to prove to be a person before ours is delivered; empty where not."""
    tokens = tokens_of(fold(text[:_TEXT_CHARS]))
    said = _said(tokens)
    vendor = _said(tokens_of(fold(f"{mail.from_address} {mail.from_name} {mail.subject[:200]}")))["vendors"]
    phrases = (*said["asks"], *said["holds"])
    if not phrases or len(tokens) > _CHALLENGE_TOKENS:
        return ()
    if not vendor and not (said["asks"] and said["holds"] and len(phrases) >= _CHALLENGE_PHRASES):
        return ()
    return (*(f"names {name!r}" for name in vendor), *(f"says {words!r}" for words in phrases))


def _said(tokens: list[Token]) -> dict[str, list[str]]:
    """The phrases of each kind, each once. Those of different kinds may overlap, so every place is tried."""
    said: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for index in range(len(tokens)):
        if found := _sentences().at(tokens, index):
            for kind in found.meanings:
                if found.words not in said[kind]:
                    said[kind].append(found.words)
    return said

"""Why a message came back: from the words of the diagnostic and the status codes, to what it means for us."""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

MAX_DIAGNOSTIC_CHARS = 4_000

_STATUS = re.compile(r"(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
_REPLY_CODE = re.compile(r"(?<![\d.:-])[45][0-5]\d(?![\d.:]*\d)")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of `data/bounce_reasons.toml`; `phrases` are lower case, `statuses` may be a prefix ("5.7")."""

    name: str
    example: str
    hard: bool = False
    sender_fault: bool = False
    phrases: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`status` as in RFC 3463 or empty, `reply_code` as in RFC 5321 or empty, `reason` of the table."""

    status: str
    reply_code: str
    reason: str
    hard: bool
    sender_fault: bool


def _load() -> tuple[Reason, ...]:
    text = (files("nurture.core") / "data" / "bounce_reasons.toml").read_text("utf-8")
    rows = tomllib.loads(text)["reason"]
    return tuple(map(_reason_of, rows))


def _reason_of(row: dict[str, Any]) -> Reason:
    phrases, statuses = tuple(row["phrases"]), tuple(row.get("statuses", ()))
    hard, sender_fault = row.get("hard", False), row.get("sender_fault", False)
    return Reason(row["name"], row["example"], hard, sender_fault, phrases, statuses)


REASONS = _load()
_BY_STATUS = {status: reason for reason in REASONS for status in reason.statuses}
_BY_NAME = {reason.name: reason for reason in REASONS}
_DECISIVE = {"5.4.4", "5.7.515", "4.7.32", "5.7.17"}
_AFTER_RCPT = ("end of data", "reply to data", "after data", "text command", "response to data")
_AT_RCPT = ("rcpt to", "rcpt command")
_REFUSED_DATA = re.compile(r">>> data <<< 5(?!03)\d\d")
_UNDEFINED = Reason("undefined", "")


def diagnose(text: str, status: str = "", transcript: str = "") -> Diagnosis:
    """Judge a diagnostic; `status` is what the report states, `transcript` the rest of its words.

    Only a permanent failure (5.x.x, or no status at all) is hard; a persistent transient one (4.x.x) is soft.
    """
    text = fold(text[:MAX_DIAGNOSTIC_CHARS])
    status = _best_status(status, text)
    reply_code = next(iter(_REPLY_CODE.findall(_STATUS.sub(" ", text))), "")
    reason = _reason(text, status)
    if reason.name == "user_unknown" and _says_otherwise(status, f"{text} {fold(transcript[:20_000])}"):
        reason = _BY_NAME["filtered"]
    permanent = not (status or reply_code).startswith("4")
    return Diagnosis(status, reply_code, reason.name, reason.hard and permanent, reason.sender_fault)


def fold(text: str) -> str:
    """Lower case, blanks to one, straight apostrophes: the form in which the phrases are kept."""
    return _BLANKS.sub(" ", text.lower().replace("\u2019", "'"))


def _best_status(stated: str, text: str) -> str:
    """The first precise status of the diagnostic, the remote server's own word, else the stated one."""
    found = [code for code in _STATUS.findall(text) if not code.startswith("2")]
    stated = next(iter(_STATUS.findall(stated)), "")
    precise = next((code for code in found if not code.endswith(".0.0")), "")
    return precise or stated or next(iter(found), "")


def _reason(text: str, status: str) -> Reason:
    by_status = _BY_STATUS.get(status)
    if status in _DECISIVE and by_status:
        return by_status
    by_words = next((r for r in REASONS if _holds(r, text, status)), None)
    return by_words or by_status or _BY_STATUS.get(status.rpartition(".")[0]) or _UNDEFINED


def _holds(reason: Reason, text: str, status: str) -> bool:
    """By its words; an unknown user also by the status, before the vaguer reasons below it are tried."""
    stated = reason.name == "user_unknown" and status in reason.statuses
    return stated or any(phrase in text for phrase in reason.phrases)


def _says_otherwise(status: str, words: str) -> bool:
    """Whether "user unknown" hides a filter: said after the recipient was taken, or with the status of a
    mailbox that exists (RFC 3463 §3.3) or of a policy (§3.8) and not in answer to RCPT."""
    if status in _BY_NAME["user_unknown"].statuses:
        return False
    if any(word in words for word in _AFTER_RCPT) or _REFUSED_DATA.search(words):
        return True
    return status.startswith(("5.2.", "5.3.", "5.7.")) and not any(word in words for word in _AT_RCPT)

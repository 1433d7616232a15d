"""Why a message came back: from the words of the diagnostic and the status codes, to what it means for us."""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

MAX_DIAGNOSTIC_CHARS = 4_000
MAX_TRANSCRIPT_CHARS = 20_000

STATUS = re.compile(r"(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
REPLY_CODE = re.compile(r"(?<![\w./+@-])(?<!\d:)[45][0-5]\d(?=[ \-:,;)\]'\"<]|$)(?!-\d{3})")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of `data/bounce_reasons.toml`; `phrases` are lower case, `statuses` may be a prefix ("5.7").

    A reason may have two rows, the vaguer words in the later one.
    """

    name: str
    example: str
    hard: bool = False
    sender_fault: bool = False
    phrases: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    decisive: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    sure: tuple[str, ...] = ()


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
    lists = {name: tuple(row.get(name, ())) for name in ("phrases", "statuses", "decisive", "codes", "sure")}
    return Reason(
        row["name"], row["example"], row.get("hard", False), row.get("sender_fault", False), **lists
    )


REASONS = _load()
_DECISIVE = {status: reason for reason in REASONS for status in reason.decisive}
_BY_STATUS = {status: reason for reason in REASONS for status in reason.statuses} | _DECISIVE
_BY_CODE = {code: reason for reason in REASONS for code in reason.codes}
_UNKNOWN_USER = next(reason for reason in REASONS if reason.sure)
_FILTERED = next(reason for reason in REASONS if reason.name == "filtered")
_UNDEFINED = Reason("undefined", "")

_AFTER_RCPT = (
    "end of data", "reply to data", "after data", "text command", "response to data", "[data]",
    "after i sent the message", "(state 17)", "(state 18)",
)  # fmt: skip
_AT_RCPT = (
    "after rcpt to", "our rcpt to", "reply to rcpt", "rcpt command", "[rcpt_to]", ">>> rcpt", "<<< rcpt",
    "rcpt to:<", "does not like recipient", "(state 13)", "(state 14)", "had delivery problems",
)  # fmt: skip
# "550 <a@b>: User unknown" is what is said of one recipient; a filter, at the end, says "550 User unknown".
_NAMES_RECIPIENT = re.compile(r"\b5\d\d[ -](?:5\.\d\.\d{1,3} )?<[^<>\s]{1,64}@[^<>\s]{1,253}>(?::| ?\.\.\.)")
_REFUSED_DATA = re.compile(r">>> data <<< 5(?!03)\d\d")


def diagnose(text: str, status: str = "", transcript: str = "") -> Diagnosis:
    """Judge a diagnostic; `status` is what the report states, `transcript` the rest of its words.

    Only a permanent failure (5.x.x, or no status at all) is hard; a persistent transient one (4.x.x) is soft.
    """
    text = fold(text[:MAX_DIAGNOSTIC_CHARS])
    status = _best_status(status, text)
    reply_code = next(iter(REPLY_CODE.findall(STATUS.sub(" ", text))), "")
    reason = _reason(text, status, reply_code)
    if reason is _UNKNOWN_USER and not _is_believed(status, reply_code, text, transcript):
        reason = _FILTERED
    permanent = not (status or reply_code).startswith("4")
    return Diagnosis(status, reply_code, reason.name, reason.hard and permanent, reason.sender_fault)


def fold(text: str) -> str:
    """Lower case, blanks to one, straight apostrophes: the form in which the phrases are kept."""
    return _BLANKS.sub(" ", text.lower().replace("\u2019", "'"))


def _best_status(stated: str, text: str) -> str:
    """The first precise status of the diagnostic, the remote server's own word, else the stated one."""
    found = [code for code in STATUS.findall(text) if not code.startswith("2")]
    stated = next(iter(STATUS.findall(stated)), "")
    precise = next((code for code in found if not code.endswith(".0.0")), "")
    return precise or stated or next(iter(found), "")


def _reason(text: str, status: str, reply_code: str) -> Reason:
    if status in _DECISIVE:
        return _DECISIVE[status]
    by_words = next((r for r in REASONS if _holds(r, text, status)), None)
    by_number = _BY_STATUS.get(status) or _BY_CODE.get(reply_code)
    return by_words or by_number or _BY_STATUS.get(status.rpartition(".")[0]) or _UNDEFINED


def _holds(reason: Reason, text: str, status: str) -> bool:
    """By its words; an unknown user also by the status, before the vaguer reasons below it are tried."""
    stated = reason is _UNKNOWN_USER and status in reason.statuses
    return stated or any(phrase in text for phrase in reason.phrases + reason.sure)


def _is_believed(status: str, reply_code: str, text: str, transcript: str) -> bool:
    """Whether "user unknown" is meant, and is not what many filters say of mail they do not want.

    Meant: by the status, by a system about its own directory, or in answer to RCPT. Not meant: said after
    the recipient was taken, or relayed as a bare reply or with the status of something else (RFC 3463 §3.3,
    §3.8).
    """
    stated = {status, *STATUS.findall(text)}
    if stated & set(_UNKNOWN_USER.statuses) or any(phrase in text for phrase in _UNKNOWN_USER.sure):
        return True
    words = f"{text} {fold(transcript[:MAX_TRANSCRIPT_CHARS])}"
    if any(word in words for word in _AFTER_RCPT) or _REFUSED_DATA.search(words):
        return False
    if any(word in words for word in _AT_RCPT):
        return True
    other = status.startswith(("5.2.", "5.3.", "5.7."))
    return not other and (not reply_code or _NAMES_RECIPIENT.search(text) is not None)

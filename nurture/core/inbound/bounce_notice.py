"""Bounces that are no DSN: a notice in prose, with or without the returned message below it."""

import re
import tomllib
from importlib.resources import files
from itertools import starmap

from nurture.core.inbound.bounce_failed import failed_addresses, is_daemon, words_about
from nurture.core.inbound.bounce_reason import STATUS, diagnose, fold
from nurture.core.inbound.bounce_report import Bounce, BouncedRecipient, judged, message_id_of
from nurture.core.inbound.bounce_returned import split_returned
from nurture.core.inbound.mail_parser import Original, ParsedMail

_HEAD_CHARS = 3_000
_CODE = re.compile(r"(?<![\w.:/+-])[45][0-5]\d[ -](?=\D)")
_MARKS = " *-#\n=_"
_AT_ONCE = 5
_ANSWERS = ("re:", "fw", "aw:", "wg:", "tr:", "rv:", "sv:", "vs:", "antw:", "odp:", "res:", "enc:")
_WARNINGS = (
    "warning message only",
    "message will be retried",
    "will keep trying",
    "a message is delayed for",
    "you do not need to resend",
    "will continue to try",
    "will continue trying",
    "will be retried",
    "still trying to deliver",
    "delivery status notification (delay)",
    "has not yet been delivered",
    "not been delivered yet",
    "delivery incomplete",
)
_LINES_BEFORE = 2


def _load() -> dict[str, tuple[dict[str, str], ...]]:
    text = (files("nurture.core") / "data" / "bounce_notices.toml").read_text("utf-8")
    return {name: tuple(rows) for name, rows in tomllib.loads(text).items()}


_DATA = _load()
NOTICES = _DATA["notice"]
_ALONE = tuple(row["words"] for row in NOTICES if row.get("alone"))
SUBJECTS = tuple(row["words"] for row in _DATA["subject"])


def read_notice(mail: ParsedMail) -> Bounce | None:
    """The notice in the text of the mail, or None when no mail system wrote it."""
    said, original = split_returned(mail.text)
    original = mail.original or original
    if not _is_notice(mail, said, original):
        return None
    addresses = failed_addresses(mail, said, original)
    if not addresses:
        return None
    recipients = tuple(starmap(_recipient, words_about(addresses, said).items()))
    return Bounce(recipients, original_message_id=message_id_of(original), delayed=_is_warning(mail, said))


def _recipient(address: str, words: str) -> BouncedRecipient:
    """Judged by the lines with codes first: the rest is often advice to the reader."""
    core = _core(words)
    if core and diagnose(core, transcript=words).reason != "undefined":
        return judged(address, words.strip(), core, transcript=words)
    return judged(address, words.strip(), words)


def _core(words: str) -> str:
    """The lines with a reply code or status, up to a blank line, and the two before: what was answered."""
    lines = words.split("\n")
    kept: set[int] = set()
    for index, line in enumerate(lines):
        if _has_code(line[:500]):
            kept.update(range(max(0, index - _LINES_BEFORE), index + 1))
        elif index - 1 in kept and line.strip() and index > min(kept) + _LINES_BEFORE:
            kept.add(index)
    return "\n".join(lines[index] for index in sorted(kept))


def _is_notice(mail: ParsedMail, said: str, original: Original | None) -> bool:
    head = fold(said[:_HEAD_CHARS]).lstrip(_MARKS)
    place = min((at for n in NOTICES if (at := head.find(n["words"])) >= 0), default=-1)
    titled = fold(mail.subject[:300]).lstrip(" *-#[").startswith(SUBJECTS)
    coded = _has_code(said[:_HEAD_CHARS])
    is_answer = mail.subject.lower().startswith(_ANSWERS)
    if _is_from_system(mail):
        return place >= 0 or titled or (coded and not is_answer) or _names_failed(mail)
    if _is_unsigned(mail) and (titled or (original is not None and coded and 0 <= place <= _AT_ONCE)):
        return True
    if original is not None and titled and (place >= 0 or coded):
        return True
    return (_speaks_alone(head) and not is_answer) or _begins_as_error(said)


def _speaks_alone(head: str) -> bool:
    return any(0 <= head.find(words) <= _AT_ONCE for words in _ALONE)


def _has_code(words: str) -> bool:
    return _CODE.search(words) is not None or STATUS.search(words) is not None


def _names_failed(mail: ParsedMail) -> bool:
    """Exim's and Gmail's header for those who were not reached."""
    return bool(mail.header("x-failed-recipients"))


def _begins_as_error(said: str) -> bool:
    return fold(said[:200]).lstrip().startswith("error: ") and _has_code(said[:500])


def _is_from_system(mail: ParsedMail) -> bool:
    sender = mail.from_address.partition("@")[0]
    return _names_failed(mail) or not mail.from_address or is_daemon(sender) or is_daemon(mail.from_name)


def _is_unsigned(mail: ParsedMail) -> bool:
    """An empty envelope sender (RFC 5321 §4.5.5): a notice, but an auto-reply has one too."""
    return mail.header("return-path").strip() == "<>"


def _is_warning(mail: ParsedMail, said: str) -> bool:
    return any(words in f"{mail.subject}\n{said[:2_000]}".lower() for words in _WARNINGS)

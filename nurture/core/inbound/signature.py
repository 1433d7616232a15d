"""What stands below a person's words and is none of them: the signature after dashes, the line of a phone,
the closing of the letter, the notices of companies and gateways.
"""

import re
from collections.abc import Sequence

from nurture.core.inbound.lines import Line, load_data

_MAX_PROGRAM_CHARS = 110
_MAX_CLOSING_LINES = 14
_MAX_TAIL_LINES = 10

_WORDS = load_data("signature")
_BEGINS = tuple(_WORDS["program"]["begins"])
_SENT = tuple(_WORDS["program"]["sent"])
_SENDERS = tuple(_WORDS["program"]["senders"])
_CLOSINGS = frozenset(_WORDS["closing"]["words"])
_BOILERPLATE = tuple(_WORDS["boilerplate"]["begins"])
_BANNERS = tuple(_WORDS["boilerplate"]["banners"])

_DASHES = re.compile(r"^[ \t]{0,2}(?:--|—|–|__{1,200}|-- )$")
_SHORT_RULE = re.compile(r"^[ \t]{0,2}(?:[-=*~]{3,200}|—{2,200})$")
_LINK = re.compile(r"[<(\[]{0,2}(?:https?://|mailto:)[^\s<>()\[\]]{1,400}[>)\]]{0,2}")
_CONTACT = re.compile(r"https?://|www\.|(?<![^\s@])[^\s@]{1,200}@[^\s@]{1,253}|(?:\d[ ()/.-]{0,2}){7,20}")
_SENTENCE_END = re.compile(r"[?!]|[^\W\d]{3}\.\s+[^\W\d]")
_AFTERTHOUGHT = re.compile(r"^p\.?\s?s\.?\b", re.IGNORECASE)


def begins_signature(lines: Sequence[Line], index: int) -> bool:
    """Whether dashes or a rule here begin the sender's signature."""
    line = lines[index]
    if line.quoted:
        return False
    if _DASHES.match(line.text):
        return True
    return _SHORT_RULE.match(line.text) is not None and _looks_like_signature(lines[index + 1 :])


def is_program_line(line: Line) -> bool:
    """A line that a phone or a mail app adds ("Sent from my iPhone"), in any of the known languages."""
    low = _LINK.sub("", line.low).strip(" *_[]()—–-.")
    if line.quoted or not low or len(low) > _MAX_PROGRAM_CHARS or any(c in low for c in ":?!"):
        return False
    if low.startswith(_BEGINS):
        return True
    return len(low) <= 80 and any(w in low for w in _SENT) and any(w in low for w in _SENDERS) and _terse(low)


def _terse(low: str) -> bool:
    return low.count(" ") <= 8 and not _SENTENCE_END.search(low)


def _looks_like_signature(tail: Sequence[Line]) -> bool:
    """Few short lines to the end or the next quotation, a way to reach the sender among them, no prose."""
    lines: list[Line] = []
    for line in tail[: _MAX_TAIL_LINES * 2]:
        if line.quoted:
            break
        if line.words:
            lines.append(line)
    if not lines or len(lines) > _MAX_TAIL_LINES:
        return False
    if any(len(line.words) > 90 or _SENTENCE_END.search(line.words) for line in lines):
        return False
    return any(_CONTACT.search(line.words) for line in lines) or all(len(x.words) <= 40 for x in lines[:6])


def split_closing(lines: Sequence[Line]) -> int:
    """How many of a person's lines stand above the closing of the letter and the notices below it."""
    end = len(lines)
    seen = False
    for index, line in enumerate(lines):
        if seen and line.low.startswith(_BOILERPLATE):
            end = index
            break
        seen = seen or bool(line.words)
    for index in range(max(0, end - 1), max(0, end - _MAX_CLOSING_LINES) - 1, -1):
        if index < end and _closes(lines[index], any(_says_something(line) for line in lines[:index])):
            return index
        if index < end and _is_prose(lines[index]):
            break
    return end


def is_banner(line: Line) -> bool:
    """A warning that the recipient's gateway put above the mail."""
    return line.low.lstrip("[*_ ").startswith(_BANNERS) or line.low.startswith(_BANNERS)


def _closes(line: Line, something_above: bool) -> bool:
    low = line.low.strip(" ,.!;-–—*_/")
    if not something_above or len(low) > 60:
        return False
    head, comma, name = low.partition(",")
    return low in _CLOSINGS or (bool(comma) and head.strip() in _CLOSINGS and name.count(" ") <= 3)


def _says_something(line: Line) -> bool:
    """More than the greeting of the letter."""
    return bool(line.words) and not (line.words[-1] in ",!，、" and line.words.count(" ") <= 3)


def _is_prose(line: Line) -> bool:
    return bool(_AFTERTHOUGHT.match(line.words) or "?" in line.words or _SENTENCE_END.search(line.words))

"""Where a whole other mail begins: its block of From, Sent, To and Subject in any language, the line that
announces it, and the line of a help desk below which nothing is new.
"""

import re
from collections.abc import Sequence

from nurture.core.inbound.lines import CLOCK, Line, load_data

_MAX_BLOCK_LINES = 16
_WORDS = load_data("quotation")
_ROLE = {word: role for role, words in _WORDS["fields"].items() for word in words}
_SEPARATORS = tuple(_WORDS["separator"]["words"])
_MARKERS = tuple(_WORDS["marker"]["words"])

_FIELD = re.compile(r"^([^\W\d_][^:：*<>@]{0,28}?)[*_]{0,2}[ ]?(?::(?=[\s*_\"<]|$)|：)[*_]{0,2}(.{0,300})")
_TABLE_FIELD = re.compile(r"^\|\s?([^|:：]{1,28})[:：]?\s?\|\s?([^|]{1,300})\|$")
_RULE = re.compile(r"^[ \t]{0,4}[*_]{0,2}(?:[-_=‐–—]{5,200}|(?:- ){5,60}-?)[*_]{0,2}$")
_DASHES = ("--", "__", "==", "‐‐", "——", "**", "- ")
_ORNAMENT = "-–—‐=*_#~>+. "


def is_rule(line: Line) -> bool:
    """A line of five or more dashes, underscores or equal signs."""
    return _RULE.match(line.text) is not None


def opening_length(lines: Sequence[Line], index: int) -> int:
    """How many lines from here on open another mail, to which all below belongs; 0 when none does."""
    line = lines[index]
    if _is_marker(line) or _announces(lines, index):
        return 1
    if is_rule(line):
        below = next((i for i in range(index + 1, min(index + 4, len(lines))) if lines[i].words), index)
        block = _block_length(lines, below) if below > index else 0
        return block + below - index if block else 0
    return _block_length(lines, index)


def _is_marker(line: Line) -> bool:
    return len(line.words) < 140 and any(word in line.low for word in _MARKERS)


def _announces(lines: Sequence[Line], index: int) -> bool:
    """ "-----Original Message-----" in a known language, or so framed in any above a field or a date."""
    line = lines[index]
    bare = line.low.strip(_ORNAMENT).partition("--")[0].rstrip()
    if not bare or len(bare) > 70:
        return False
    dashed = line.text.lstrip(" >\t*_")[:2] in _DASHES
    if bare.startswith(_SEPARATORS):
        return dashed or _is_followed_by_block(lines, index)
    return dashed and line.text.rstrip(" *_>")[-2:] in _DASHES and _is_followed_by_block(lines, index)


def _is_followed_by_block(lines: Sequence[Line], index: int) -> bool:
    below = next((i for i in range(index + 1, min(index + 4, len(lines))) if lines[i].words), None)
    return below is not None and _block_length(lines, below) > 0


def _block_length(lines: Sequence[Line], index: int) -> int:
    fields, length = _fields(lines, index)
    return length if len(fields) > 1 and _is_block(fields) else 0


def _is_block(fields: list[tuple[str, str]]) -> bool:
    roles = {role for role, _ in fields if role}
    if not roles & {"from", "to", "sent"} or fields[0][0] == "":
        return _is_unknown_block(fields)
    addressed = any("@" in value for _, value in fields)
    dated = any(role == "sent" and any(c.isdigit() for c in value) for role, value in fields)
    if len(roles) >= 3:
        return addressed or dated or roles >= {"from", "sent", "subject"} or len(roles) == 4
    return "from" in roles and (dated or addressed) and bool(roles & {"sent", "subject"})


def _is_unknown_block(fields: list[tuple[str, str]]) -> bool:
    """Four fields in no known language: the first has the sender, one of the next two the time."""
    if len(fields) < 4 or "@" not in fields[0][1]:
        return False
    return any(CLOCK.search(value) and "@" not in value for _, value in fields[1:3])


def _fields(lines: Sequence[Line], index: int) -> tuple[list[tuple[str, str]], int]:
    """Role ("" when unknown) and value of the fields that stand together from here on, and their lines."""
    found: list[tuple[str, str]] = []
    blanks = length = 0
    for count, line in enumerate(lines[index : index + _MAX_BLOCK_LINES], 1):
        field = _field(line)
        if field:
            found.append(field)
            blanks, length = 0, count
        elif line.words and not (found and _continues(line, found[-1][1], blanks)):
            break
        else:
            blanks += not line.words
            if not found or blanks > 1:
                break
    return found, length


def _field(line: Line) -> tuple[str, str] | None:
    match = _FIELD.match(line.words)
    cells = None if match else _TABLE_FIELD.match(line.text.strip()[:340])
    found = match or cells
    if found is None:
        return None
    label = found[1].strip(" *_").lower()
    role = _ROLE.get(label, "")
    return (role, found[2]) if role or (match and label.count(" ") <= 2) else None


def _continues(line: Line, value: str, blanks: int) -> bool:
    return not blanks and (line.text[:1] in " \t" or value.rstrip()[-1:] in (";", ",") or "@" in line.words)

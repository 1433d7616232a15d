"""What a person wrote anew in a reply, cut from what the mail program quoted below, above or between.

Line by line: each gets a kind, then the kinds decide. No pattern looks further than its own line, so that
hostile text costs no more than its length (R11).
"""

import re
import tomllib
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from typing import Any

MAX_LINES = 5_000
_ATTRIBUTION_LINES = 7
_ATTRIBUTION_CHARS = 400

_QUOTE = re.compile(r"^[ \t]{0,3}(?:>|\|[ ]|[A-Z]{1,3}>(?:[ >]|$))")
_MARKS = re.compile(r"^[ \t>]{0,60}")
_RULE = re.compile(r"^[ \t]{0,4}[*_]{0,2}(?:[-_=]{5,200}|(?:- ){5,60}-?)[*_]{0,2}[ \t]{0,4}$")
_DASHES = re.compile(r"^[ \t]{0,2}(?:--|—|__{1,60}|-- )[ \t]{0,4}$")
_FIELD = re.compile(r"^[ \t>]{0,8}[*_]{0,2}([^\W\d_][^:：*]{0,24}?)[*_]{0,2}[ ]?[:：][*_]{0,2}(?:\s|$)")
_FENCE = re.compile(r"^[ \t]{0,3}(?:```|~~~)")
_DATE_START = re.compile(r"^(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4})[ ,]{1,3}\d{1,2}:\d\d")
_ZONE = re.compile(r"\b(?:GMT|UTC)?[+-]\d\d:?\d\d\b")
_WHEN_OR_WHO = re.compile(r"\d{1,4}[:./年-]\d|\d{4}|[^\s<>@]{1,64}@[^\s<>@]{1,253}")
_NAME_AND_ADDRESS = re.compile(r"^[^<>@]{0,100}[<(\[](?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,253}")


class Kind(Enum):
    """What a line is."""

    BLANK = "blank"
    TEXT = "text"
    QUOTE = "quote"
    ATTRIBUTION = "attribution"
    FORWARD = "forward"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Cut:
    """`new_text`: what the person wrote, with quotations he answered between; `own_text`: without them."""

    new_text: str
    own_text: str


def _load() -> dict[str, Any]:
    return tomllib.loads((files("nurture.core") / "data" / "quotation.toml").read_text("utf-8"))


_DATA = _load()
_BEGINS = tuple({b for row in _DATA["attribution"] for b in row["begins"]})
_ENDS = tuple({e for row in _DATA["attribution"] for e in row["ends"]})
_PLAIN_ENDS = tuple(e for e in _ENDS if e not in (">:", "uhr:", "wrote"))
_FIELD_ROLE = {word: role for role, words in _DATA["fields"].items() for word in words}
_SEPARATORS = tuple(_DATA["separator"]["words"])
_SIGNATURES = tuple(_DATA["signature"]["begins"])


def cut(text: str) -> Cut:
    """The new text of a plain-text mail; the quoted words when there are no others."""
    lines = [line.rstrip() for line in text.replace("\u200b", "").split("\n")[:MAX_LINES]]
    kinds = _kinds(lines)
    kept = _keep(lines, kinds)
    new_text = _joined(lines[i] for i in kept)
    own_text = _joined(lines[i] for i in kept if kinds[i] is not Kind.QUOTE)
    return Cut(new_text, own_text)


def _joined(lines: Any) -> str:
    return "\n".join(lines).strip("\n").rstrip().removeprefix("\ufeff")


def _kinds(lines: list[str]) -> list[Kind]:
    kinds = [Kind.TEXT] * len(lines)
    fenced = False
    index = 0
    while index < len(lines):
        count = 1
        if _FENCE.match(lines[index]):
            fenced = not fenced and any(_FENCE.match(line) for line in lines[index + 1 : index + 500])
        elif not fenced:
            kind, count = _kind_at(lines, index)
            kinds[index : index + count] = [kind] * count
        index += count
    return kinds


def _kind_at(lines: list[str], index: int) -> tuple[Kind, int]:
    line = lines[index]
    if not line.strip(" \t\xa0"):
        return Kind.BLANK, 1
    if count := _attribution_length(lines, index):
        return Kind.ATTRIBUTION, count
    if _QUOTE.match(line):
        return Kind.QUOTE, 1
    if _is_forward(lines, index):
        return Kind.FORWARD, 1
    if _DASHES.match(line) or line.strip().lower().lstrip("*_[").startswith(_SIGNATURES):
        return Kind.SIGNATURE, 1
    return Kind.TEXT, 1


def _attribution_length(lines: list[str], index: int) -> int:
    """How many lines from here are one "On … wrote:", which mail programs wrap; 0 when it is none."""
    quoted = lines[index].lstrip().startswith(">")
    joined = ""
    for count, line in enumerate(lines[index : index + _ATTRIBUTION_LINES], 1):
        bare = (_MARKS.sub("", line[:_ATTRIBUTION_CHARS]) if quoted else line[:_ATTRIBUTION_CHARS]).strip()
        if _may_begin_attribution(bare) if count == 1 else not _begins_dated(bare):
            joined = f"{joined} {bare}".strip()
        else:
            return 0
        if len(joined) > _ATTRIBUTION_CHARS:
            return 0
        if _is_attribution(joined):
            return count
    return 0


def _may_begin_attribution(bare: str) -> bool:
    low = bare.lower()
    return bool(
        _begins_dated(bare)
        or _DATE_START.match(bare)
        or _NAME_AND_ADDRESS.match(bare)
        or low.endswith(_PLAIN_ENDS)
    )


def _begins_dated(bare: str) -> bool:
    return bare.lower().startswith(_BEGINS) and (any(c.isdigit() for c in bare) or "@" in bare)


def _is_attribution(joined: str) -> bool:
    low = joined.lower().rstrip("* ")
    if _DATE_START.match(joined):
        return low.endswith((*_ENDS, ">:")) or (_ZONE.search(joined) is not None and "<" not in joined)
    if not _WHEN_OR_WHO.search(joined):
        return False
    if low.endswith(_PLAIN_ENDS):
        return low.startswith(_BEGINS) or _NAME_AND_ADDRESS.match(joined) is not None or _has_date(joined)
    return low.endswith(_ENDS) and " schr" in low or low.endswith((">:", "wrote")) and _has_both(low)


def _has_date(joined: str) -> bool:
    return sum(c.isdigit() for c in joined) >= 5


def _has_both(low: str) -> bool:
    return low.startswith(_BEGINS) and "@" in low and _has_date(low)


def _is_forward(lines: list[str], index: int) -> bool:
    """The header block of another mail, or the line that announces it."""
    bare = lines[index].strip(" \t>*-_=").lower()
    if bare.startswith(_SEPARATORS) and (len(bare) < 60 and lines[index].lstrip(" >")[:1] in "-_=*"):
        return True
    if _RULE.match(lines[index]):
        following = [i for i in range(index + 1, min(index + 4, len(lines))) if lines[i].strip()]
        return bool(following) and _is_field_block(lines, following[0])
    return _is_field_block(lines, index)


def _is_field_block(lines: list[str], index: int) -> bool:
    roles: set[str] = set()
    if not _role(lines[index]):
        return False
    for line in lines[index : index + 8]:
        if line.strip() and not (role := _role(line)):
            break
        if line.strip():
            roles.add(role)
    return len(roles) >= 3 or roles >= {"from", "sent"} or roles >= {"from", "subject"}


def _role(line: str) -> str:
    match = _FIELD.match(line[:200])
    return _FIELD_ROLE.get(match[1].strip(" *_").lower(), "") if match else ""


def _keep(lines: list[str], kinds: list[Kind]) -> list[int]:
    """The indexes of the lines that are new."""
    order = _drop_leading(list(range(len(lines))), kinds)
    end = _end_of_new(order, kinds)
    kept = [i for i in order[:end] if kinds[i] is not Kind.ATTRIBUTION]
    while kept and kinds[kept[-1]] in (Kind.QUOTE, Kind.BLANK):
        kept.pop()
    if kept:
        return kept
    quotes = [i for i, kind in enumerate(kinds) if kind is Kind.QUOTE]
    return quotes if any(_MARKS.sub("", lines[i]) for i in quotes) else []


def _drop_leading(order: list[int], kinds: list[Kind]) -> list[int]:
    """Without a quotation that stands above all new text, and its attribution."""
    start = 0
    while start < len(order) and kinds[order[start]] in (Kind.BLANK, Kind.ATTRIBUTION, Kind.QUOTE):
        start += 1
    return order[start:] if start < len(order) else order


def _end_of_new(order: list[int], kinds: list[Kind]) -> int:
    """Where the new text ends: at a signature, a forwarded mail, or a quotation with nothing new below."""
    seen_text = False
    for place, i in enumerate(order):
        kind = kinds[i]
        if kind in (Kind.SIGNATURE, Kind.FORWARD) and seen_text:
            return place
        if kind is Kind.ATTRIBUTION and seen_text and not _is_quoted_below(order, place, kinds):
            return place
        seen_text = seen_text or kind is Kind.TEXT
    return len(order)


def _is_quoted_below(order: list[int], place: int, kinds: list[Kind]) -> bool:
    below = (kinds[i] for i in order[place:] if kinds[i] not in (Kind.ATTRIBUTION, Kind.BLANK))
    return next(below, None) is Kind.QUOTE

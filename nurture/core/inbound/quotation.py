"""What a person wrote anew in a reply, cut from what the mail program quoted below, above or between.

Line by line: each gets a kind, then the kinds decide. No pattern looks further than its own line, so that
hostile text costs no more than its length (R11).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from nurture.core.inbound.attribution import find_attributions
from nurture.core.inbound.header_block import is_rule, opening_length
from nurture.core.inbound.lines import Line, read_lines
from nurture.core.inbound.signature import begins_signature, is_banner, is_program_line, split_closing

_FENCE = re.compile(r"^[ \t]{0,3}(?:```|~~~)")
_LONG_LINE = 60


class Kind(Enum):
    """What a line is."""

    BLANK = "blank"
    TEXT = "text"
    QUOTE = "quote"
    ATTRIBUTION = "attribution"
    OTHER_MAIL = "other mail"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Cut:
    """`new_text`: what the person wrote, with the quotations he answered between. `own_text`: the new text
    without quotations, closing and notices. `quoted_text`: what others wrote, with its marks and the lines
    above it. `signature`: the closing of the letter and what programs and companies put below."""

    new_text: str
    own_text: str
    quoted_text: str = ""
    signature: str = ""


def cut(text: str) -> Cut:
    """The parts of a plain-text mail. The quoted words are the new text when there are no others."""
    lines = read_lines(text)
    kinds = _kinds(lines)
    kept = _keep(lines, kinds)
    own, closing = _own(lines, kinds, kept)
    gone = sorted(set(range(len(lines))) - set(kept))
    return Cut(
        _joined(lines, kept),
        _joined(lines, own),
        _joined(lines, (i for i in gone if kinds[i] is not Kind.SIGNATURE)),
        _joined(
            lines, [*closing, *(i for i in gone if kinds[i] is Kind.SIGNATURE and not _is_bar(lines[i]))]
        ),
    )


def _is_bar(line: Line) -> bool:
    """Nothing but dashes, underscores or stars."""
    return bool(line.text) and not line.text.strip("-–—_=*~ ")


def _joined(lines: Sequence[Line], chosen: Iterable[int]) -> str:
    return "\n".join(lines[i].text for i in chosen).strip("\n").rstrip().removeprefix("\ufeff")


def _own(lines: Sequence[Line], kinds: Sequence[Kind], kept: Sequence[int]) -> tuple[list[int], list[int]]:
    """The lines a person's meaning is read from, and those of the closing."""
    own = [i for i in kept if kinds[i] is not Kind.QUOTE and not is_banner(lines[i])]
    end = split_closing([lines[i] for i in own])
    return own[:end], own[end:]


def _kinds(lines: Sequence[Line]) -> list[Kind]:
    fenced = _fenced(lines)
    kinds = [Kind.TEXT if i in fenced else _kind(lines, i) for i in range(len(lines))]
    _mark_openings(lines, kinds, fenced)
    for span in find_attributions(lines):
        if not fenced.intersection(span):
            kinds[span.start : span.stop] = [Kind.ATTRIBUTION] * len(span)
    _join_broken_quotes(lines, kinds)
    _spread_signatures(lines, kinds)
    return kinds


def _fenced(lines: Sequence[Line]) -> set[int]:
    """The lines of code between fences; an open fence fences nothing."""
    marks = [i for i, line in enumerate(lines) if _FENCE.match(line.text)]
    return {i for a, b in zip(marks[::2], marks[1::2], strict=False) for i in range(a, b + 1)}


def _kind(lines: Sequence[Line], index: int) -> Kind:
    line = lines[index]
    if line.blank:
        return Kind.BLANK
    if line.quoted:
        return Kind.QUOTE
    if begins_signature(lines, index) or is_program_line(line):
        return Kind.SIGNATURE
    return Kind.TEXT


def _mark_openings(lines: Sequence[Line], kinds: list[Kind], fenced: set[int]) -> None:
    index = 0
    while index < len(lines):
        length = 0 if index in fenced or lines[index].blank else opening_length(lines, index)
        kind = Kind.ATTRIBUTION if lines[index].quoted else Kind.OTHER_MAIL
        kinds[index : index + length] = [kind] * length
        index += max(1, length)


def _join_broken_quotes(lines: Sequence[Line], kinds: list[Kind]) -> None:
    """A long quoted line that was wrapped without a mark: its rest stands alone between quoted lines."""
    for i in range(1, len(lines) - 1):
        if kinds[i] is Kind.TEXT and kinds[i - 1] is kinds[i + 1] is Kind.QUOTE:
            above = lines[i - 1].words
            if len(above) > _LONG_LINE and above[-1] not in ".?!:" and lines[i].words[:1].islower():
                kinds[i] = Kind.QUOTE


def _spread_signatures(lines: Sequence[Line], kinds: list[Kind]) -> None:
    """A signature goes on to the next quotation or the end. With no words above, a phone's line is alone,
    and dashes are only dashes."""
    seen = inside = False
    for i, kind in enumerate(kinds):
        if kind is Kind.SIGNATURE and not seen:
            kinds[i] = kind if is_program_line(lines[i]) else Kind.TEXT
        elif kind is Kind.SIGNATURE:
            inside = True
        elif kind in (Kind.QUOTE, Kind.ATTRIBUTION, Kind.OTHER_MAIL):
            inside = False
        elif inside:
            kinds[i] = Kind.SIGNATURE
        seen = seen or kind is Kind.TEXT


def _keep(lines: Sequence[Line], kinds: Sequence[Kind]) -> list[int]:
    """The indexes of the lines that are new."""
    gone = (Kind.ATTRIBUTION, Kind.SIGNATURE, Kind.OTHER_MAIL)
    span = range(_start_of_new(kinds), _end_of_new(kinds))
    kept = [i for i in span if kinds[i] not in gone]
    while kept and kinds[kept[0]] in (Kind.QUOTE, Kind.BLANK) and not lines[kept[0]].words:
        del kept[0]
    while kept and (kinds[kept[-1]] in (Kind.QUOTE, Kind.BLANK) or _is_rule_above_cut(kept, lines)):
        kept.pop()
    return kept if any(kinds[i] is Kind.TEXT for i in kept) else _rest(lines, kinds)


def _is_rule_above_cut(kept: Sequence[int], lines: Sequence[Line]) -> bool:
    return len(kept) > 1 and kept[-1] + 1 < len(lines) and is_rule(lines[kept[-1]])


def _rest(lines: Sequence[Line], kinds: Sequence[Kind]) -> list[int]:
    """Where nobody wrote anew: all but the lines that programs wrote."""
    rest = [i for i, kind in enumerate(kinds) if kind in (Kind.QUOTE, Kind.TEXT, Kind.BLANK)]
    return rest if any(lines[i].words for i in rest) else []


def _start_of_new(kinds: Sequence[Kind]) -> int:
    """Below a quotation that a mail program put above all new text, unless it is answered in pieces.

    A quotation nobody introduced is an excerpt the person chose.
    """
    above = (Kind.BLANK, Kind.ATTRIBUTION, Kind.QUOTE, Kind.SIGNATURE)
    start = next((i for i, kind in enumerate(kinds) if kind not in above), len(kinds))
    introduced = Kind.ATTRIBUTION in kinds[:start]
    ends = (i for i in range(start, len(kinds)) if kinds[i] in (Kind.ATTRIBUTION, Kind.OTHER_MAIL))
    answered_in_pieces = Kind.QUOTE in kinds[start : next(ends, len(kinds))]
    return start if introduced and not answered_in_pieces else 0


def _end_of_new(kinds: Sequence[Kind]) -> int:
    """Where the new text ends: at another mail, or at an attribution with no marked quotation below."""
    seen = False
    for i, kind in enumerate(kinds):
        if kind is Kind.OTHER_MAIL and seen:
            return i
        if kind is Kind.ATTRIBUTION and seen and not _is_quoted_below(kinds, i):
            return i
        seen = seen or kind is Kind.TEXT
    return len(kinds)


def _is_quoted_below(kinds: Sequence[Kind], index: int) -> bool:
    below = (k for k in kinds[index:] if k not in (Kind.ATTRIBUTION, Kind.BLANK))
    return next(below, None) is Kind.QUOTE

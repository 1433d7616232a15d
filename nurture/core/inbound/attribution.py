"""The line above a quotation ("On … wrote:"), known by what it is made of: a date, a clock, a name with its
address, a verb of writing, a colon. Mail programs wrap it, so it is looked for from its end upward.
"""

import re
from collections.abc import Sequence

from nurture.core.inbound.lines import CLOCK, Line, load_data

_MAX_LINES = 6
_MAX_CHARS = 400
_FIRST_WITHOUT_BLANKS = "\u0e00"  # Thai; Korean, Chinese and Japanese come after it

_ROWS = load_data("quotation")["attribution"]
_BEGINS = tuple({begin for row in _ROWS for begin in row["begins"]})
_VERBS = tuple(sorted({verb for row in _ROWS for verb in row["verbs"]}, key=len, reverse=True))


def _any_of(words: Sequence[str]) -> str:
    """One pattern for words that stand alone, and for those of scripts without blanks anywhere."""
    alone = "|".join(re.escape(word) for word in words if word[0] < _FIRST_WITHOUT_BLANKS)
    inside = "|".join(re.escape(word) for word in words if word[0] >= _FIRST_WITHOUT_BLANKS)
    return rf"(?<!\w)(?:{alone})(?!\w)|{inside}"


_VERB = re.compile(_any_of(_VERBS))
_INLINE = re.compile(rf"(?:{_any_of(_VERBS)})[ \xa0]?:(?=[ \t\xa0]{{2,20}}\S)")
_DATE = re.compile(r"(?<!\d)\d{4}(?!\d)|(?<!\d)\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}(?!\d)")
_ADDRESS = re.compile(r"(?<![^\s<>()\[\]@\"';:,])[^\s<>()\[\]@\"';:,]{1,200}@[^\s<>()\[\]@\"';:,]{1,253}")
_IN_BRACKETS = re.compile(r"[<(\[][^<>()\[\]@]{0,80}@[^\s<>()\[\]@]{1,253}\s?[>)\]]")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d[ ,]{1,3}\d{1,2}:\d\d(?::\d\d)? (?:gmt|utc)?[+-]\d\d:?\d\d\b")
_DATED = re.compile(r"^[^\W\d]{1,14}[.,]{0,2} (?:[^\W\d]{1,12}[.,]{0,2} ){0,2}\d")
_STATES_END = re.compile(r"[^\W\d]{5}\.$|[!?…:：]$")
_STATES_MORE = re.compile(r"^\.|[^\W\d]{3}\. [^\W\d]")
_DECORATION = "-–—‐=*_ "


def find_attributions(lines: Sequence[Line]) -> list[range]:
    """The lines of each attribution, in order."""
    found: list[range] = []
    for end, line in enumerate(lines):
        if _may_end(line) and (start := _start(lines, end, found[-1].stop if found else 0)) is not None:
            found.append(range(start, end + 1))
    return found


def _may_end(line: Line) -> bool:
    low = line.low.rstrip(_DECORATION + "\"'»>)")
    if line.low.endswith((":", "：")) or low.endswith((":", "：")) or low.endswith(_VERBS):
        return True
    return _STAMP.match(line.low) is not None or _INLINE.search(line.text[:_MAX_CHARS].lower()) is not None


def _start(lines: Sequence[Line], end: int, floor: int) -> int | None:
    """The first line of the attribution that ends here, or None when none does."""
    found = weak = None
    if is_attribution(_words(lines[end]), above_quote=_stands_above_quote(lines, end)):
        weak = end
    joined = ""
    for index in range(end, max(floor, end - _MAX_LINES) - 1, -1):
        line = lines[index]
        if not _may_precede(line, joined, lines[end]):
            break
        below, joined = joined, f"{_words(line)} {joined}".strip()
        if len(joined) > _MAX_CHARS:
            break
        complete = is_attribution(joined)
        if complete and (found is None or _is_start(line.low) or _is_first_name(lines, index, below)):
            found = index
        above = lines[index - 1].low if index > floor else ""
        if complete and _DATE.search(joined) and not _goes_on_above(joined, above):
            break
    return weak if found is None else found


def _goes_on_above(joined: str, above: str) -> bool:
    """The name, or the name with its address, stands on the line above."""
    return joined.startswith("<") or (not _ADDRESS.search(joined) and _is_name(above))


def _is_start(low: str) -> bool:
    return _begins_dated(low) or _is_name(low)


def _is_first_name(lines: Sequence[Line], index: int, below: str) -> bool:
    """The name was wrapped before "<ann@example.org> wrote:"."""
    return below.startswith("<") and bool(lines[index].words and lines[index + 1].words)


def _is_name(low: str) -> bool:
    """Little more than a name with its address."""
    address = _IN_BRACKETS.search(low)
    return address is not None and len(low) - len(address[0]) <= 60


def _words(line: Line) -> str:
    inline = _INLINE.search(line.text[:_MAX_CHARS].lower())
    return line.text[: inline.end()].strip().lower() if inline else line.low


def _may_precede(line: Line, joined: str, last: Line) -> bool:
    """Whether a line can be the one above what is joined so far: same depth, no sentence ends here."""
    if not joined:
        return True
    if not line.words:
        return not line.quoted and (joined.startswith("<") or _VERB.match(joined) is not None)
    return line.quoted == last.quoted and not _STATES_END.search(line.low[-40:])


def _stands_above_quote(lines: Sequence[Line], end: int) -> bool:
    below = next((line for line in lines[end + 1 : end + 4] if line.words or line.quoted), None)
    if below is None or not below.quoted:
        return False
    return not lines[end].quoted or below.text.count(">", 0, 40) > lines[end].text.count(">", 0, 40)


def _begins_dated(low: str) -> bool:
    low = low.lstrip(_DECORATION)
    head = low[:45]
    return (
        low.startswith(_BEGINS)
        and any(c.isdigit() for c in head)
        or bool(_DATED.match(low) or _DATE.match(low))
    )


def is_attribution(joined: str, *, above_quote: bool = False) -> bool:
    """Whether lower-case words, joined to one line, are an attribution; a marked quotation below helps."""
    body = joined.rstrip(_DECORATION + "\"'»")
    colon = body.endswith((":", "："))
    verb = _VERB.search(joined) is not None
    date, clock = _DATE.search(joined) is not None, CLOCK.search(joined) is not None
    if _STAMP.match(joined) and "<" not in joined:
        return True
    if verb and _ADDRESS.search(joined) and (colon or (date and body.endswith(_VERBS))):
        return True
    if verb and date and (clock or _begins_dated(joined)) and colon:
        return len(joined) <= 160
    if date and clock and colon and _ends_with_address_or_time(body):
        return True
    if not above_quote or len(joined) > 120:
        return False
    if not colon:
        return verb and date and clock
    return verb or _ends_with_address_or_time(body) or (date and clock and _begins_dated(joined))


def _ends_with_address_or_time(body: str) -> bool:
    """Of a language whose verb is not known: little stands between the address and the colon."""
    address = _IN_BRACKETS.search(body)
    if address is None:
        return False
    rest = body[address.end() :].rstrip(":： ")
    if _STATES_MORE.search(rest):
        return False
    return len(rest) <= 30 or (rest[-1:].isdigit() and len(rest) <= 60)

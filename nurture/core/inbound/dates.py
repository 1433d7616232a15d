"""Dates in people's words, relative to a given moment: "back on 3 March", "bis 3. März", "not before Q3"."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

MAX_CHARS = 10_000
FURTHEST = timedelta(days=366)
_JUST_GONE = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A day, and where in the text its words stand."""

    day: date
    start: int
    end: int


def _load() -> dict[str, Any]:
    return tomllib.loads((files("nurture.core") / "data" / "dates.toml").read_text("utf-8"))


_DATA = _load()


def _number_of(table: str) -> dict[str, int]:
    return {word: int(number) for number, words in _DATA[table].items() for word in words}


def _any_of(words: Any) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


_MONTHS, _WEEKDAYS, _NUMBERS = _number_of("months"), _number_of("weekdays"), _number_of("numbers")
_UNITS = {word: unit for unit, words in _DATA["units"].items() for word in words}
_CUES = {name: tuple(words) for name, words in _DATA["cues"].items()}
_LONG_MONTHS = [m for m in _MONTHS if len(m) > 3 or m == "may" or m == "mai"]

_YEAR = r"(?:(?:,| de|,? of)? ?(20\d\d))?"
_ISO = re.compile(r"(?<!\d)(20\d\d)-(\d\d)-(\d\d)(?!\d)")
_DAY_MONTH = re.compile(
    rf"(?<![\d.])(\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?(?: of| de)? ?({_any_of(_MONTHS)})(?!\w)\.?{_YEAR}"
)
_MONTH_DAY = re.compile(
    rf"(?<!\w)({_any_of(_MONTHS)})\.? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?![\w:]){_YEAR}"
)
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\. ?(\d{1,2})\.(?: ?(20\d\d|\d\d)(?![\d:.]))?")
_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:/(20\d\d|\d\d))?(?![\d/])")
_IDEOGRAPHIC = re.compile(r"(?:(20\d\d) ?[年년] ?)?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]")
_WEEKDAY = re.compile(rf"(?<!\w)({_any_of(_WEEKDAYS)})(?!\w)")
_QUARTER = re.compile(r"(?<!\w)(?:q([1-4])|([1-4])\. quartal|([1-4])(?:st|nd|rd|th) quarter)(?!\w)" + _YEAR)
_NEXT = re.compile(rf"(?<!\w)(?:{_any_of(_CUES['next'])}) ({_any_of(_UNITS)})(?!\w)")
_IN_SOME = re.compile(
    rf"(?<!\w)in (?:about |etwa |ca\. )?(\d{{1,2}}|{_any_of(_NUMBERS)}) ({_any_of(_UNITS)})(?!\w)"
)
_BARE_MONTH = re.compile(
    r"(?<!\w)(?:in|after|before|until|till|by|from|early|mid|late|of|since|next|im|ab|nach|vor|bis|anfang|mitte"
    rf"|ende|en|à partir de|dopo)[ -](?:the |dem |den |der )?({_any_of(_LONG_MONTHS)})(?!\w)"
    rf"(?! \d{{1,2}}(?!\d)){_YEAR}"
)
_YEAR_END = re.compile(r"(?<!\w)(?:end of (?:the |this )?year|year[- ]end|jahresende|ende des jahres)(?!\w)")
_NEW_YEAR = re.compile(r"(?<!\w)(?:the new year|im neuen jahr|neues jahr|neuen jahr)(?!\w)")


def find_return_date(text: str, now: datetime) -> date | None:
    """The day on which an absent person is back: in the future, at most a year ahead."""
    low, today = text[:MAX_CHARS].lower(), now.date()
    found = [f for f in _days(low, today) if today < f.day <= today + FURTHEST]
    weekdays = [
        f for f in (*_weekdays(low, today), *_next_units(low, today)) if _cue(low, f, "back", "until")
    ]
    for cues in (("back",), ("until",)):
        marked = [f for f in found if _cue(low, f, *cues)] or [f for f in weekdays if _cue(low, f, *cues)]
        if marked:
            return max(f.day for f in marked)
    return max((f.day for f in found), default=None)


def find_timeline(text: str, now: datetime) -> date | None:
    """The first day of the time that a person names ("after March" is 1 April); None if it has passed."""
    low, today = text[:MAX_CHARS].lower(), now.date()
    found = [*_days(low, today), *_spans(low, today), *_next_units(low, today)]
    ahead = [f for f in found if today < f.day <= today + 2 * FURTHEST]
    return min(ahead, key=lambda f: f.start).day if ahead else None


def _days(low: str, today: date) -> Iterator[FoundDate]:
    for match in _ISO.finditer(low):
        yield from _found(match, today, match[1], int(match[2]), int(match[3]))
    for match in _DAY_MONTH.finditer(low):
        yield from _found(match, today, match[3], _MONTHS[match[2]], int(match[1]))
    for match in _MONTH_DAY.finditer(low):
        yield from _found(match, today, match[3], _MONTHS[match[1]], int(match[2]))
    for match in _DOTTED.finditer(low):
        yield from _found(match, today, match[3], int(match[2]), int(match[1]))
    for match in _IDEOGRAPHIC.finditer(low):
        yield from _found(match, today, match[1], int(match[2]), int(match[3]))
    for match in _SLASHED.finditer(low):
        one, two = int(match[1]), int(match[2])
        if one > 12 or one == two:
            yield from _found(match, today, match[3], two, one)
        elif two > 12:
            yield from _found(match, today, match[3], one, two)


def _found(match: re.Match[str], today: date, year: str | None, month: int, day: int) -> Iterator[FoundDate]:
    """Without a year the next such day; not a day just gone, which nobody means for next year."""
    years = [int(year) % 100 + 2000] if year else [today.year, today.year + 1]
    for candidate in years:
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if not year and today - _JUST_GONE < found <= today:
            return
        if year or found > today:
            yield FoundDate(found, match.start(), match.end())
            return


def _weekdays(low: str, today: date) -> Iterator[FoundDate]:
    for match in _WEEKDAY.finditer(low):
        ahead = (_WEEKDAYS[match[1]] - today.weekday() - 1) % 7 + 1
        yield FoundDate(today + timedelta(days=ahead), match.start(), match.end())


def _next_units(low: str, today: date) -> Iterator[FoundDate]:
    for match in _NEXT.finditer(low):
        yield FoundDate(_start_of_next(_UNITS[match[1]], today), match.start(), match.end())
    for match in _IN_SOME.finditer(low):
        count = int(match[1]) if match[1].isdigit() else _NUMBERS[match[1]]
        yield FoundDate(_later(today, count, _UNITS[match[2]]), match.start(), match.end())


def _spans(low: str, today: date) -> Iterator[FoundDate]:
    for match in _QUARTER.finditer(low):
        month = 3 * int(match[1] or match[2] or match[3]) - 2
        yield _start_of(match, low, today, match[4], month, 3)
    for match in _BARE_MONTH.finditer(low):
        yield _start_of(match, low, today, match[2], _MONTHS[match[1]], 1)
    for match in (*_NEW_YEAR.finditer(low), *_YEAR_END.finditer(low)):
        yield FoundDate(date(today.year + 1, 1, 1), match.start(), match.end())


def _start_of(
    match: re.Match[str], low: str, today: date, year: str | None, month: int, months: int
) -> FoundDate:
    begin = date(int(year) if year else today.year, month, 1)
    if not year and _months_later(begin, months) <= today:
        begin = begin.replace(year=begin.year + 1)
    before = low[max(0, match.start() - 10) : match.end()]
    if any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", before) for word in _CUES["after"]):
        begin = _months_later(begin, months)
    return FoundDate(begin, match.start(), match.end())


def _start_of_next(unit: str, today: date) -> date:
    if unit == "week":
        return today + timedelta(days=7 - today.weekday())
    if unit == "month":
        return _months_later(today.replace(day=1), 1)
    if unit == "quarter":
        return _months_later(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), 3)
    return date(today.year + 1, 1, 1) if unit == "year" else today + timedelta(days=1)


def _later(today: date, count: int, unit: str) -> date:
    days = {"day": 1, "week": 7}.get(unit)
    if days:
        return today + timedelta(days=count * days)
    return _months_later(today, count * {"month": 1, "quarter": 3}.get(unit, 12))


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, min(day.day, 28))


def _cue(low: str, found: FoundDate, *names: str) -> bool:
    """Whether a word such as "back" or "until" stands shortly before the date, or right behind it."""
    words = [word for name in names for word in _CUES[name]]
    before = low[max(0, found.start - 40) : found.start]
    behind = low[found.end : found.end + 30]
    return any(_stands_in(word, before) or _stands_in(word, behind) for word in words)


def _stands_in(word: str, words: str) -> bool:
    """Short words whole, longer ones as the beginning of a word, for their endings."""
    if not word.isascii() and not word[0].isalpha() or ord(word[0]) > 0x0600:
        return word in words
    return re.search(rf"(?<!\w){re.escape(word)}" + (r"(?!\w)" if len(word) < 5 else ""), words) is not None

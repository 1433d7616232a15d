"""Times named by words: "next Monday", "Q3", "in two weeks", "Ende August", "after Easter"."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from nurture.core.inbound.calendar import Mark, unit_name
from nurture.core.inbound.day import DayReader, is_range
from nurture.core.inbound.span import (
    DAY,
    Order,
    Span,
    easter_span,
    later,
    months_later,
    part_of,
    start_of_next,
)

_NUMBERED = ("q", "t", "h", "s")  # Q3, trimestre 3, H2, semestre 2
_GLUE = ("fill", "the", "mark")
_SEASONS = {
    "spring": (3, 1, 5, 31), "summer": (6, 1, 8, 31), "autumn": (9, 1, 11, 30), "winter": (12, 1, 2, 28),
    "christmas": (12, 24, 12, 26), "holidays": (12, 24, 1, 1), "new_year": (1, 1, 1, 1),
    "year_end": (1, 1, 1, 1),
}  # fmt: skip


def read_spans(marks: tuple[Mark, ...], today: date, order: Order) -> tuple[Span, ...]:
    """Every time that the marks name, in order; days and months in numbers stand in this `order`."""
    return tuple(_close_ranges(marks, _Reader(marks, today, order)))


def _close_ranges(marks: tuple[Mark, ...], reader: "_Reader") -> Iterator[Span]:
    """Ends of ranges are marked as such, and "3–17 August", "August 3–17" read whole."""
    index, before = 0, None
    while index < len(marks):
        mark = marks[index]
        says = mark.digits or mark.senses or mark.text in _NUMBERED
        span = reader.read(index, before) if says else None
        if span is None:
            index += 1
            continue
        if before is not None and is_range(marks[before.end : span.start]):
            span = _after_start(replace(span, ranged=True), before)
        yield span
        before, index = span, span.end


def _after_start(span: Span, start: Span) -> Span:
    """An end that was read as before its beginning is a week later, or a year."""
    if span.first >= start.first:
        return span
    ahead = 7 * DAY if span.form == "weekday" else timedelta(days=365)
    first = span.first + ahead if span.form == "weekday" else months_later(span.first, 12)
    return replace(span, first=first, last=first if span.first == span.last else span.last + ahead)


class _Reader(DayReader):
    def read(self, at: int, before: Span | None) -> Span | None:
        """The time named at this mark; `before` is the last one read."""
        rules: tuple[Callable[[int], Span | None], ...] = (
            self._quarter, self._length, self._part, self._next, self._relative, self._weekday, self._month,
            self._season, self._year,
        )  # fmt: skip
        if (day := self.read_day(at, before)) is not None:
            return day
        return next((span for rule in rules if (span := rule(at)) is not None), None)

    def _quarter(self, at: int) -> Span | None:
        """Q3, T3, "3. Quartal", "second quarter", "zweites Halbjahr", H2."""
        number, unit, end = self._mark(at).senses.get("ordinals", self._mark(at).number), "", at + 2
        letter, behind = self._mark(at).text, self._mark(at + 1)
        if letter in _NUMBERED and behind.digits == 1 and not behind.apart:
            number, unit = behind.number, "quarter" if letter in "qt" else "half"
        elif number:
            at_unit = self._skip(at + 1, "mark", "fill")
            unit, end = unit_name(self._mark(at_unit)), at_unit + 1
        months = {"quarter": 3, "half": 6}.get(unit, 0)
        if not months or not 1 <= number <= 12 // months:
            return None
        year, end = self._year_behind(end)
        return self._months(year, months * (number - 1) + 1, months, at, end)

    def _length(self, at: int) -> Span | None:
        """Two weeks, 14 days: counted from today."""
        count = self._mark(at).number or self._mark(at).senses.get("numbers", 0)
        unit = unit_name(self._mark(at + 1))
        if not 1 <= count <= 60 or not unit or self._mark(at).digits > 2:
            return None
        until = later(self._today, count, unit)
        return Span(until, until, at, at + 2, "length")

    def _part(self, at: int) -> Span | None:
        """Early March, mid-March, Ende März, "the end of the month"."""
        part = self._part_said(at)
        index = self._skip(at + 1, *_GLUE, "this", "at", signs="-")
        mark = self._mark(index)
        if not part or index - at > 4:
            return None
        if "months" in mark.senses:
            year, end = self._year_behind(index + 1)
            return part_of(self._months(year, mark.senses["months"], 1, at, end), part)
        following = self._next(index) or self._quarter(index)
        if following is not None:
            return part_of(replace(following, start=at), part)
        unit = unit_name(mark)
        if part != "end" or unit not in ("week", "month", "quarter", "half", "year"):
            return None
        after = start_of_next(unit, self._today)
        day = after if unit in ("week", "year") else after - DAY
        return Span(day, day, at, index + 1, "relative")

    def _part_said(self, at: int) -> str:
        return next((part for part in ("begin", "middle", "end") if self._mark(at).can_be(part)), "")

    def _next(self, at: int) -> Span | None:
        """Next week, la semaine prochaine, 来週, with a weekday in it: "Monday next week"."""
        mark, behind = self._mark(at), self._mark(at + 1)
        for unit in ("week", "month", "year"):
            if mark.can_be(f"next_{unit}"):
                return self._in_next(unit, at, at + 1)
        for one, other in ((mark, behind), (behind, mark)):
            if one.can_be("next") and unit_name(other):
                return self._in_next(unit_name(other), at, at + 2)
            if one.can_be("this") and unit_name(other) == "week" or mark.can_be("this_week"):
                return self._this("week", at, at + (1 if mark.can_be("this_week") else 2))
        return None

    def _this(self, unit: str, start: int, end: int) -> Span:
        after = start_of_next(unit, self._today) - DAY
        return Span(self._today, after, start, end, "span")

    def _in_next(self, unit: str, start: int, end: int) -> Span:
        first = start_of_next(unit, self._today)
        weekday = self._mark(end)
        if unit == "week" and "weekdays" in weekday.senses:
            day = first + weekday.senses["weekdays"] * DAY
            return Span(day, day, start, end + 1, "weekday")
        return Span(first, start_of_next(unit, first) - DAY, start, end, "span")

    def _relative(self, at: int) -> Span | None:
        for days, sense in enumerate(("today", "tomorrow", "overmorrow")):
            if self._mark(at).can_be(sense):
                day = self._today + days * DAY
                return Span(day, day, at, at + 1, "relative")
        return None

    def _weekday(self, at: int) -> Span | None:
        """The next such day; none where a date stands beside it."""
        if "weekdays" not in self._mark(at).senses or self._beside_date(at):
            return None
        weekday = self._mark(at).senses["weekdays"]
        if (dated := self._dated_weekday(at, weekday)) is not None:
            return dated
        ahead = (weekday - self._today.weekday() - 1) % 7 + 1
        day, end = self._today + ahead * DAY, at + 1
        behind = self._next(self._skip(end, "fill", "the", "at", signs=","))
        if behind is not None and behind.form == "span" and behind.first > self._today:
            day, end = behind.first + weekday * DAY, behind.end
        return Span(day, day, at, self._skip(end, "next", signs=""), "weekday")

    def _dated_weekday(self, at: int, weekday: int) -> Span | None:
        """Lunedì 24, Monday the 18th: the next day of that number that is such a weekday."""
        index = self._skip(at + 1, "the", "fill", "at", signs=",")
        number, behind = self._mark(index), self._mark(self._skip(index + 1, "mark"))
        if not 1 <= number.number <= 31 or number.digits > 2 or behind.can_be("clock", "unit", "months"):
            return None
        for ahead in range(1, 100):
            day = self._today + ahead * DAY
            if (day.day, day.weekday()) == (number.number, weekday):
                return Span(day, day, at, index + 1, "day")
        return None

    def _beside_date(self, at: int) -> bool:
        index = self._skip(at + 1, "fill", "the", "at", "mark", signs=",.(")
        rules = (self._ideographic, self._numeric, self._day_month, self._month_day)
        if index - at <= 5 and any(rule(index) for rule in rules):
            return True
        before = [mark for mark in self._marks[max(0, at - 3) : at] if mark.text not in (",", "(", ".")]
        return bool(before) and (before[-1].digits > 0 or before[-1].can_be("months", "day_sign", "mark"))

    def _month(self, at: int) -> Span | None:
        """In March, until September, nach dem August."""
        if "month_name" not in self._mark(at).senses or self._mark(at - 1).digits:
            return None
        near = [m for m in self._marks[max(0, at - 3) : at] if not m.can_be("the", "fill") or m.can_be("at")]
        cues = ("in", "at", "until", "last", "from", "after", "back", "next", "this", "to")
        year, end = self._year_behind(at + 1)
        behind, part = self._mark(end), self._part_said(end)
        told_behind = part or behind.can_be("until_behind", "from_behind") or unit_name(behind) == "month"
        if not year and not told_behind and not (near and near[-1].can_be(*cues)):
            return None
        # its part may end the absence too: Finnish "heinäkuun loppuun" is "until the end of July"
        return part_of(self._months(year, self._mark(at).senses["months"], 1, at, end), part)

    def _season(self, at: int) -> Span | None:
        if self._mark(at).can_be("easter"):
            return easter_span(self._today, at)
        name = next((name for name in _SEASONS if self._mark(at).can_be(name)), "")
        if not name:
            return None
        month, day, last_month, last_day = _SEASONS[name]
        year, end = self._year_behind(at + 1)
        year = year or self._today.year
        first = date(year, month, day)
        last = date(year + ((last_month, last_day) < (month, day)), last_month, last_day)
        if last < self._today:
            first, last = first.replace(year=year + 1), last.replace(year=last.year + 1)
        return Span(first, last, at, end, "season")

    def _year(self, at: int) -> Span | None:
        """The bare year of "in 2027"."""
        mark = self._mark(at)
        if mark.digits != 4 or not 2000 <= mark.number < 2100:
            return None
        if not self._mark(at - 1).can_be("in", "at", "until", "from", "begin", "end", "next"):
            return None
        return Span(date(mark.number, 1, 1), date(mark.number, 12, 31), at, at + 1, "span")

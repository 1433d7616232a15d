"""Days written in numbers and months: "3. März", "3/17/26", "8月3日", "August 3–17"."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta

from nurture.core.inbound.calendar import Mark
from nurture.core.inbound.span import DAY, Order, Span, months_later

_JUST_GONE = timedelta(days=60)
_CLOSING = ("to", "until", "last", "from_behind")
_RANGE_WORDS = (*_CLOSING, "from", "until_behind", "the", "fill", "weekdays", "at", "mark", "day_sign")
_GLUE = ("fill", "the", "mark")
_SIGNS = frozenset(".,()-'")
_NOTHING = Mark("", {}, 0, 0, False, -1)


def is_range(between: tuple[Mark, ...]) -> bool:
    """Whether between two times only words and signs of a range stand, one at least that says so."""
    said = any(mark.text == "-" or mark.can_be(*_CLOSING) for mark in between)
    return said and len(between) <= 6 and all(_in_range(mark) for mark in between)


def _in_range(mark: Mark) -> bool:
    return mark.text in _SIGNS or mark.can_be(*_RANGE_WORDS)


class DayReader:
    """Reads a day at a mark; without a year it is the next one, counted from `today`."""

    def __init__(self, marks: tuple[Mark, ...], today: date, order: Order) -> None:
        self._marks, self._today, self._order = marks, today, order

    def read_day(self, at: int, before: Span | None) -> Span | None:
        """The day told at this mark; `before` is the last time read."""
        rules = (self._open_range, self._ideographic, self._numeric, self._day_month, self._month_day)
        for rule in rules:
            if (span := rule(at)) is not None:
                return span
        return self._day_only(at, before)

    def _mark(self, at: int) -> Mark:
        return self._marks[at] if 0 <= at < len(self._marks) else _NOTHING

    def _skip(self, at: int, *senses: str, signs: str = ".") -> int:
        """The first mark from `at` on that is none of these."""
        while self._mark(at).can_be(*senses) or self._mark(at).text in tuple(signs):
            at += 1
        return at

    def _open_range(self, at: int) -> Span | None:
        """The end of "3. bis 17. August", told by its first number."""
        if (
            not 1 <= self._mark(at).number <= 31
            or self._mark(at - 1).text in (".", "/", "-")
            and not self._mark(at).apart
        ):
            return None
        behind = self._skip(at + 1, *_RANGE_WORDS, signs=".-,'(")
        between = self._marks[at + 1 : behind]
        if behind - at > 7 or not any(m.text == "-" or m.can_be(*_CLOSING) for m in between):
            return None
        rules = (self._ideographic, self._numeric, self._day_month)
        span = next((span for rule in rules if (span := rule(behind))), None)
        if span is None or self._mark(at).digits > 2 or between[0].text == "-" and self._is_chain(at):
            return None
        last = any(m.can_be("last") for m in between)
        return replace(span, start=behind if last else at, ranged=True)

    def _is_chain(self, at: int) -> bool:
        """Numbers all joined by dashes without blanks, as in 12-05-2026."""
        return (
            self._mark(at + 2).digits > 0 and self._mark(at + 3).text == "-" and not self._mark(at + 3).apart
        )

    def _ideographic(self, at: int) -> Span | None:
        year = self._mark(at).number if self._mark(at + 1).can_be("year_sign") else 0
        at_month = at + 2 if year else at
        if not self._mark(at_month).digits or not self._mark(at_month + 1).can_be("month_sign"):
            return None
        at_day = at_month + 2
        if not self._mark(at_day).digits:
            return self._whole_month(year, self._mark(at_month).number, at, at_day)
        end = at_day + 2 if self._mark(at_day + 1).can_be("day_sign") else at_day + 1
        return self._day(year, self._mark(at_month).number, self._mark(at_day).number, at, end)

    def _numeric(self, at: int) -> Span | None:
        """2026-03-05, 5.3., 05/03/2026, 5-3-2026."""
        first, sign, second = self._mark(at), self._mark(at + 1), self._mark(at + 2)
        if not first.digits or sign.text not in ("-", ".", "/") or not second.digits or second.digits > 2:
            return None
        if sign.apart or second.apart and sign.text != ".":
            return None
        third = self._mark(at + 4) if self._mark(at + 3).text == sign.text else _NOTHING
        if third.apart and (sign.text != "." or first.digits < 4 and third.digits not in (2, 4)):
            third = _NOTHING
        if first.digits == 4:
            return self._day(first.number, second.number, third.number, at, at + 5)
        if first.digits > 2:
            return None
        return self._numbered(at, first.number, second.number, third)

    def _numbered(self, at: int, first: int, second: int, third: Mark) -> Span | None:
        sign = self._mark(at + 1).text
        if third.digits in (2, 4):
            year, end = third.number % 100 + 2000, at + 5
        elif sign == "-" or third.digits or self._mark(at + 3).can_be("clock", "unit"):
            return None
        else:
            year, end = 0, at + 4 if self._mark(at + 3).text == "." and sign == "." else at + 3
        swap = second > 12 or self._order != "dmy" and first <= 12 and sign != "."
        day, month = (second, first) if swap else (first, second)
        return self._day(year, month, day, at, end)

    def _day_month(self, at: int) -> Span | None:
        """3 March 2026, 3rd of March, 3. März, le 1er mars."""
        if not self._mark(at).digits or self._mark(at).digits > 2:
            return None
        at_month = self._skip(at + 1, *_GLUE, signs=".-,")
        if at_month - at > 5 or "months" not in self._mark(at_month).senses:
            return None
        year, end = self._year_behind(at_month + 1)
        return self._day(year, self._mark(at_month).senses["months"], self._mark(at).number, at, end)

    def _month_day(self, at: int) -> Span | None:
        """March 3rd, 2026; 2026. március 3."""
        if "months" not in self._mark(at).senses:
            return None
        at_day = self._skip(at + 1, "the")
        day = self._mark(at_day)
        behind = self._mark(at_day + 1)
        if (
            not 1 <= day.digits <= 2
            or behind.can_be("clock", "unit", "months")
            or behind.text in (":", "%", "/")
        ):
            return None
        end = self._skip(at_day + 1, "mark", signs="")
        year, end = self._year_behind(end) if self._order != "ymd" else (0, end)
        if not year and self._order == "ymd" and self._mark(self._before(at)).digits == 4:
            year = self._mark(self._before(at)).number
        return self._day(year, self._mark(at).senses["months"], day.number, at, end)

    def _before(self, at: int) -> int:
        return at - 2 if self._mark(at - 1).text == "." else at - 1

    def _year_behind(self, at: int) -> tuple[int, int]:
        index = self._skip(at, "fill", signs=",.'/")
        year = self._mark(index)
        if index - at <= 2 and year.digits == 4 and 2000 <= year.number < 2100:
            return year.number, index + 1
        return 0, at

    def _day_only(self, at: int, before: Span | None) -> Span | None:
        """The 17 of "August 3–17", the 15 of "regreso el 15"."""
        mark, behind = self._mark(at), self._mark(self._skip(at + 1, "mark"))
        if not 1 <= mark.number <= 31 or behind.can_be("unit", "clock", "months", "month_sign", "numbers"):
            return None
        if mark.digits > 2 or behind.text in (":", "%", "/") or behind.digits and not behind.apart:
            return None
        end = (
            at + 2
            if self._mark(at + 1).can_be("mark", "day_sign") or self._mark(at + 1).text == "."
            else at + 1
        )
        if before is not None and before.form == "day" and is_range(self._marks[before.end : at]):
            month = before.first if mark.number >= before.first.day else months_later(before.first, 1)
            return self._day(month.year, month.month, mark.number, at, end)
        if not self._mark(at - 1).can_be("the", "until", "last") and not self._mark(at + 1).can_be(
            "day_sign"
        ):
            return None
        reach = 12 if self._mark(at + 1).can_be("day_sign") else 4
        near = self._marks[max(0, at - 4) : at] + self._marks[at + 1 : at + reach]
        if (
            any(
                m.can_be("until", "until_behind", "back", "ready", "last", "from", "from_behind")
                for m in near
            )
            and not behind.digits
        ):
            return self._next_such(mark.number, at, end)
        return None

    def _next_such(self, day: int, at: int, end: int) -> Span | None:
        for months in range(3):
            begin = months_later(self._today.replace(day=1), months)
            if day <= monthrange(begin.year, begin.month)[1] and begin.replace(day=day) >= self._today:
                return Span(begin.replace(day=day), begin.replace(day=day), at, end, "day")
        return None

    def _day(self, year: int, month: int, day: int, start: int, end: int) -> Span | None:
        """Without a year the next such day; a day just gone stays gone, for nobody means next year's."""
        for candidate in [year] if year else [self._today.year, self._today.year + 1]:
            try:
                found = date(candidate, month, day)
            except ValueError:
                continue
            if year or found > self._today - _JUST_GONE:
                return Span(found, found, start, end, "day")
        return None

    def _whole_month(self, year: int, month: int, start: int, end: int) -> Span | None:
        return self._months(year, month, 1, start, end) if 1 <= month <= 12 else None

    def _months(self, year: int, month: int, months: int, start: int, end: int) -> Span:
        first = date(year or self._today.year, month, 1)
        if not year and months_later(first, months) <= self._today:
            first = first.replace(year=first.year + 1)
        return Span(first, months_later(first, months) - DAY, start, end, "span")

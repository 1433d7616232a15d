"""Spans of days and the counting of days, weeks and months."""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

Form = Literal["day", "weekday", "relative", "length", "span", "season"]
Order = Literal["dmy", "mdy", "ymd"]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `first` to `last`, both included, named by the marks from `start` to before `end`.

    `length`: a number of days counted from the moment of writing. `ranged`: it closes "from … to …".
    """

    first: date
    last: date
    start: int
    end: int
    form: Form
    ranged: bool = False


def part_of(span: Span, part: str) -> Span:
    """The day on which the `begin`, `middle` or `end` of the span is; the span itself for another part."""
    if not part:
        return span
    if part == "begin":
        return replace(span, last=span.first)
    day = span.first + (span.last - span.first) / 2 if part == "middle" else span.last
    return replace(span, first=day, last=day)


def easter_span(today: date, at: int) -> Span:
    """From Good Friday to Easter Monday, by the Gregorian computation of Butcher (1876)."""
    for year in (today.year, today.year + 1):
        a, b, c = year % 19, year // 100, year % 100
        h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
        k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
        m = (a + 11 * h + 22 * k) // 451
        sunday = date(year, (h + k - 7 * m + 114) // 31, (h + k - 7 * m + 114) % 31 + 1)
        if sunday + DAY >= today:
            break
    return Span(sunday - 2 * DAY, sunday + DAY, at, at + 1, "season")


def start_of_next(unit: str, day: date) -> date:
    """The first day of the unit of time after the one that holds `day`."""
    if unit == "week":
        return day + timedelta(days=7 - day.weekday())
    if unit in ("month", "quarter", "half", "year"):
        months = {"month": 1, "quarter": 3, "half": 6, "year": 12}[unit]
        return months_later(date(day.year, (day.month - 1) // months * months + 1, 1), months)
    return day + DAY


def later(day: date, count: int, unit: str) -> date:
    """The day after that many units of time."""
    if unit == "workday":
        for _ in range(count):
            day = working_day(day + DAY)
        return day
    if unit in ("day", "week"):
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    return months_later(day, count * {"month": 1, "quarter": 3, "half": 6}.get(unit, 12))


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day


def months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    last = monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))

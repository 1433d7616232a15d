"""When somebody is back, and the time that somebody names: dates in people's words, relative to a moment."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Literal

from nurture.core.inbound.calendar import Mark, read_calendar, read_marks
from nurture.core.inbound.period import read_spans
from nurture.core.inbound.span import DAY, Order, Span, working_day

FURTHEST = timedelta(days=366)
_REACH = 60  # words; no sentence of a person is longer by much
INTENT_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")

# What a date is in its sentence: a return, an end of the absence, its last day, a day of it, its beginning.
Role = Literal["back", "until", "last", "away", "start", ""]


def find_return_date(text: str, now: datetime, languages: tuple[str, ...] = ("en",)) -> date | None:
    """The day on which an absent person is back: not in the past, at most a year ahead.

    `languages`: those that the note may be written in, the likeliest first. Where 05/03 may be read both
    ways, the nearer day counts.
    """
    found = [
        day
        for order in _orders(languages)
        if (day := _return_date(read_marks(text, languages), now.date(), order)) is not None
    ]
    return min(found, default=None)


def _orders(languages: Iterable[str]) -> tuple[Order, ...]:
    order = read_calendar(next(iter(languages)))["order"]
    return ("mdy", "dmy") if order == "either" else (order,)


def _return_date(marks: tuple[Mark, ...], today: date, order: Order) -> date | None:
    """Said to be back counts most, then the end of the absence, then the day of absence itself."""
    spans = read_spans(marks, today, order)
    roles = [(_role(marks, spans, index), span) for index, span in enumerate(spans)]
    start = next((span.first for role, span in roles if role == "start"), today)
    for wanted in (("back",), ("until", "last"), ("away",)):
        for role, span in roles:
            if role in wanted:
                day = _day_of(role, span, start, today)
                if today <= day <= today + FURTHEST:
                    return day
    return None


def _day_of(role: Role, span: Span, start: date, today: date) -> date:
    if span.form == "length" and role == "until":
        return start + (span.last - today)
    if role in ("last", "away") or role == "until" and span.last == today:
        return working_day(span.last + DAY)
    return span.first


def _role(marks: tuple[Mark, ...], spans: tuple[Span, ...], index: int) -> Role:
    span = spans[index]
    before, behind, is_last = _around(marks, spans, index)
    before = tuple(mark for mark in before if mark.text.isalnum() and not mark.can_be("weekdays"))
    near = marks[max(0, span.start - _REACH) : span.end + _REACH]
    sentence = [mark for mark in near if mark.sentence == marks[span.start].sentence]
    if _said(before[-3:], "last") or _said(behind[:3], "inclusive"):
        return "last"
    if span.ranged and span.form == "weekday" and not _said(sentence, "away"):
        return ""
    if span.form == "length":
        return _role_of_length(span, before, behind, sentence)
    if span.ranged or _said(before[-4:], "until") or _said(behind[:4], "until_behind"):
        return "until"
    if span.form == "season":
        return "last" if _said(before[-3:], "after") else ""
    returns = _said(before, "back", "back_then") or is_last and _said(behind, "back")
    ready = _said(before, "ready") or is_last and _said(behind, "ready") and not _said(before, "away")
    ready = ready and not _said(sentence, "not")
    if returns or ready:
        return "back"
    if _said(before[-3:], "from", "after") or _said(behind[:2], "from_behind"):
        return "start"
    return "away" if _said(sentence, "away") else ""


def _role_of_length(
    span: Span, before: tuple[Mark, ...], behind: tuple[Mark, ...], sentence: list[Mark]
) -> Role:
    if _said(before[-2:], "in", "after") or _said(behind[:1], "in", "after", "hence"):
        return "back" if _said(sentence, "back", "ready") else ""
    return "until" if _said(sentence, "away") else ""


def _around(
    marks: tuple[Mark, ...], spans: tuple[Span, ...], index: int
) -> tuple[tuple[Mark, ...], tuple[Mark, ...], bool]:
    """The marks of the sentence before and behind the span up to its neighbours; whether it is the last."""
    span = spans[index]
    sentence = marks[span.start].sentence
    begin = max(spans[index - 1].end if index else 0, span.start - _REACH)
    end = min(spans[index + 1].start if index + 1 < len(spans) else len(marks), span.end + _REACH)
    before = tuple(mark for mark in marks[begin : span.start] if mark.sentence == sentence)
    behind = tuple(mark for mark in marks[span.end : end] if mark.sentence == sentence)
    is_last = index + 1 == len(spans) or marks[spans[index + 1].start].sentence != sentence
    return before, behind, is_last


def _said(marks: Iterable[Mark], *senses: str) -> bool:
    return any(mark.can_be(*senses) for mark in marks)


def find_timeline(text: str, now: datetime) -> date | None:
    """The first day of the time that a person names ("after March" is 1 April); None if it has passed."""
    today = now.date()
    marks = read_marks(text, INTENT_LANGUAGES)
    if not any(mark.digits or mark.senses for mark in marks):
        return None
    ahead = [day for day in _timelines(marks, today) if today < day <= today + 2 * FURTHEST]
    return ahead[0] if ahead else None


def _timelines(marks: tuple[Mark, ...], today: date) -> Iterator[date]:
    spans = read_spans(marks, today, "dmy")
    for index, span in enumerate(spans):
        before, behind, _ = _around(marks, spans, index)
        if span.form == "length" and not (_said(before[-3:], "in") or _said(behind[:1], "hence")):
            continue
        if span.form == "weekday" and not _said(before[-1:], "next"):
            continue
        yield span.last + DAY if _said(before[-3:], "after") and span.form != "length" else span.first

"""Says when: sending windows in local time, waits, and the next step of a sequence with its due moment."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nurture.core.sequence import BranchStep, EmailStep, Sequence, TaskStep, WaitStep
from nurture.core.workspace import Window

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When mail may go out: `window` in the IANA zone `zone`, never on `holidays`.

    A holiday shuts the window that starts on that local date, with its hours after midnight.
    """

    window: Window
    zone: str
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Planned:
    """A step and the UTC moment at which it is due."""

    step: EmailStep | TaskStep | BranchStep
    due_at: datetime


def plan_next(sequence: Sequence, after: str | None, moment: datetime, calendar: Calendar) -> Planned | None:
    """The step that follows the step `after`, done at `moment`; None as `after` enters the sequence.

    None at the end of the sequence. ValueError for a branch, which has no single next step
    (`plan_at` takes the chosen one); KeyError for an unknown step.
    """
    if after is None:
        return plan_at(sequence, sequence.first, moment, calendar)
    done = sequence.step(after)
    if isinstance(done, BranchStep):
        raise ValueError(f"step {after!r} is a branch: plan at the step it chose")
    return plan_at(sequence, done.next, moment, calendar)


def plan_at(
    sequence: Sequence, step_name: str | None, moment: datetime, calendar: Calendar
) -> Planned | None:
    """The step `step_name`, or the first after it that is no wait, reached at `moment`; None is the end.

    Mails and tasks are due when the window is next open, branches at once. ValueError where waits
    only lead back to themselves; KeyError for an unknown step.
    """
    due_at = moment.astimezone(UTC)
    for _ in range(len(sequence.steps) + 1):
        if step_name is None:
            return None
        step = sequence.step(step_name)
        if isinstance(step, BranchStep):
            return Planned(step, due_at)
        if not isinstance(step, WaitStep):
            return Planned(step, next_opening(due_at, calendar))
        due_at, step_name = add_wait(due_at, step.length, calendar.zone), step.next
    raise ValueError(f"sequence {sequence.name!r} goes in a circle at step {step_name!r}")


def add_wait(moment: datetime, length: timedelta, zone: str) -> datetime:
    """`moment` plus the whole days of `length` by the local clock, plus the rest as it passes, in UTC."""
    if length.days == 0:
        return moment.astimezone(UTC) + length
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return _instant(local + timedelta(days=length.days), zone) + (length - timedelta(days=length.days))


def next_day(moment: datetime, calendar: Calendar, zone: str | None = None) -> datetime:
    """The first opening on a later day, for caps that postpone; days are of `zone`, else the calendar's."""
    zone = zone or calendar.zone
    tomorrow = moment.astimezone(ZoneInfo(zone)).date() + _DAY
    return next_opening(_instant(datetime.combine(tomorrow, time()), zone), calendar)


def next_opening(moment: datetime, calendar: Calendar) -> datetime:
    """The earliest UTC instant, `moment` or later, at which the window is open.

    A local time that a clock change skips is the first instant after the gap; one that comes twice is
    the first. ValueError where the window has no weekday.
    """
    for opens, closes in _openings(moment, calendar):
        if moment < closes:
            return max(opens, moment.astimezone(UTC))
    raise ValueError("the sending window is never open: give it at least one weekday")


def _openings(moment: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """The windows from the day before `moment` on, which may reach into it; empty ones are left out."""
    first = moment.astimezone(ZoneInfo(calendar.zone)).date() - _DAY
    # each holiday shuts one of a week's days at most, and a clock change can swallow a short window
    for number in range(7 * (len(calendar.holidays) + 3)):
        day = first + number * _DAY
        if day.weekday() in calendar.window.weekdays and day not in calendar.holidays:
            opens, closes = _opening(day, calendar)
            if opens < closes:
                yield opens, closes


def _opening(day: date, calendar: Calendar) -> tuple[datetime, datetime]:
    start, end = calendar.window.start, calendar.window.end
    if start == end:
        start = end = time()
    last = day if start < end else day + _DAY
    return (
        _instant(datetime.combine(day, start), calendar.zone),
        _instant(datetime.combine(last, end), calendar.zone),
    )


def _instant(local: datetime, zone: str) -> datetime:
    """The UTC instant of a naive local time: the first of two, or the first after a gap."""
    there = ZoneInfo(zone)
    first = local.replace(tzinfo=there, fold=0).astimezone(UTC)
    second = local.replace(tzinfo=there, fold=1).astimezone(UTC)
    # PEP 495: only in a gap is the reading with fold=1 the earlier one
    return _end_of_gap(second, first, there) if second < first else first


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The whole second between two instants, around a clock change, at which the offset changes."""
    offset = after.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while low < high:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            high = middle
        else:
            low = middle + 1
    return datetime.fromtimestamp(high, UTC)


def choose_zone(*candidates: str | None) -> str:
    """The first candidate that is an IANA time zone, "UTC" where none is."""
    return next((zone for zone in candidates if zone and _is_zone(zone)), "UTC")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def too_late(due_at: datetime, now: datetime, max_lateness: timedelta) -> bool:
    """Whether a touch is overdue by more than `max_lateness`."""
    return now - due_at > max_lateness


def pause_end(
    return_date: date | None, now: datetime, zone: str, holidays: Collection[date] = ()
) -> datetime:
    """Until when somebody away is left alone: their return plus one working day, else fourteen days.

    The end is midnight where they are, in `zone`. Weekends and `holidays` are no working days.
    """
    if return_date is None:
        return now + 14 * _DAY
    back = return_date + _DAY
    while back.weekday() > 4 or back in holidays:
        back += _DAY
    return max(now, _instant(datetime.combine(back, time()), zone))


def wait_end(day: date | None, length: timedelta, now: datetime, zone: str) -> datetime:
    """Until when somebody waits who said "not now": midnight of the day they named, else for a `length`."""
    named = _instant(datetime.combine(day, time()), zone) if day else now
    return named if named > now else now + length

"""Readers of time: durations, times of day, weekdays, time zones."""

import re
from datetime import time, timedelta
from zoneinfo import available_timezones

from nurture.workspace.faults import instead, nearest
from nurture.workspace.item import Item

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FULL_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_DURATION = timedelta(days=3 * 365)

_DURATION = re.compile(r"(\d{1,7}) ?([a-z]+)")
_UNITS = {
    **dict.fromkeys(("s", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def duration(item: Item) -> timedelta:
    """A length of time: '30 minutes', '4 hours', '3 days', '2 weeks', '90s', '2d'."""
    written = item.text()
    match = _DURATION.fullmatch(written.lower())
    unit = _UNITS.get(match[2]) if match else None
    if match and unit and timedelta(0) < int(match[1]) * unit <= MAX_DURATION:
        return int(match[1]) * unit
    if match and unit:
        item.fault(f"{written!r} does not fit: write more than nothing and at most {MAX_DURATION.days} days")
    elif item.is_text:
        item.fault(
            f"{written!r} is no duration: write a whole number and a unit, such as '30 minutes' or '3 days'"
        )
    return timedelta(days=1)


def clock(item: Item) -> time:
    """A time of day, '09:00'."""
    written = item.text()
    match = _CLOCK.fullmatch(written)
    if match:
        return time(int(match[1]), int(match[2]))
    if item.is_text:
        item.fault(f'{written!r} is no time of day: write "09:00" to "23:59" ("00:00" for midnight)')
    return time()


def weekday(item: Item) -> int | None:
    """A weekday as a number, 0 for 'mon' or 'Monday'; None where it is none."""
    written = item.text()
    for names in (WEEKDAYS, FULL_WEEKDAYS):
        if written.lower() in names:
            return names.index(written.lower())
    if item.is_text:
        item.fault(f"{written!r} is no weekday{instead(written[:3], WEEKDAYS)}")
    return None


def zone(item: Item) -> str:
    """A time zone of the IANA database, 'Europe/Paris'."""
    written = item.text()
    zones = available_timezones()
    if written and written not in zones:
        near = nearest(written, zones)
        hint = f"did you mean {near!r}?" if near else "write region and city, such as 'Europe/Paris'"
        item.fault(f"unknown time zone {written!r}: {hint}")
    return written

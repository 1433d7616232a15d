"""How fast it was, measured from outside: a reply stops its sequence, a request for prices reaches a rep."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil
from typing import Final

from nurture.demo.comparison.record import Record
from nurture.demo.diary import ASKED, MAILED, REPLIED, WAS_AWAY
from nurture.services.summarising import Course

STOP_LIMIT_SECONDS: Final = 2.0
HANDOFF_LIMIT_SECONDS: Final = 1.0


def compare_speed(record: Record) -> Iterator[str]:
    """The promises of speed that were not kept, and sequences that never halted."""
    for entry in record.told(REPLIED):
        for course in record.courses(entry.who):
            if course.started_at.timestamp() <= entry.at and _halted_at(record, course) is None:
                yield f"{entry.who} replied, and the sequence {course.sequence} goes on"
    for entry in record.told(WAS_AWAY):
        running = [course for course in record.courses(entry.who) if course.state == "active"]
        if not any(course.paused_until and course.paused_until.timestamp() > entry.at for course in running):
            yield f"{entry.who} is out of office, and no sequence waits for the return"
    stops, handoffs = seconds_to_stop(record), seconds_to_handoff(record)
    if stops and percentile(stops, 99) >= STOP_LIMIT_SECONDS:
        yield f"a reply stopped its sequence after {percentile(stops, 99):.2f} s (p99), 2 s are promised"
    if handoffs and percentile(handoffs, 99) >= HANDOFF_LIMIT_SECONDS:
        yield f"a rep knew of a pricing request after {percentile(handoffs, 99):.2f} s (p99), 1 s is promised"


def seconds_to_stop(record: Record) -> list[float]:
    """From the moment somebody hands their reply to the server until each of their sequences had halted."""
    halts = [
        (halted_at.timestamp(), course.started_at.timestamp(), entry.at)
        for entry in record.told(REPLIED)
        for course in record.courses(entry.who)
        if (halted_at := _halted_at(record, course))
    ]
    return [
        halted_at - replied_at
        for halted_at, began_at, replied_at in halts
        if began_at <= replied_at <= halted_at
    ]


def _halted_at(record: Record, course: Course) -> datetime | None:
    """When a sequence ended, or was paused by the last mail its contact wrote; None where it goes on."""
    written = [mail.received_at for mail in record.summary.incoming if mail.email == course.email]
    return course.ended_at or (max(written, default=None) if course.paused_until else None)


def seconds_to_handoff(record: Record) -> list[float]:
    """From the moment somebody asks for prices until the mail about it is in the rep's mailbox."""
    told = {entry.who: entry.at for entry in reversed(record.told(MAILED))}
    return [told[entry.who] - entry.at for entry in record.told(ASKED) if entry.who in told]


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of all do not exceed (nearest rank); 0 for no values."""
    if not values:
        return 0.0
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]

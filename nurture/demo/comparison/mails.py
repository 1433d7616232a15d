"""The mails: each sent once, none after its end, and everybody got to do what they wanted."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from nurture.demo.comparison.record import Record
from nurture.demo.diary import (
    ASKED,
    BOUNCED,
    CLICKED,
    FAULT,
    LEFT,
    OPENED,
    REPLIED,
    WAS_AWAY,
)
from nurture.demo.personas import Act, Deed

GRACE_SECONDS: Final = 2.0
SHOWS_AS: Final[Mapping[Deed, str]] = {
    "read": CLICKED,
    "glance": OPENED,
    "sweep": OPENED,
    "mask": OPENED,
    "proxy": OPENED,
    "reply": REPLIED,
    "away": WAS_AWAY,
    "bounce": BOUNCED,
    "ask": ASKED,
    "leave": LEFT,
}
# After these nobody gets another mail.
LAST_WORDS: Final = (LEFT, BOUNCED, WAS_AWAY)


def compare_scripts(record: Record) -> Iterator[str]:
    """What went wrong on the people's side, and what they never got to do."""
    for entry in record.told(FAULT):
        yield f"the recipients met a fault: {entry.detail['text']}"
    done = Counter((entry.who, entry.deed) for entry in record.diary)
    for member in record.cast.members:
        wanted = Counter(_shows_as(act) for act in member.role.acts)
        for deed, times in wanted.items():
            if done[member.address, deed] < times:
                yield f"{member.address} ({member.role.title}) has not come to this: {deed}"


def compare_mails(record: Record) -> Iterator[str]:
    """Every mail that is recorded as sent has arrived, each once; nothing else has."""
    arrived = Counter(entry.detail["message_id"] for entry in record.arrived)
    steps: Counter[tuple[str, str]] = Counter()
    for entry in {entry.detail["message_id"]: entry for entry in record.arrived}.values():
        known = record.mails.get(entry.detail["message_id"])
        if known is None:
            yield f"{entry.who} got a mail that is not on record: {entry.detail['subject']}"
            continue
        steps[entry.who, known.step] += 1
        if known.state != "sent":
            yield f"{entry.who} got the mail of step {known.step}, which is recorded as {known.state}"
    yield from list_duplicates(record)
    for message_id, mail in record.mails.items():
        if mail.state == "sent" and not arrived[message_id]:
            yield f"{mail.email} never got the mail of step {mail.step}, which is recorded as sent"


def list_duplicates(record: Record) -> list[str]:
    """Mails that came twice: the same Message-ID, or the same step to the same recipient."""
    by_id = Counter((entry.who, entry.detail["message_id"]) for entry in record.arrived)
    by_step = Counter(
        (who, record.mails[message_id].step) for who, message_id in by_id if message_id in record.mails
    )
    lines = [
        f"{who} got the mail {number} {times} times" for (who, number), times in by_id.items() if times > 1
    ]
    lines += [f"{who} got step {step} {times} times" for (who, step), times in by_step.items() if times > 1]
    return lines


def compare_threads(record: Record) -> Iterator[str]:
    """A follow-up answers an earlier mail of ours to the same person (D05)."""
    before: dict[str, set[str]] = {}
    for entry in record.arrived:
        answered = entry.detail["in_reply_to"]
        if answered and answered not in before.get(entry.who, set()):
            yield f"{entry.who} got a follow-up to a mail they never got: {entry.detail['subject']}"
        before.setdefault(entry.who, set()).add(entry.detail["message_id"])


def compare_silence(record: Record) -> Iterator[str]:
    """No mail arrives after the end of its sequence or in its pause; none at all after the last word."""
    ends = {course.id: course.ended_at for course in record.summary.courses}
    pauses = {course.id: course.paused_until for course in record.summary.courses if course.paused_until}
    words = {entry.who: entry.at for entry in record.told(REPLIED)}
    last = {entry.who: entry for entry in record.told(*LAST_WORDS)}
    for entry in record.arrived:
        mail = record.mails.get(entry.detail["message_id"])
        end = ends.get(mail.enrollment_id) if mail else None
        if mail and end and entry.at > end.timestamp() + GRACE_SECONDS:
            yield f"{entry.who} got step {mail.step} after the sequence had ended at {_clock(end)}"
        if (
            mail
            and mail.enrollment_id in pauses
            and entry.at > words.get(entry.who, entry.at) + GRACE_SECONDS
        ):
            yield f"{entry.who} got step {mail.step}, and waits until {pauses[mail.enrollment_id]:%Y-%m-%d}"
        if entry.who in last and entry.at > last[entry.who].at + GRACE_SECONDS:
            yield f"{entry.who} got a mail after this: {last[entry.who].deed}"


def _shows_as(act: Act) -> str:
    return SHOWS_AS[act.does]


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S} UTC"

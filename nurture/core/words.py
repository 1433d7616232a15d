"""Plain words for a salesperson: what somebody did, how often and when."""

from datetime import UTC, datetime, timedelta

from nurture.core.event import Event, EventKind


def told(event: Event) -> str:
    """One event as a sales rep would say it: "asked for prices by the form"."""
    return f"{_DEEDS[event.kind]}{_CHANNELS.get(event.source, '') if event.kind in ASKED else ''}"


def repeated(kind: EventKind, number: int, *, mails: bool) -> str:
    """A deed done several times: "clicked 3 times", "clicked once"; with `mails`: "clicked in 3 mails"."""
    if mails:
        number_of_mails = _many(number, "mail")
        return f"opened {number_of_mails}" if kind == "open" else f"{_DEEDS[kind]} in {number_of_mails}"
    return f"{_DEEDS[kind]} {'once' if number == 1 else f'{number} times'}"


def counted(kind: EventKind, number: int) -> str:
    """A number of events of one kind: "1 click", "3 clicks"."""
    return f"{number} {_NOUNS[kind] if number == 1 else _PLURALS.get(kind, _NOUNS[kind] + 's')}"


def day(moment: datetime, now: datetime) -> str:
    """The date in words, with the year where it is not the current one: "3 March", "28 December 2024"."""
    words = f"{moment.day} {_MONTHS[moment.month - 1]}"
    return words if moment.year == now.year else f"{words} {moment.year}"


def minute(moment: datetime) -> str:
    """Date and time in UTC: "3 March 2026, 14:05 UTC"."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}, {clock(moment)}"


def clock(moment: datetime) -> str:
    """The time of day: "14:05 UTC"."""
    return f"{moment.astimezone(UTC):%H:%M} UTC"


def span(length: timedelta) -> str:
    """A length in the largest unit that says it exactly: "14 days", "36 hours", "1 minute"."""
    seconds = round(length.total_seconds())
    unit, name = next((unit, name) for unit, name in _UNITS if seconds % unit == 0)
    return _many(seconds // unit, name)


def _many(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


_DEEDS: dict[EventKind, str] = {
    "open": "opened mail",
    "click": "clicked",
    "reply": "replied",
    "interested": "replied with interest",
    "not_interested": "said no",
    "not_now": "said not now",
    "pricing_request": "asked for prices",
    "demo_request": "asked for a demo",
    "trial_request": "asked for a trial",
    "meeting_request": "asked for a meeting",
    "information_request": "asked for more information",
    "timeline_shared": "shared a timeline",
    "out_of_office": "was out of office",
    "unsubscribe": "unsubscribed",
    "bounce": "bounced",
    "complaint": "complained",
}
_NOUNS: dict[EventKind, str] = {
    "open": "open",
    "click": "click",
    "reply": "reply",
    "interested": "interested reply",
    "not_interested": "refusal",
    "not_now": "“not now”",
    "pricing_request": "pricing request",
    "demo_request": "demo request",
    "trial_request": "trial request",
    "meeting_request": "meeting request",
    "information_request": "request for information",
    "timeline_shared": "shared timeline",
    "out_of_office": "out-of-office note",
    "unsubscribe": "unsubscribe",
    "bounce": "bounce",
    "complaint": "complaint",
}
_PLURALS: dict[EventKind, str] = {
    "reply": "replies",
    "interested": "interested replies",
    "not_now": "“not now”",
    "information_request": "requests for information",
}
ASKED: frozenset[EventKind] = frozenset(
    {
        "pricing_request",
        "demo_request",
        "trial_request",
        "meeting_request",
        "information_request",
        "timeline_shared",
    }
)
_CHANNELS = {"form": " by the form", "reply": " by reply", "link": " by a link", "api": " through the API"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))

"""What may be sent now, and what follows from a server's answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from nurture.core.outcome import Refused, Unsent
from nurture.core.schedule import Calendar, next_day, next_opening, too_late

CLAIM_LEASE = timedelta(minutes=2)
# Longer than the ten minutes a server may take to answer the final dot (RFC 5321 section 4.5.3.2.6).
SENDING_LEASE = timedelta(minutes=15)
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
LOOK_AGAIN = timedelta(minutes=10)
MOST_ATTEMPTS = 8
MOST_UNREACHED = 24
# RFC 3463 section 3.2: the mailbox does not exist, has moved away or is disabled.
DEAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})


class NotDelivered(Exception):
    """A notice did not reach its target; the message says why."""


@dataclass(frozen=True, slots=True)
class Send:
    """The mail may go."""


@dataclass(frozen=True, slots=True)
class Postpone:
    """Not now: at `until`."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Withhold:
    """Never. Where `go_on`, its sequence goes on with the next step; else the contact leaves all."""

    why: str
    go_on: bool


Decision = Send | Postpone | Withhold


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about a claimed mail. `rivals`: due mails to the contact that go before this one.

    `ended`: why its sequence has ended, which may have happened while a server put the mail off.
    """

    due_at: datetime
    suppressed: str | None
    ended: str | None
    paused_until: datetime | None
    pause_reason: str | None
    contact_used: int
    rivals: int
    mailbox_used: int
    mailbox_rests: str | None = None
    mailbox_rests_until: datetime | None = None


def decide(
    standing: Standing,
    calendar: Calendar,
    now: datetime,
    *,
    contact_cap: int,
    mailbox_cap: int,
    mailbox_zone: str,
    max_lateness: timedelta,
) -> Decision:
    """Send, postpone or withhold a claimed mail; caps and windows postpone, they never drop.

    The contact's days are those of the calendar, the mailbox's those of the zone `mailbox_zone`.
    """
    if standing.suppressed:
        return Withhold(f"the address is suppressed: {standing.suppressed}", go_on=False)
    if standing.ended:
        return Withhold(f"its sequence has ended: {standing.ended}", go_on=True)
    if standing.paused_until and standing.paused_until > now:
        return Postpone(next_opening(standing.paused_until, calendar), standing.pause_reason or "paused")
    if standing.mailbox_rests:
        until = standing.mailbox_rests_until or now + LOOK_AGAIN
        return Postpone(next_opening(until, calendar), f"its mailbox rests: {standing.mailbox_rests}")
    if too_late(standing.due_at, now, max_lateness):
        return Withhold(f"overdue since {standing.due_at:%Y-%m-%d %H:%M} UTC, later than allowed", go_on=True)
    if (opening := next_opening(now, calendar)) > now:
        return Postpone(opening, "outside the sending window")
    if standing.contact_used + standing.rivals >= contact_cap:
        return Postpone(next_day(now, calendar), f"the contact gets {contact_cap} a day at most")
    if standing.mailbox_used >= mailbox_cap:
        why = f"the mailbox sends {mailbox_cap} a day at most"
        return Postpone(next_day(now, calendar, mailbox_zone), why)
    return Send()


@dataclass(frozen=True, slots=True)
class Retry:
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The mail failed for good; `dead_address`: no mail will ever reach it."""

    why: str
    dead_address: bool


def after_failure(error: Refused | Unsent, attempts: int, now: datetime) -> Retry | GiveUp:
    """Try again with growing waits, up to a limit; a permanent refusal is final (RFC 5321 section 4.2.1).

    A server that cannot be reached is asked for about five days, as an MTA would (section 4.5.4.1). A refusal
    of the sender says nothing about the recipient and can be mended, so it is tried again too.
    """
    if isinstance(error, Refused) and error.permanent and not error.is_about_us:
        dead = error.step == "RCPT" and error.enhanced in DEAD_ADDRESS
        return GiveUp(f"refused: {error}", dead_address=dead)
    if attempts >= (MOST_ATTEMPTS if isinstance(error, Refused) else MOST_UNREACHED):
        return GiveUp(f"still failing after {attempts} attempts: {error}", dead_address=False)
    wait = min(FIRST_RETRY * 3 ** min(attempts - 1, MOST_ATTEMPTS), LONGEST_RETRY)
    return Retry(now + wait, f"will be tried again: {error}")

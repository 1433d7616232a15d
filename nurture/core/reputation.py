"""What refusals say about our sending: when an address is given up, and when a mailbox has to rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(days=7)
"""How far back bounces and complaints of a mailbox are counted."""
SOFT_LIMIT: Final = 3
SOFT_WINDOW: Final = timedelta(days=30)
# An MTA tries for five days before it gives up (RFC 5321 §4.5.4.1): no news until then is no delivery.
NO_NEWS: Final = timedelta(days=5)
REST: Final = timedelta(hours=4)

_BOUNCES: Final = (5, 0.05)
_COMPLAINTS: Final = (2, 0.003)
# RFC 7372 §3, and what Microsoft adds to it: SPF, DKIM, DMARC or reverse DNS failed.
_AUTHENTICATION: Final = frozenset(
    {"5.7.515", "4.7.32", "5.7.57", "5.7.509", "5.7.512"}
    | {f"{kind}.7.{detail}" for kind in (4, 5) for detail in range(20, 31)}
)
_TO_MEND: Final = frozenset({"authfailure", "requireptr"})
_TO_WAIT_FOR: Final = frozenset({"badreputation", "blocked", "policyviolation", "spamdetected"})


@dataclass(frozen=True, slots=True)
class Record:
    """The mails of a mailbox within `WINDOW`: how many were sent, bounced hard, and were complained about."""

    sent: int
    bounced: int
    complained: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Why a mailbox has to stop sending, and for how long (None: until a person has mended it)."""

    why: str
    length: timedelta | None


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of one mail to a contact. `arrived`: it was opened, clicked or answered."""

    sent_at: datetime
    bounced: bool
    arrived: bool


def rest_for_record(record: Record) -> Rest | None:
    """A rest where bounces or complaints are over their limit.

    Mailbox providers act on 0.3 % complaints; a few are needed before a rate says anything.
    """
    for number, (least, rate), what in (
        (record.complained, _COMPLAINTS, "were reported as spam"),
        (record.bounced, _BOUNCES, "bounced"),
    ):
        sent = max(record.sent, number, 1)
        if number >= least and number / sent > rate:
            told = f"{number} of {sent} mails in {WINDOW.days} days {what}"
            return Rest(f"{told}: {number / sent:.1%}, more than {rate:.1%}", None)
    return None


def rest_for_fault(status: str, reason: str, diagnostic: str) -> Rest | None:
    """A rest for a refusal of the sender (`reason` as in bounce_reasons.toml); None where it is the mail's.

    Authentication has to be mended by a person, a bad name gets better by itself. What is refused only for
    now, as by greylisting, says nothing about our name.
    """
    told = " ".join(diagnostic.split())[:160] or f"{status} {reason}".strip() or "no reason given"
    if status in _AUTHENTICATION or reason in _TO_MEND:
        return Rest(f"a server does not believe that we are the sender: {told}", None)
    if reason not in _TO_WAIT_FOR or status.startswith("4"):
        return None
    return Rest(f"a server refuses our mails: {told}", REST)


def is_given_up(passages: Sequence[Passage], now: datetime) -> bool:
    """Whether the last mails to an address, oldest first, came back softly too often in a row.

    A mail that arrived, or of which nothing has come back for days, begins the count anew.
    """
    bounced = 0
    for passage in reversed(passages):
        if passage.bounced:
            bounced += passage.sent_at > now - SOFT_WINDOW
        elif passage.arrived or passage.sent_at <= now - NO_NEWS:
            break
    return bounced >= SOFT_LIMIT

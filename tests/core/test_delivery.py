"""What may be sent now, and what follows from a server's answer."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from nurture.core.delivery import (
    MOST_ATTEMPTS,
    MOST_UNREACHED,
    Decision,
    GiveUp,
    Postpone,
    Retry,
    Send,
    Standing,
    Withhold,
    after_failure,
    decide,
)
from nurture.core.outcome import Refused, Step, Unsent
from nurture.core.schedule import Calendar
from nurture.core.workspace import Window

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday, 13:00 in Paris
OFFICE = Window(frozenset(range(5)), time(9), time(17))
FREE = Standing(
    due_at=NOW,
    suppressed=None,
    ended=None,
    paused_until=None,
    pause_reason=None,
    contact_used=0,
    rivals=0,
    mailbox_used=0,
)
TOMORROW = datetime(2026, 3, 5, 8, tzinfo=UTC)


def test_a_mail_that_nothing_holds_back_is_sent() -> None:
    assert decided() == Send()
    assert decided(contact_used=1, mailbox_used=99) == Send()


@pytest.mark.parametrize("used", [(2, 0), (0, 2), (1, 1), (3, 0)])
def test_a_contacts_cap_postpones_to_the_next_day(used: tuple[int, int]) -> None:
    decision = decided(contact_used=used[0], rivals=used[1])
    assert decision == Postpone(TOMORROW, "the contact gets 2 a day at most")


def test_a_mailboxs_cap_postpones_to_the_next_day_of_its_own_zone() -> None:
    assert decided(mailbox_used=100) == Postpone(TOMORROW, "the mailbox sends 100 a day at most")
    far = decided(
        mailbox_used=100, zone="Pacific/Auckland", window=Window(frozenset(range(7)), time(), time())
    )
    assert isinstance(far, Postpone)
    assert far.until == datetime(2026, 3, 4, 23, tzinfo=UTC)


def test_outside_the_window_it_waits_for_the_opening() -> None:
    evening = NOW + timedelta(hours=4)
    assert decided(evening) == Postpone(TOMORROW, "outside the sending window")


def test_a_pause_postpones_to_the_first_opening_after_it() -> None:
    until = NOW + timedelta(days=3, hours=1)  # a Saturday
    monday = datetime(2026, 3, 9, 8, tzinfo=UTC)
    assert decided(paused_until=until, pause_reason="out of office") == Postpone(monday, "out of office")
    assert decided(paused_until=until) == Postpone(monday, "paused")
    assert decided(paused_until=NOW) == Send()


def test_s09_a_mail_that_is_too_late_is_withheld_and_its_sequence_goes_on() -> None:
    on_time = NOW - timedelta(days=2)
    assert decided(due_at=on_time) == Send()
    late = decided(due_at=on_time - timedelta(seconds=1))
    assert late == Withhold("overdue since 2026-03-02 11:59 UTC, later than allowed", go_on=True)


def test_s08_a_suppressed_address_is_never_written_to() -> None:
    decision = decided(suppressed="unsubscribed", ended="unsubscribed", contact_used=9, paused_until=TOMORROW)
    assert decision == Withhold("the address is suppressed: unsubscribed", go_on=False)


def test_a_sequence_that_has_ended_sends_nothing_and_ends_no_other() -> None:
    decision = decided(ended="replied", due_at=NOW - timedelta(days=9))
    assert decision == Withhold("its sequence has ended: replied", go_on=True)


@pytest.mark.parametrize(
    ("error", "most"),
    [
        (Unsent("no route"), MOST_UNREACHED),
        (Refused(451, "4.7.1", "later", permanent=False, step="RCPT"), MOST_ATTEMPTS),
        (Refused(550, "5.7.515", "not authenticated", permanent=True, step="MESSAGE"), MOST_ATTEMPTS),
    ],
)
def test_s06_waits_grow_up_to_a_limit(error: Refused | Unsent, most: int) -> None:
    waits = []
    for attempts in range(1, most):
        again = after_failure(error, attempts, NOW)
        assert isinstance(again, Retry)
        assert str(error) in again.why
        waits.append((again.at - NOW) // timedelta(minutes=1))
    assert waits == [5, 15, 45, 135, *[360] * (most - 5)]
    last = after_failure(error, most, NOW)
    assert isinstance(last, GiveUp)
    assert last.why == f"still failing after {most} attempts: {error}"
    assert not last.dead_address


@pytest.mark.parametrize(
    ("code", "enhanced", "step", "dead"),
    [
        (550, "5.1.1", "RCPT", True),
        (550, "5.1.10", "RCPT", True),
        (550, "5.2.1", "RCPT", True),
        (552, "5.2.2", "RCPT", False),
        (550, None, "RCPT", False),
        (550, "5.1.1", "MESSAGE", False),
    ],
)
def test_s06_only_a_dead_address_at_rcpt_is_suppressed(
    code: int, enhanced: str | None, step: Step, dead: bool
) -> None:
    error = Refused(code, enhanced, "no", permanent=True, step=step)
    assert after_failure(error, 1, NOW) == GiveUp(f"refused: {code} no", dead_address=dead)


def decided(
    now: datetime = NOW, zone: str = "Europe/Paris", window: Window = OFFICE, **changes: object
) -> Decision:
    return decide(
        replace(FREE, **changes),  # type: ignore[arg-type]
        Calendar(window, zone),
        now,
        contact_cap=2,
        mailbox_cap=100,
        mailbox_zone="Europe/Paris",
        max_lateness=timedelta(days=2),
    )

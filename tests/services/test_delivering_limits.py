"""What holds a mail back: a person's word, caps, windows, lateness; and many workers at once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

import pytest

from nurture.core.sequence import EmailStep, Sequence, WaitStep
from nurture.core.workspace import Mailbox, Window
from nurture.services import consenting, delivering, receiving, scheduling, waking
from nurture.store import caps, contacts, messages, suppressions
from tests.make import (
    NOON,
    create_contact,
    create_enrollment,
    create_lead,
    create_workspace,
    list_enrollments,
    list_touches,
    mail,
    one_mail_sequence,
    plan,
    plan_and_send,
    run_together,
    workspace,
)
from tests.services.conftest import Site

Word = Callable[[Site, int], None]


def unsubscribe(site: Site, contact_id: int) -> None:
    with site.app.sessions() as session:
        consenting.unsubscribe(session, contact_id, source="one_click", now=site.clock())


def reply(site: Site, contact_id: int) -> None:
    raw = b"Authentication-Results: mx; dmarc=pass\r\nFrom: jane@acme.example\r\nSubject: Re: guide\r\n\r\n"
    raw += b"Thanks, we are interested. What does it cost?\r\n"
    to = ["hello@meridian.example"]
    with site.app.sessions() as session:
        receiving.take_in(session, site.app.keyring, raw, to, now=site.clock(), trusted=["mx"])


def suppress(site: Site, contact_id: int) -> None:
    with site.app.sessions() as session:
        email_hash = contacts.get(session, contact_id).email_hash
        suppressions.suppress(session, email_hash, reason="complained", source="report", now=site.clock())


@dataclass
class Interrupting:
    """The last moment but one: something happens while the mail is made, between the check and DATA."""

    happens: Callable[[], None]

    def sign(self, message: bytes) -> bytes:
        self.happens()
        return message


WORDS = pytest.mark.parametrize("word", [unsubscribe, reply, suppress])


@WORDS
def test_s08_a_word_after_planning_stops_the_mail(site: Site, word: Word) -> None:
    jane = planned(site)
    word(site, jane)
    at_once = list_touches(site.app, jane)["first"].state == "cancelled"
    assert at_once or word is suppress  # a suppressed address is seen when the mail is due
    assert_stopped(site, jane)


@WORDS
def test_s08_a_word_while_the_mail_is_made_stops_it(site: Site, word: Word) -> None:
    jane = planned(site)
    app = replace(site.app, signer=Interrupting(lambda: word(site, jane)))
    assert delivering.deliver_due(app) == 1
    assert site.server.delivered == []
    with site.app.sessions() as session:
        assert caps.used(session, "mailbox", "hello", NOON.date()) == 0
    site.clock.forward(minutes=3)
    with site.app.sessions() as session:
        delivering.free_claims(session, now=site.clock())
    assert_stopped(site, jane)


@WORDS
def test_s08_a_word_after_the_claim_stops_a_mail_that_waits_in_its_batch(site: Site, word: Word) -> None:
    with site.app.sessions() as session:
        create_lead(session, "first@acme.example")
        jane = create_lead(session)

    def meanwhile(command: str) -> None:
        if command.startswith("DATA"):
            word(site, jane)

    site.server.script = meanwhile
    assert plan_and_send(site.app) == 2
    assert site.server.delivered == ["first@acme.example"]
    assert_stopped(site, jane)


def test_s09_after_three_days_of_outage_nobody_gets_two_steps_at_once(site: Site) -> None:
    day = timedelta(days=1)
    steps = tuple(
        step
        for number in range(4)
        for step in (
            EmailStep(f"m{number}", f"w{number}", f"m{number}"),
            WaitStep(f"w{number}", f"m{number + 1}" if number < 3 else None, day),
        )
    )
    with site.app.sessions() as session:
        sequences = (Sequence("lead-education", "Education", 10, "m0", steps), *workspace().sequences[1:])
        mails = (*(mail(f"m{number}") for number in range(4)), *workspace().mails)
        create_workspace(session, sequences=sequences, mails=mails)
        late = create_lead(session, "late@acme.example")
    plan(site.app)
    site.clock.forward(hours=30)
    with site.app.sessions() as session:
        under_way = create_lead(session, now=site.clock())
    plan(site.app)
    site.clock.forward(hours=42)
    assert [tick(site) for _ in range(24 * 6)].count(0) >= 24 * 5
    assert sent_after(site, late) == {"m1": 96, "m2": 120, "m3": 144}
    assert sent_after(site, under_way) == {"m0": 72, "m1": 96, "m2": 120, "m3": 144}
    withheld = list_touches(site.app, late)["m0"]
    assert withheld.state == "cancelled"
    assert withheld.note == "overdue since 2026-03-04 12:00 UTC, later than allowed"


def test_s10_two_clocks_and_two_of_every_worker_make_one_touch_each(site: Site) -> None:
    with site.app.sessions() as session:
        people = [create_lead(session, f"p{number}@acme.example") for number in range(20)]
    run_together(4, lambda: waking.wake_due(site.app))
    run_together(4, lambda: plan(site.app))
    run_together(4, lambda: delivering.deliver_due(site.app))
    assert sorted(Counter(site.server.delivered).values()) == [1] * 20
    run_together(4, lambda: plan(site.app))
    site.clock.forward(days=3)
    run_together(4, lambda: advance(site))
    run_together(4, lambda: plan(site.app))
    for person in people:
        steps = {step: touch.state for step, touch in list_touches(site.app, person).items()}
        assert steps == {"first": "sent", "clicked": "done", "second": "planned"}


def test_s03_four_workers_send_a_hundred_mails_and_none_twice(site: Site) -> None:
    people = [f"p{number}@acme.example" for number in range(100)]
    with site.app.sessions() as session:
        for person in people:
            create_lead(session, person)
    plan(site.app)

    def work() -> int:
        done = 0
        while claimed := delivering.deliver_due(site.app, limit=7):
            assert claimed <= 7
            done += claimed
        return done

    assert sum(run_together(4, work)) == 100
    assert sorted(site.server.delivered) == sorted(people)


@pytest.mark.parametrize("workers", [1, 2])
def test_s15_of_two_sequences_the_higher_priority_goes_and_the_other_waits_a_day(
    site: Site, workers: int
) -> None:
    jane = in_two_sequences(site)
    plan(site.app)
    run_together(workers, lambda: delivering.deliver_due(site.app, limit=2 // workers))
    states = {step: touch.state for step, touch in list_touches(site.app, jane).items()}
    assert states == {"first": "planned", "urgent": "sent"}
    postponed = list_touches(site.app, jane)["first"]
    assert postponed.note == "the contact gets 1 a day at most"
    assert postponed.due_at == datetime(2026, 3, 4, 23, tzinfo=UTC)  # midnight in Paris
    site.clock.moment = postponed.due_at
    assert delivering.deliver_due(site.app) == 1
    assert list_touches(site.app, jane)["first"].state == "sent"


def test_s15_a_mail_whose_place_is_taken_while_it_is_made_waits_a_day(site: Site) -> None:
    with site.app.sessions() as session:
        create_workspace(session, contact_cap=1)
    jane = planned(site)

    def overtake() -> None:
        with site.app.sessions() as session:
            assert caps.take(session, "contact", str(jane), NOON.date(), 1)

    assert delivering.deliver_due(replace(site.app, signer=Interrupting(overtake))) == 1
    touch = list_touches(site.app, jane)["first"]
    assert (touch.state, touch.note) == ("planned", "the contact has had its 1 a day")
    assert touch.due_at == datetime(2026, 3, 4, 23, tzinfo=UTC)
    assert site.server.delivered == []


def test_d11_the_cap_of_a_mailbox_holds_with_parallel_workers(site: Site) -> None:
    box = Mailbox("hello", "hello@meridian.example", "Mia", 10)
    with site.app.sessions() as session:
        create_workspace(session, mailboxes=(box,))
        for number in range(30):
            create_lead(session, f"p{number}@acme.example")
    plan(site.app)
    run_together(4, lambda: [delivering.deliver_due(site.app, limit=5) for _ in range(3)])
    assert len(site.server.delivered) == 10
    with site.app.sessions() as session:
        assert caps.used(session, "mailbox", "hello", NOON.date()) == 10
    site.clock.forward(days=1)
    run_together(4, lambda: [delivering.deliver_due(site.app, limit=5) for _ in range(3)])
    assert len(site.server.delivered) == len(set(site.server.delivered)) == 20


def test_d11_a_mail_over_the_cap_waits_for_the_next_day_of_its_mailbox(site: Site) -> None:
    """Noon UTC is past midnight in Auckland: tomorrow there still is today for the mailbox in Paris."""
    box = Mailbox("hello", "hello@meridian.example", "Mia", 1)
    with site.app.sessions() as session:
        create_workspace(session, mailboxes=(box,))
        create_lead(session, "first@acme.example")
    plan_and_send(site.app)
    with site.app.sessions() as session:
        jane = create_lead(session, time_zone="Pacific/Auckland")
    plan_and_send(site.app)
    assert list_touches(site.app, jane)["first"].due_at == datetime(2026, 3, 4, 23, tzinfo=UTC)


def test_d11_a_failed_mail_does_not_count(site: Site) -> None:
    planned(site)
    site.server.script = lambda command: "451 later" if command.startswith("RCPT") else None
    delivering.deliver_due(site.app)
    with site.app.sessions() as session:
        assert caps.used(session, "mailbox", "hello", NOON.date()) == 0
        assert caps.used(session, "contact", "1", NOON.date()) == 0


def test_a_mail_that_comes_late_in_the_day_waits_for_the_window(site: Site) -> None:
    office = Window(frozenset(range(5)), time(9), time(17))
    with site.app.sessions() as session:
        create_workspace(session, window=office)
    jane = planned(site)
    site.clock.moment = datetime(2026, 3, 4, 16, 30, tzinfo=UTC)
    assert delivering.deliver_due(site.app) == 1
    touch = list_touches(site.app, jane)["first"]
    assert (touch.state, touch.note) == ("planned", "outside the sending window")
    assert touch.due_at == datetime(2026, 3, 5, 8, tzinfo=UTC)


def planned(site: Site) -> int:
    with site.app.sessions() as session:
        jane = create_lead(session)
    plan(site.app)
    return jane


def assert_stopped(site: Site, contact_id: int) -> None:
    """The mail never goes, and nothing comes after it."""
    before = list(site.server.delivered)
    for _ in range(5):
        plan_and_send(site.app)
        site.clock.forward(days=1)
    assert site.server.delivered == before
    assert {touch.state for touch in list_touches(site.app, contact_id).values()} == {"cancelled"}
    assert list_enrollments(site.app, contact_id)["lead-education"].state == "stopped"


def in_two_sequences(site: Site) -> int:
    """A contact with a mail due in each of two sequences, one a day at most; the lower one was due first."""
    with site.app.sessions() as session:
        sequences = (*workspace().sequences, one_mail_sequence("urgent", "urgent", priority=20))
        mails = (*workspace().mails, mail("urgent"))
        create_workspace(session, contact_cap=1, sequences=sequences, mails=mails)
        jane = create_contact(session)
        create_enrollment(session, jane, now=NOON - timedelta(minutes=1))
        create_enrollment(session, jane, "urgent")
    return jane.id


def tick(site: Site) -> int:
    """An hour of a running installation; the mails it sent."""
    before = len(site.server.delivered)
    plan(site.app)
    delivering.deliver_due(site.app)
    advance(site)
    plan(site.app)
    site.clock.forward(hours=1)
    return len(site.server.delivered) - before


def advance(site: Site) -> None:
    with site.app.sessions() as session:
        scheduling.advance(session, now=site.clock())


def sent_after(site: Site, contact_id: int) -> dict[str, float]:
    """Steps of the mails that were sent, with the hours since the beginning."""
    with site.app.sessions() as session:
        sent = messages.list_for_contact(session, contact_id)
    return {m.step: (m.sent_at - NOON).total_seconds() / 3600 for m in sent if m.sent_at}

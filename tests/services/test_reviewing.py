"""A person decides about what waits: as if it had been read so, or what is to be done; once."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

import pytest

from nurture.core.people.contact import normalise_address
from nurture.services import qualifying, receiving, reviewing, scheduling
from nurture.services.reviewing import CannotDecide, Decision
from nurture.store import enrollments, events, inbound, messages, suppressions
from nurture.store.enrollments import HELD
from nurture.store.tables import Contact, Touch
from tests.make import NOON, create_lead, create_mail, list_enrollments, run_together
from tests.services.conftest import Site

LATER = NOON + timedelta(days=1)
HELLO = "hello@meridian.example"


@pytest.fixture
def jane(site: Site) -> int:
    """A lead who got her first mail and waits three days for the next step."""
    with site.app.sessions() as session:
        contact_id = create_lead(session)
        create_mail(session, contact_id)
        scheduling.plan_touches(session, now=NOON)
    return contact_id


def test_what_waits_is_listed_with_why_and_what_was_read(site: Site, jane: int) -> None:
    take(site, "Hm.\n\nBest, Jane", jane)
    take(site, "Who are you?", None, sender="stranger@x.example")
    with site.app.sessions() as session:
        known, stranger = reviewing.list_waiting(session, limit=10)
    assert (known.contact, known.first_line, known.matched_by) == ("jane@acme.example", "Hm.", "thread")
    assert known.why
    assert {"name", "confidence", "because"} <= set(known.intents[0])
    assert (stranger.contact, stranger.from_address) == ("", "stranger@x.example")
    assert stranger.why == "it matches nobody we know"


def test_decided_as_an_intent_it_has_the_effects_of_that_intent(site: Site, jane: int) -> None:
    mail = take(site, "Hm.", jane)
    assert decide(site, mail, Decision(("pricing_request",))) == jane
    assert list_enrollments(site.app, jane)["lead-education"].end_reason == "replied, as Ana decided"
    with site.app.sessions() as session:
        told = events.list_for_contact(session, jane)
        assert [(e.kind, e.verdict, e.detail["decided_by"]) for e in told] == [
            ("reply", "human", "Ana"),
            ("pricing_request", "human", "Ana"),
        ]
        assert told[0].reasons[-1] == "Ana decided: as pricing_request"
        assert {event.at for event in told} == {NOON}
        assert len(qualifying.qualify(session, jane, now=LATER)) == 1
        assert reviewing.list_waiting(session, limit=10) == []
        shown = reviewing.show(session, mail)
    assert shown.decision == "as pricing_request, by Ana"


def test_what_an_unproven_reply_said_counts_once_a_person_says_so(site: Site, jane: int) -> None:
    mail = take(site, "What does it cost?", None)
    with site.app.sessions() as session:
        assert {event.verdict for event in events.list_for_contact(session, jane)} == {"unknown"}
    assert decide(site, mail, Decision(("pricing_request",))) == jane
    with site.app.sessions() as session:
        told = events.list_for_contact(session, jane)
        assert [(event.kind, event.verdict) for event in told] == [
            ("reply", "human"),
            ("pricing_request", "human"),
        ]


def test_to_go_on_gives_back_the_time_of_every_step(site: Site, jane: int) -> None:
    own_time = due(site, jane)
    mail = take(site, "Hm.", jane)
    assert due(site, jane) == HELD
    assert decide(site, mail, Decision(choice="go_on")) is None
    assert due(site, jane) == own_time
    row = list_enrollments(site.app, jane)["lead-education"]
    assert (row.state, row.paused_until, row.pause_reason) == ("active", None, None)
    with site.app.sessions() as session:
        [event] = events.list_for_contact(session, jane)
    assert (event.verdict, event.reasons[-1]) == ("unknown", "Ana decided: go on")


def test_to_go_on_late_sends_what_is_overdue_at_once(site: Site, jane: int) -> None:
    mail = take(site, "Hm.", jane)
    late = NOON + timedelta(days=30)
    decide(site, mail, Decision(choice="go_on"), now=late)
    assert due(site, jane) == late


def test_to_go_on_takes_up_what_a_colleague_s_reply_had_stopped(site: Site, jane: int) -> None:
    own_time = due(site, jane)
    mail = take(site, "I will look at it.", jane, sender="boss@acme.example")
    assert list_enrollments(site.app, jane)["lead-education"].state == "stopped"
    decide(site, mail, Decision(choice="go_on"))
    assert list_enrollments(site.app, jane)["lead-education"].state == "active"
    assert due(site, jane) == own_time


def test_a_second_mail_that_waits_keeps_the_pause(site: Site, jane: int) -> None:
    first, second = take(site, "Hm.", jane), take(site, "Hm, hm.", jane)
    decide(site, first, Decision(choice="go_on"))
    assert due(site, jane) == HELD
    decide(site, second, Decision(choice="go_on"))
    assert due(site, jane) < HELD


def test_a_mail_that_waits_holds_what_another_one_had_stopped(site: Site, jane: int) -> None:
    first = take(site, "I will look at it.", jane, sender="boss@acme.example")
    second = take(site, "Hm.", jane)
    decide(site, first, Decision(choice="go_on"))
    assert due(site, jane) == HELD
    decide(site, second, Decision(choice="go_on"))
    assert due(site, jane) < HELD


def test_what_the_contact_said_itself_since_ends_it_for_good(site: Site, jane: int) -> None:
    mail = take(site, "I will look at it.", jane, sender="boss@acme.example")
    later = NOON + timedelta(hours=1)
    take(site, "No thanks, we have no need for this.", jane, waits=False, now=later)
    decide(site, mail, Decision(choice="go_on"))
    assert list_enrollments(site.app, jane)["lead-education"].state == "stopped"


def test_what_other_systems_tell_is_no_wish_to_wait(site: Site, jane: int) -> None:
    told = receiving.Signal("jane@acme.example", "demo_request", NOON, "1", "api", {"until": "Q3"})
    with site.app.sessions() as session:
        receiving.accept_signal(session, told, now=NOON)
    decide(site, take(site, "Hm.", jane), Decision(choice="go_on"))
    assert due(site, jane) < HELD


def test_what_somebody_asked_for_meanwhile_holds_after_the_review(site: Site, jane: int) -> None:
    mail = take(site, "Hm.", jane)
    take(site, "Interesting, but not before July.", jane, waits=False)
    decide(site, mail, Decision(choice="go_on"))
    assert due(site, jane) == datetime(2026, 6, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize("name", ["question", "thanks", "other"])
def test_what_is_only_to_be_shown_goes_on_once_it_was_seen(site: Site, jane: int, name: str) -> None:
    decide(site, take(site, "Hm.", jane), Decision((name,)))
    assert due(site, jane) < HELD


def test_not_now_waits_until_the_day_the_person_read_in_it(site: Site, jane: int) -> None:
    decide(site, take(site, "Hm.", jane), Decision(("not_now",), until=date(2026, 9, 1)))
    assert due(site, jane) == datetime(2026, 8, 31, 22, tzinfo=UTC)


def test_to_stop_and_to_suppress(site: Site, jane: int) -> None:
    decide(site, take(site, "Hm.", jane), Decision(choice="stop"))
    assert list_enrollments(site.app, jane)["lead-education"].state == "stopped"
    assert suppressed(site, "jane@acme.example") is None
    decide(site, take(site, "Hm, hm.", jane), Decision(choice="suppress"))
    assert suppressed(site, "jane@acme.example") == "reply, as Ana decided"


def test_a_referral_becomes_a_contact_after_a_person_s_yes_alone(site: Site, jane: int) -> None:
    mail = take(site, "Please talk to Bob@acme.example about this.", jane)
    with site.app.sessions() as session:
        assert session.query(Contact).count() == 1
        assert "bob@acme.example" in str(inbound.get(session, mail).review_reason).lower()
    decide(site, mail, Decision(referred="bob@acme.example"))
    with site.app.sessions() as session:
        [bob] = session.query(Contact).filter_by(email="Bob@acme.example".lower())
        assert (bob.stage, bob.attributes) == (
            "lead",
            {"referred_by": "jane@acme.example", "accepted_by": "Ana"},
        )
        [row] = enrollments.list_for_contact(session, bob.id)
        assert (row.sequence, row.state) == ("lead-education", "active")
    assert list_enrollments(site.app, jane)["lead-education"].state == "stopped"


def test_an_unmatched_mail_is_seen_suppressed_or_a_referral_and_nothing_else(site: Site, jane: int) -> None:
    mails = [take(site, f"{n}: talk to bob@acme.example", None, sender=f"s{n}@x.example") for n in range(3)]
    for decision in (Decision(("positive",)), Decision(choice="stop")):
        with pytest.raises(CannotDecide, match="belongs to no contact: only --go-on"):
            decide(site, mails[0], decision)
    decide(site, mails[0], Decision(choice="go_on"))
    decide(site, mails[1], Decision(choice="suppress"))
    decide(site, mails[2], Decision(referred="bob@acme.example"))
    assert suppressed(site, "s1@x.example") == "reply, as Ana decided"
    with site.app.sessions() as session:
        assert reviewing.list_waiting(session, limit=10) == []
        assert session.query(Contact).filter_by(email="bob@acme.example").count() == 1


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (Decision(), "say what it is"),
        (Decision(("positive",), "stop"), "not both"),
        (Decision(("cheerful",)), "no reply can say 'cheerful': use pricing_request"),
        (Decision(referred="bob@elsewhere.example"), "does not name bob@elsewhere.example"),
        (Decision(referred="bob"), "'bob': "),
        (Decision(referred="jane@acme.example"), "jane@acme.example is a contact already"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    site: Site, jane: int, decision: Decision, message: str
) -> None:
    mail = take(site, "Ask jane@acme.example, hm.", jane, sender="boss@acme.example")
    with pytest.raises(CannotDecide, match=message):
        decide(site, mail, decision)
    with site.app.sessions() as session:
        assert [waiting.id for waiting in reviewing.list_waiting(session, limit=10)] == [mail]


def test_a_mail_is_decided_once(site: Site, jane: int) -> None:
    mail = take(site, "Hm.", jane)

    def try_it() -> str:
        try:
            decide(site, mail, Decision(("pricing_request",)))
        except CannotDecide as error:
            return str(error)
        return ""

    told = run_together(5, try_it)
    refusal = f"mail {mail} was decided on 2026-03-05 12:00: as pricing_request, by Ana"
    assert sorted(told) == ["", *[refusal] * 4]
    with pytest.raises(CannotDecide, match="there is no mail 999"):
        decide(site, 999, Decision(choice="stop"))


def test_what_the_program_acted_on_is_not_decided_again(site: Site, jane: int) -> None:
    mail = take(site, "What does it cost?", jane, waits=False)
    with pytest.raises(CannotDecide, match="waits for nobody"):
        decide(site, mail, Decision(choice="go_on"))


def take(
    site: Site,
    words: str,
    contact_id: int | None,
    *,
    sender: str = "jane@acme.example",
    waits: bool = True,
    now: datetime = NOON,
) -> int:
    """Take in a mail, in the contact's thread if one is given; its number."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, HELLO, "Re: A guide"
    with site.app.sessions() as session:
        if contact_id is not None:
            mail["In-Reply-To"] = f"<{messages.list_for_contact(session, contact_id)[-1].rfc_id}>"
        mail.set_content(words)
        receiving.take_in(session, site.app.keyring, mail.as_bytes(), [HELLO], now=now)
    with site.app.sessions() as session:
        newest = session.query(inbound.InboundMail).order_by(inbound.InboundMail.id.desc()).first()
        assert newest is not None
        assert (newest.review == "waiting") == waits
        return newest.id


def decide(site: Site, mail: int, decision: Decision, *, now: datetime = LATER) -> int | None:
    with site.app.sessions() as session:
        return reviewing.decide(session, mail, decision, by="Ana", now=now)


def due(site: Site, contact_id: int) -> datetime:
    with site.app.sessions() as session:
        return session.query(Touch).filter_by(contact_id=contact_id, state="planned").one().due_at


def suppressed(site: Site, email: str) -> str | None:
    """Where the address's suppression comes from."""
    with site.app.sessions() as session:
        found = suppressions.find(session, normalise_address(email).hash)
        return found.source if found else None


def test_a_day_that_is_over_cannot_be_waited_for(site: Site, jane: int) -> None:
    mail = take(site, "Hm.", jane)
    with pytest.raises(CannotDecide, match="is over: give a day to come"):
        decide(site, mail, Decision(("not_now",), until=date(2020, 1, 1)))
    assert decide(site, mail, Decision(("not_now",), until=date(2026, 9, 1))) == jane

"""What follows from a reply: waits, pauses, stops; and that they survive what else the reply leads to."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from nurture.core.condition import Counted
from nurture.core.reaction import DEFAULT_ACTIONS, ReplyRules
from nurture.core.rule import Rule
from nurture.services import delivering, qualifying, receiving, scheduling
from nurture.services.receiving import Signal
from nurture.store import contacts, enrollments, events, inbound, messages, suppressions
from nurture.store.enrollments import HELD
from nurture.store.tables import Touch
from tests.make import NOON, create_lead, create_mail, list_enrollments, plan_and_send, rules
from tests.make import create_workspace as publish
from tests.services.conftest import Site

JULY = datetime(2026, 6, 30, 22, tzinfo=UTC)  # the first of July in Paris
BACK = Rule("not-now", ("prospect", "opportunity"), "lead", Counted("not_now"), "Not now")


@pytest.fixture
def jane(site: Site) -> int:
    """A lead who got her first mail, as a prospect may have, and waits for what comes next."""
    with site.app.sessions() as session:
        publish(session, rules=(BACK, *rules()))
        contact_id = create_lead(session)
        create_mail(session, contact_id)
        scheduling.plan_touches(session, now=NOON)
    return contact_id


def test_not_now_waits_until_the_day_that_was_named_and_then_goes_on(site: Site, jane: int) -> None:
    assert reply(site, jane, "Interesting, but not before July.") == jane
    row = list_enrollments(site.app, jane)["lead-education"]
    assert (row.state, row.paused_until, row.pause_reason) == (
        "active",
        JULY,
        "asked to wait until 2026-07-01",
    )
    assert due(site, jane) == JULY
    site.clock.moment = JULY + timedelta(minutes=1)
    with site.app.sessions() as session:
        assert scheduling.advance(session, now=site.clock()) == 1
    assert plan_and_send(site.app) == 1


def test_not_now_without_a_day_waits_as_long_as_the_marketer_says(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        publish(session, rules=(BACK,), replies=ReplyRules(wait=timedelta(days=30)))
    reply(site, jane, "Not now, thanks.")
    assert due(site, jane) == NOON + timedelta(days=30)


def test_a_wait_survives_the_step_back_that_the_same_reply_leads_to(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        contacts.get(session, jane).stage = "prospect"
    reply(site, jane, "Interesting, but not before July.")
    with site.app.sessions() as session:
        qualifying.qualify(session, jane, now=NOON)
    with site.app.sessions() as session:
        scheduling.plan_touches(session, now=NOON)
        assert contacts.get(session, jane).stage == "lead"
        running = [row for row in enrollments.list_for_contact(session, jane) if row.state == "active"]
    assert [(row.stage, row.paused_until) for row in running] == [("lead", JULY)]
    assert due(site, jane) >= JULY


def test_sales_does_not_wait_for_what_was_said_before(site: Site, jane: int) -> None:
    reply(site, jane, "Interesting, but not before July.")
    with site.app.sessions() as session:
        receiving.request_pricing(session, jane, None, answers={"need": "now"}, now=NOON)
    with site.app.sessions() as session:
        assert len(qualifying.qualify(session, jane, now=NOON)) == 1
    assert list_enrollments(site.app, jane)["opportunity-welcome"].paused_until is None


def test_a_review_is_awaited_in_the_next_stage_too(site: Site, jane: int) -> None:
    reply(site, jane, "Hm.")
    with site.app.sessions() as session:
        signal = Signal("jane@acme.example", "pricing_request", NOON, "1", "shop", {})
        receiving.accept_signal(session, signal, now=NOON)
    with site.app.sessions() as session:
        qualifying.qualify(session, jane, now=NOON)
    assert list_enrollments(site.app, jane)["opportunity-welcome"].paused_until == HELD
    assert plan_and_send(site.app) == 0


@pytest.mark.parametrize("words", ["Hm.", "Thanks!", "Do you work on Sundays?"])
def test_what_says_nothing_certain_changes_nothing_but_the_pause(site: Site, jane: int, words: str) -> None:
    assert reply(site, jane, words) is None
    assert due(site, jane) == HELD
    with site.app.sessions() as session:
        [event] = events.list_for_contact(session, jane)
        assert (event.kind, event.verdict) == ("reply", "unknown")
        [mail] = inbound.list_for_contact(session, jane)
        assert mail.review == "waiting"
        assert qualifying.qualify(session, jane, now=NOON) == []
        assert contacts.get(session, jane).stage == "lead"
        assert suppressions.find(session, contacts.get(session, jane).email_hash) is None
    site.clock.forward(days=400)
    with site.app.sessions() as session:
        assert scheduling.advance(session, now=site.clock()) == 0


def test_below_the_marketer_s_threshold_a_request_waits_for_a_person(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        publish(session, replies=ReplyRules(threshold=0.999))
    assert reply(site, jane, "What does it cost?") is None
    with site.app.sessions() as session:
        [mail] = inbound.list_for_contact(session, jane)
    assert str(mail.review_reason).startswith("not sure enough: pricing request")


def test_the_marketer_s_actions_hold(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        publish(session, replies=ReplyRules(actions={**DEFAULT_ACTIONS, "objection": ("suppress",)}))
    reply(site, jane, "We are not interested.")
    with site.app.sessions() as session:
        assert suppressions.find(session, contacts.get(session, jane).email_hash) is not None


def test_no_rule_sees_interest_in_who_is_the_wrong_person(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        replied = Rule("replied", ("lead",), "prospect", Counted("reply"), "Replied")
        publish(session, rules=(replied,))
    assert reply(site, jane, "You have the wrong person, I do not handle this.") is None
    assert list_enrollments(site.app, jane)["lead-education"].state == "stopped"
    with site.app.sessions() as session:
        qualifying.qualify(session, jane, now=NOON)
        assert contacts.get(session, jane).stage == "lead"


def test_s08_a_reply_that_proves_nothing_takes_a_claimed_mail_back(site: Site) -> None:
    with site.app.sessions() as session:
        joe = create_lead(session, "joe@acme.example")
        scheduling.plan_touches(session, now=NOON)
    forged = b"From: joe@acme.example\r\nSubject: Re: guide\r\n\r\nWhat does it cost?\r\n"
    with site.app.sessions() as session:
        [touch] = session.query(Touch).filter_by(contact_id=joe)
        touch.state, touch.lease_until = "claimed", NOON
        receiving.take_in(session, site.app.keyring, forged, ["hello@meridian.example"], now=NOON)
    assert delivering.deliver_due(site.app) == 0
    assert due(site, joe) == HELD


def test_somebody_away_whose_reply_waits_is_not_written_to_on_their_return(site: Site, jane: int) -> None:
    reply(site, jane, "Hm.")
    reply(site, jane, "I am out of office until 10 March 2026.", **{"Auto-Submitted": "auto-replied"})
    row = list_enrollments(site.app, jane)["lead-education"]
    assert (row.paused_until, row.pause_reason) == (HELD, "a reply waits for a person's review")
    assert due(site, jane) == HELD


def reply(site: Site, contact_id: int, words: str, **headers: str) -> int | None:
    """The contact answers its newest mail."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "jane@acme.example", "hello@meridian.example", "Re: A guide"
    with site.app.sessions() as session:
        mail["In-Reply-To"] = f"<{messages.list_for_contact(session, contact_id)[-1].rfc_id}>"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(words)
    with site.app.sessions() as session:
        return receiving.take_in(
            session, site.app.keyring, mail.as_bytes(), ["hello@meridian.example"], now=site.clock()
        )


def due(site: Site, contact_id: int) -> datetime:
    """When the contact's only planned touch is due."""
    with site.app.sessions() as session:
        return session.query(Touch).filter_by(contact_id=contact_id, state="planned").one().due_at

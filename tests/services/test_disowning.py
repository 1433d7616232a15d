"""A person says that it was a machine: one word undoes all that came of it, and it stays undone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from nurture.core.people.contact import BadAddress
from nurture.services import consenting, disowning, handing_off, judging, qualifying
from nurture.services.disowning import Disowned, Nobody
from nurture.services.explaining import explain
from nurture.store import contacts, enrollments, events, handoffs, optouts, promotions, suppressions, touches
from nurture.store.tables import Event
from tests.make import NOON, create_event, create_lead, create_mail, plan, run_together
from tests.services.conftest import Site

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SCANNER = {"agent": BROWSER, "address": "192.0.2.77", "method": "POST", "headers": {}}
MAILBOX = {"agent": "GmailUnsubscribe/1.0", "address": "192.0.2.5", "method": "POST", "headers": {}}


@pytest.fixture
def jane(site: Site) -> int:
    """A lead who got the first mail at noon and is in the wait after it; it is one o'clock."""
    with site.app.sessions() as session:
        lead = create_lead(session)
        create_mail(session, lead)
    plan(site.app)
    site.clock.forward(hours=1)
    return lead


def test_b08_one_action_undoes_all_that_a_scanner_did(site: Site, jane: int) -> None:
    handoff = scan(site, jane)
    with site.app.sessions() as session:
        assert contacts.get(session, jane).stage == "opportunity"
        assert suppressions.find(session, contacts.get(session, jane).email_hash) is not None
    site.clock.forward(minutes=5)
    told = disown(site)
    assert told == Disowned(jane, 6, ("lead → opportunity",), (), ("marketing", "tracking"), told.handoffs)
    with site.app.sessions() as session:
        contact = contacts.get(session, jane)
        assert (contact.stage, contact.tracking) == ("lead", True)
        assert suppressions.find(session, contact.email_hash) is None
        assert handoffs.get(session, handoff).state == "withdrawn"
        assert [(row.sequence, row.state) for row in enrollments.list_for_contact(session, jane)] == [
            ("lead-education", "active"),
            ("opportunity-welcome", "stopped"),
        ]
        known = {touch.step: touch.state for touch in touches.list_for_contact(session, jane)}
        assert (known["first"], known["clicked"]) == ("sent", "planned")
        [promotion] = promotions.list_for_contact(session, jane)
        assert "said to be a machine's by Ana" in str(promotion.undone_reason)
        assert {row.verdict for row in events.list_for_contact(session, jane)} == {"machine"}
        assert qualifying.qualify(session, jane, now=site.clock()) == []
        assert contact.qualify_at is None


def test_b08_whichever_form_the_scanner_sent_first(site: Site, jane: int) -> None:
    unsubscribe(site, jane, "page", SCANNER)
    site.clock.forward(seconds=1)
    ask(site, jane)
    qualify(site, jane)
    assert disown(site).taken_back == ("marketing",)
    with site.app.sessions() as session:
        assert contacts.get(session, jane).stage == "lead"
        [enrollment] = enrollments.list_for_contact(session, jane)
        assert (enrollment.sequence, enrollment.state) == ("lead-education", "active")


def test_b08_the_record_of_consent_is_only_appended_to(site: Site, jane: int) -> None:
    scan(site, jane)
    with site.app.sessions() as session:
        before = [(row.id, row.given, row.source) for row in suppressions.list_consents(session, jane)]
    disown(site)
    with site.app.sessions() as session:
        after = suppressions.list_consents(session, jane)
    assert [(row.id, row.given, row.source) for row in after[: len(before)]] == before
    assert [(row.purpose, row.given, row.source) for row in after[len(before) :]] == [
        ("marketing", True, "disowned"),
        ("tracking", True, "disowned"),
    ]
    assert "as Ana tells" in after[-1].wording


def test_b08_a_persons_word_outranks_every_later_judgement(site: Site, jane: int) -> None:
    hit(site, jane, site.clock() - timedelta(minutes=20), link=1)
    hit(site, jane, site.clock() - timedelta(minutes=10), link=2)
    judge(site)
    qualify(site, jane)
    assert disown(site).undone == ("lead → prospect",)
    hit(site, jane, site.clock() + timedelta(minutes=1), link=3)
    site.clock.forward(minutes=10)
    assert judge(site) == [jane]
    with site.app.sessions() as session:
        assert judging.judge_again(session, since=NOON) == 0
        rows = events.list_for_contact(session, jane)
    assert [(row.verdict, row.said_by) for row in rows] == [
        ("machine", "Ana"),
        ("machine", "Ana"),
        ("human", None),
    ]
    with site.app.sessions() as session:
        told = explain(session, "jane@acme.example", now=site.clock())
    assert told.evidence[0].text.endswith(": machine, 100% certain, said by a person")
    assert told.evidence[0].because == ("said to be a machine's by Ana",)


def test_b08_twice_and_together_is_once(site: Site, jane: int) -> None:
    handoff = scan(site, jane)
    with site.app.sessions() as session:
        handoffs.record_try(session, handoff, "email", None, site.clock())
    told = run_together(8, lambda: disown(site))
    assert sorted(len(each.handoffs) for each in told) == [0] * 7 + [1]
    assert sorted(each.events for each in told) == [0] * 7 + [6]
    with site.app.sessions() as session:
        assert len([w for w in suppressions.list_consents(session, jane) if w.source == "disowned"]) == 2
        assert len(enrollments.list_for_contact(session, jane)) == 2


def test_b08_an_accepted_handoff_is_flagged(site: Site, jane: int) -> None:
    handoff = scan(site, jane)
    with site.app.sessions() as session:
        handing_off.answer(session, handoff, accept=True, reason="", now=site.clock())
    told = disown(site)
    assert (told.undone, told.flagged, told.handoffs) == ((), ("lead → opportunity",), (handoff,))


@pytest.mark.parametrize("first", ["scanner", "person"])
def test_b08_an_unsubscribe_by_reply_stands(site: Site, jane: int, first: str) -> None:
    order = (
        [("page", SCANNER), ("reply", None)] if first == "scanner" else [("reply", None), ("page", SCANNER)]
    )
    for source, client in order:
        unsubscribe(site, jane, source, client)
        site.clock.forward(minutes=1)
    assert disown(site).taken_back == ()
    with site.app.sessions() as session:
        assert suppressions.find(session, contacts.get(session, jane).email_hash) is not None
        assert [row.state for row in enrollments.list_for_contact(session, jane)] == ["stopped"]
        verdicts = {row.source: row.verdict for row in events.list_for_contact(session, jane)}
    assert verdicts == {"page": "machine", "reply": "human"}


def test_b08_a_mail_programs_one_click_stands_unless_the_scanner_sent_it(site: Site, jane: int) -> None:
    hit(site, jane, site.clock(), link=1)
    unsubscribe(site, jane, "one_click", MAILBOX)
    assert disown(site).taken_back == ()
    site.clock.forward(days=1)
    with site.app.sessions() as session:
        optouts.opt_in(session, contacts.get(session, jane), source="preferences", now=site.clock())
    site.clock.forward(hours=1)
    hit(site, jane, site.clock(), link=2, address="192.0.2.77")
    unsubscribe(site, jane, "one_click", SCANNER)
    assert disown(site, since=site.clock()).taken_back == ("marketing",)


def test_b08_a_bounce_keeps_the_address_suppressed(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        email_hash = contacts.get(session, jane).email_hash
        suppressions.suppress(session, email_hash, reason="bounced", source="report", now=site.clock())
    unsubscribe(site, jane, "page", SCANNER)
    disown(site)
    with site.app.sessions() as session:
        found = suppressions.find(session, email_hash)
    assert found is not None
    assert found.reason == "bounced"


def test_b08_mail_that_a_scanner_has_taken_up_again_is_ended_again(site: Site, jane: int) -> None:
    unsubscribe(site, jane, "reply", None)
    site.clock.forward(days=1)
    since = site.clock()
    with site.app.sessions() as session:
        consenting.change_preferences(session, jane, mail=True, tracking=True, now=since)
    assert disown(site, since=since).taken_back == ("marketing",)
    with site.app.sessions() as session:
        assert suppressions.find(session, contacts.get(session, jane).email_hash) is not None


def test_l10_an_import_between_does_not_revive_who_has_unsubscribed(site: Site, jane: int) -> None:
    unsubscribe(site, jane, "reply", None)
    with site.app.sessions() as session:
        suppressions.record_consent(
            session, jane, purpose="marketing", given=True, source="a.csv", wording="", now=site.clock()
        )
    site.clock.forward(minutes=1)
    unsubscribe(site, jane, "page", SCANNER)
    assert disown(site).taken_back == ()
    with site.app.sessions() as session:
        assert suppressions.find(session, contacts.get(session, jane).email_hash) is not None


def test_b08_of_one_mail_only_its_hits_and_the_forms_of_the_same_program(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        [mail] = [touch.id for touch in touches.list_for_contact(session, jane) if touch.step == "first"]
        contact = contacts.get(session, jane)
        elsewhere = create_event(session, contact, "pricing_request", site.clock(), source="api", key="api")
        by_another = create_event(
            session, contact, "pricing_request", site.clock(), source="form", detail={"client": MAILBOX}
        )
    hit(site, jane, site.clock(), link=1, address="192.0.2.77")
    unsubscribe(site, jane, "page", SCANNER)
    with site.app.sessions() as session:
        told = disowning.disown(session, by="Ana", now=site.clock(), message_id=mail)
    assert (told.contact_id, told.events, told.taken_back) == (jane, 2, ("marketing",))
    with site.app.sessions() as session:
        said = {row.id: row.said_by for row in events.list_for_contact(session, jane)}
    assert (said[elsewhere], said[by_another]) == (None, None)


def test_nobody_can_be_disowned(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        create_lead(session, "omar@acme.example")
        for faulty in (
            {"email": "nobody@acme.example"},
            {"email": "omar@acme.example", "message_id": 1},
            {"message_id": 99},
            {},
        ):
            with pytest.raises(Nobody):
                disowning.disown(session, by="Ana", now=site.clock(), **faulty)
        with pytest.raises(BadAddress):
            disowning.disown(session, by="Ana", now=site.clock(), email="nobody")


def scan(site: Site, contact_id: int) -> int:
    """A scanner follows every link an hour after the mail, in its own time, and sends every form.

    The handoff that comes of it.
    """
    for link in (1, 2, 3):
        hit(site, contact_id, site.clock() + timedelta(seconds=40 * link), link=link, address="192.0.2.77")
    site.clock.forward(minutes=4)
    ask(site, contact_id)
    [handoff] = qualify(site, contact_id)
    site.clock.forward(seconds=5)
    unsubscribe(site, contact_id, "page", SCANNER)
    site.clock.forward(seconds=5)
    with site.app.sessions() as session:
        consenting.change_preferences(session, contact_id, mail=False, tracking=False, now=site.clock())
    return handoff


def ask(site: Site, contact_id: int) -> None:
    with site.app.sessions() as session:
        create_event(
            session,
            contacts.get(session, contact_id),
            "pricing_request",
            site.clock(),
            source="form",
            detail={"client": SCANNER},
        )


def unsubscribe(site: Site, contact_id: int, source: str, client: Mapping[str, Any] | None) -> None:
    with site.app.sessions() as session:
        contact = contacts.lock(session, contact_id)
        optouts.opt_out(session, contact, source=source, now=site.clock(), client=client)


def hit(site: Site, contact_id: int, at: datetime, *, link: int, address: str = "192.0.2.1") -> None:
    """A click as the shipper stores it."""
    with site.app.sessions() as session:
        [mail] = [
            touch.id for touch in touches.list_for_contact(session, contact_id) if touch.step == "first"
        ]
        session.add(
            Event(
                contact_id=contact_id,
                message_id=mail,
                kind="click",
                source="mail",
                at=at,
                received_at=at,
                verdict="unknown",
                detail={"link": link, "agent": BROWSER, "address": address, "method": "GET", "headers": {}},
                key=f"{link}:{at.isoformat()}",
            )
        )


def judge(site: Site) -> list[int]:
    with site.app.sessions() as session:
        return judging.judge_settled(session, now=site.clock(), settle=timedelta(seconds=60))


def qualify(site: Site, contact_id: int) -> list[int]:
    with site.app.sessions() as session:
        return qualifying.qualify(session, contact_id, now=site.clock())


def disown(site: Site, **which: Any) -> Disowned:
    with site.app.sessions() as session:
        return disowning.disown(session, by="Ana", now=site.clock(), email="jane@acme.example", **which)

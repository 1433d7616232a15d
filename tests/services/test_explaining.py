"""Why a contact is where it is, why it got or did not get a mail, and what comes next."""

from datetime import timedelta

import pytest

from nurture.core.people.contact import BadAddress
from nurture.core.traffic.verdict import Judgement
from nurture.services import consenting, handing_off, qualifying, receiving
from nurture.services.explaining import Explanation, Line, UnknownContact, explain
from nurture.store import contacts, events, suppressions, tasks, touches
from tests.conftest import Sessions
from tests.make import (
    NOON,
    create_contact,
    create_event,
    create_lead,
    create_mail,
    create_workspace,
    plan,
    plan_and_send,
)
from tests.services.conftest import Site


def test_it_tells_what_was_sent_and_what_comes_next(site: Site) -> None:
    with site.app.sessions() as session:
        create_lead(session)
    told = tell(site)
    assert told.next == (Line(None, "the next step of lead-education is about to be planned or under way"),)
    plan(site.app)
    assert tell(site).next == (Line(NOON, "email “first” of lead-education"),)
    plan_and_send(site.app)
    plan(site.app)
    told = tell(site)
    assert told.touches == (Line(NOON, "email “first” of lead-education: sent"),)
    assert told.next == (Line(NOON + timedelta(days=3), "branch “clicked” of lead-education"),)
    assert (told.stage, told.since, told.grade, told.score) == ("lead", NOON, "B", 0.0)
    assert told.stages == (Line(NOON, "came in as lead"),)


def test_it_tells_of_a_mail_on_its_way_and_of_one_put_off(site: Site) -> None:
    with site.app.sessions() as session:
        create_lead(session)
    seen: list[Explanation] = []

    def look(command: str) -> str | None:
        if not command.startswith("RCPT"):
            return None
        seen.append(tell(site))
        return "451 4.7.1 greylisted"

    site.server.script = look
    plan_and_send(site.app)
    assert [line.text for line in seen[0].touches] == ["email “first” of lead-education: being sent"]
    assert [line.text for line in seen[0].next] == [
        "the next step of lead-education is about to be planned or under way"
    ]
    [line] = tell(site).next
    assert line.at == NOON + timedelta(minutes=5)
    assert line.because == ("will be tried again: 451 4.7.1 greylisted",)


def test_it_tells_why_a_mail_was_withheld(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
    plan(site.app)
    with site.app.sessions() as session:
        consenting.unsubscribe(session, jane, source="one_click", now=NOON)
    told = tell(site)
    assert told.suppressed == "unsubscribed by one_click"
    assert told.touches == (
        Line(NOON, "email “first” of lead-education: withheld", ("unsubscribed",)),
        Line(NOON, "left lead-education: unsubscribed"),
    )
    assert told.next == (Line(None, "nothing: the contact is in no sequence"),)


def test_it_tells_stages_with_evidence_and_what_became_of_it(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
        asked = receiving.request_pricing(session, jane, None, answers={"form_id": "f"}, now=NOON)
    site.clock.forward(minutes=1)
    with site.app.sessions() as session:
        [handoff] = qualifying.qualify(session, jane, now=site.clock())
    told = tell(site)
    assert told.stages[1].text == (
        "lead → opportunity: Asks for prices (rule “asked-for-prices” of version 1)"
    )
    assert told.stages[1].because == ("asked for prices by the form", f"evidence: events {asked}")
    assert told.evidence == (
        Line(
            NOON,
            f"#{asked} pricing request by form: human, as told, not judged",
            ("a form of ours was sent",),
        ),
    )
    assert told.handoffs == (
        Line(
            site.clock(), "handed to ana: pending", ("Asked for prices by the form on 4 March at 12:00 UTC.",)
        ),
    )
    site.clock.forward(minutes=1)
    with site.app.sessions() as session:
        handing_off.answer(session, handoff, accept=False, reason="no budget", now=site.clock())
    told = tell(site)
    assert told.stages[2].text.startswith("opportunity → lead: Sales rejected: no budget")
    assert told.stages[2].because == ("no budget", "no events")
    assert [line.text for line in told.evidence] == [
        f"#{asked} pricing request by form: human, as told, not judged (spent)"
    ]
    assert told.handoffs[0].because == ("Asked for prices by the form on 4 March at 12:00 UTC.", "no budget")


def test_it_tells_what_is_missing_for_a_promotion(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session, attributes={})
        create_event(session, contacts.get(session, jane), verdict="machine")
    missing = {line.text: line.because for line in tell(site).missing}
    assert missing == {
        "asked-for-prices (opportunity)": ("0 of 1 pricing request",),
        "engaged-fit (prospect)": ("0 of 2 clicks in 14 days and fit grade F, B or better needed",),
    }


def test_it_tells_replies_absences_and_tasks(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
    plan(site.app)
    raw = b"From: jane@acme.example\r\nAuto-Submitted: auto-replied\r\nSubject: Away\r\n\r\n"
    raw += b"I am out of office until 10 March 2026.\r\n"
    with site.app.sessions() as session:
        receiving.take_in(session, site.app.keyring, raw, ["hello@meridian.example"], now=NOON)
    told = tell(site)
    assert [line.text for line in told.touches] == ["out of office came in"]
    assert told.next[0].because == ("out of office",)
    with site.app.sessions() as session:
        [touch] = touches.list_for_contact(session, jane)
        tasks.add(session, touch, rep="ana", kind="call", subject="Call them", note="", now=NOON)
    assert [line.text for line in tell(site).handoffs] == ["task for ana: call, Call them (open)"]


def test_it_tells_verdict_reasons_certainty_and_version_of_every_event(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
        mail = create_mail(session, jane)
        for number, (kind, source) in enumerate(
            [("click", "mail"), ("open", "mail"), ("reply", "reply"), ("demo_request", "crm")]
        ):
            is_hit = source == "mail"
            moment = NOON + timedelta(minutes=number)
            create_event(
                session,
                contacts.get(session, jane),
                kind,
                moment,
                source=source,
                message_id=is_hit and mail or None,
            )
        click, opened, _, _ = events.list_for_contact(session, jane)
        swept = Judgement("machine", ("5 links were fetched within 1.5 s",), 0.97)
        events.judge(session, {click.id: swept}, version=2, now=NOON)
        opened.verdict, opened.judged_at = "unknown", None
    assert [(line.text, line.because) for line in tell(site).evidence] == [
        (f"#1 click by mail {mail}: machine, 97% certain, judge 2", swept.reasons),
        (
            f"#2 open by mail {mail}: unknown, not judged yet",
            ("a hit that is judged when no more have followed for a while",),
        ),
        ("#3 reply by reply: human, as told, not judged", ("a mail came in",)),
        ("#4 demo request by crm: human, as told, not judged", ("told by crm",)),
    ]


def test_b10_it_tells_what_became_of_a_promotion(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
        moments = [NOON + timedelta(minutes=number) for number in range(3)]
        ids = [create_event(session, contacts.get(session, jane), at=moment) for moment in moments]
    site.clock.forward(hours=1)
    swept = Judgement("machine", ("it swept",), 0.97)
    for fallen in ([], ids[:1], ids[1:]):
        with site.app.sessions() as session:
            events.judge(session, dict.fromkeys(fallen, swept), version=2, now=site.clock())
            qualifying.qualify(session, jane, now=site.clock())
        if fallen == ids[:1]:
            assert tell(site).stages[1].because[-1] == "evidence: events 2, 3; 1 no longer a person's"
        site.clock.forward(hours=1)
    told = tell(site)
    assert told.stage == "lead"
    assert told.stages[-1] == Line(
        NOON + timedelta(hours=3),
        "undone: lead → prospect of 4 March 2026, 13:00 UTC",
        (
            "no longer a person's: clicked on 4 March at 12:01 UTC (machine: it swept); "
            "clicked on 4 March at 12:02 UTC (machine: it swept)",
        ),
    )


def test_nobody_can_be_explained(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        with pytest.raises(UnknownContact, match="no contact has that address"):
            explain(session, "nobody@acme.example", now=NOON)
        with pytest.raises(BadAddress):
            explain(session, "nobody", now=NOON)


def test_looking_changes_nothing(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        jane = create_contact(session)
        suppressions.suppress(session, jane.email_hash, reason="bounced", source="smtp", now=NOON)
    with sessions() as session:
        assert explain(session, "JANE@acme.example", now=NOON).suppressed == "bounced by smtp"
        assert not session.dirty
        assert not session.new


def tell(site: Site) -> Explanation:
    with site.app.sessions() as session:
        return explain(session, "jane@acme.example", now=site.clock())

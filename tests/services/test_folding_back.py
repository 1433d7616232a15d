"""Later evidence judges again, and everything that came of it follows: on real rows, real mail."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from email import message_from_bytes, policy

import pytest

from nurture.bootstrap import handoff_templates
from nurture.core.condition import Counted
from nurture.core.rule import Rule
from nurture.core.traffic.verdict import JUDGE_VERSION, Judgement
from nurture.core.workspace import Rep, Stage
from nurture.sales.email import EmailTarget
from nurture.services import consenting, delivering, handing_off, judging, qualifying, scheduling
from nurture.services.explaining import explain
from nurture.store import (
    contacts,
    enrollments,
    events,
    handoffs,
    known_lists,
    promotions,
    suppressions,
    tasks,
    touches,
)
from nurture.store.tables import Event, Handoff, HandoffNotice, Promotion, Touch
from tests.make import (
    NOON,
    create_event,
    create_lead,
    create_mail,
    create_workspace,
    list_enrollments,
    list_touches,
    plan,
    run_together,
)
from tests.sales.receiver import create_target, receiving, status
from tests.services.conftest import Site

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SETTLE = timedelta(seconds=60)
SCANNER = {"agent": "python-requests/2.32", "address": "192.0.2.9", "method": "POST", "headers": {}}


@pytest.fixture
def jane(site: Site) -> int:
    """A lead who got the first mail at noon and is in the wait after it."""
    with site.app.sessions() as session:
        lead = create_lead(session)
        create_mail(session, lead)
    plan(site.app)
    mailer = EmailTarget(site.app.mailer, site.app.signer.sign, b"k" * 32, handoff_templates(), site.clock)
    site.app.targets["email"] = mailer  # type: ignore[index]
    site.clock.forward(hours=1)
    return lead


def test_b07_two_links_in_four_seconds_by_one_person_promote_once(site: Site, jane: int) -> None:
    for link, moment in ((1, 0), (2, 4)):
        hit(site, jane, site.clock() + timedelta(seconds=moment), link=link)
    site.clock.forward(minutes=5)
    judge(site)
    assert {row.verdict for row in list_events(site, jane)} == {"human"}
    run_together(20, lambda: qualify(site, jane))
    assert [(row.origin, row.target) for row in list_promotions(site, jane)] == [("lead", "prospect")]


def test_b09_a_machines_get_of_the_pricing_page_reaches_nobody(site: Site, jane: int) -> None:
    hit(site, jane, NOON + timedelta(seconds=3), link=2, agent=SCANNER["agent"])
    judge(site)
    assert qualify(site, jane) == []
    assert stage_of(site, jane) == "lead"
    assert list_handoffs(site, jane) == []


def test_b10_what_rests_on_a_machine_is_undone_with_handoff_and_sequence(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    [handoff] = qualify(site, jane)
    assert handing_off.tell(site.app, handoff)
    plan(site.app)
    site.clock.forward(minutes=5)
    assert rejudge(site, jane, [asked], "machine") == [handoff]
    assert stage_of(site, jane) == "lead"
    [promotion] = list_promotions(site, jane)
    assert promotion.undone_at == site.clock()
    assert "asked for prices by the form on 4 March at 13:00 UTC (machine: it swept)" in str(
        promotion.undone_reason
    )
    [withdrawn] = list_handoffs(site, jane)
    assert (withdrawn.state, withdrawn.decision) == ("withdrawn", promotion.undone_reason)
    running = list_enrollments(site.app, jane)
    assert {name: row.state for name, row in running.items()} == {
        "lead-education": "active",
        "opportunity-welcome": "stopped",
    }
    assert running["opportunity-welcome"].end_reason == "the promotion to opportunity was undone"
    known = list_touches(site.app, jane)
    assert {step: touch.state for step, touch in known.items()} == {
        "first": "sent",
        "clicked": "planned",
        "opening": "cancelled",
    }
    assert known["clicked"].due_at == NOON + timedelta(days=3)


def test_b10_the_rep_is_told_once_in_the_same_thread_and_by_webhook(site: Site, jane: int) -> None:
    with receiving(status(204)) as hook:
        with site.app.sessions() as session:
            create_workspace(session, reps=(Rep("ana", "ana@meridian.example", "Ana", hook.url),))
        site.app.targets["webhook"] = create_target()  # type: ignore[index]
        asked = ask(site, jane)
        [handoff] = qualify(site, jane)
        assert handing_off.tell(site.app, handoff)
        rejudge(site, jane, [asked], "machine")
        assert [handing_off.tell(site.app, handoff) for _ in range(3)] == [True, False, False]
    first, second = (message_from_bytes(raw, policy=policy.default) for raw in site.server.raw)
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"] != second["Message-ID"]
    assert second["Subject"] == f"Re: {first['Subject']}"
    body = second.get_body(("plain",))
    assert body is not None
    assert "was not what it seemed" in body.get_content()
    assert "it swept" in " ".join(body.get_content().split())
    assert [request.headers["webhook-id"] for request in hook.requests] == [
        f"handoff-{handoff}",
        f"handoff-{handoff}-withdrawn",
    ]
    assert b'"type":"handoff.withdrawn"' in hook.requests[1].body


def test_b10_who_was_never_told_hears_of_no_withdrawal(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    [handoff] = qualify(site, jane)
    assert rejudge(site, jane, [asked], "machine") == []
    assert not handing_off.tell(site.app, handoff)
    assert site.server.delivered == []


def test_b10_who_is_being_told_this_moment_hears_of_the_withdrawal_too(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    [handoff] = qualify(site, jane)

    class Meanwhile:
        def tell(self, notice: object) -> None:
            assert rejudge(site, jane, [asked], "machine") == [handoff]

    mail = site.app.targets["email"]
    site.app.targets["email"] = Meanwhile()  # type: ignore[index]
    assert handing_off.tell(site.app, handoff)
    site.app.targets["email"] = mail  # type: ignore[index]
    assert handing_off.tell(site.app, handoff)
    [told] = site.server.raw
    assert b"-h" in message_from_bytes(told)["Message-ID"].encode()


def test_b10_an_accepted_handoff_is_flagged_and_nothing_is_undone(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    [handoff] = qualify(site, jane)
    handing_off.tell(site.app, handoff)
    with site.app.sessions() as session:
        assert handing_off.answer(session, handoff, accept=True, reason="", now=site.clock())
    before = {name: row.state for name, row in list_enrollments(site.app, jane).items()}
    assert rejudge(site, jane, [asked], "machine") == [handoff]
    assert rejudge(site, jane, [asked], "machine") == []
    [promotion] = list_promotions(site, jane)
    assert (promotion.undone_at, promotion.flagged_at) == (None, site.clock())
    assert stage_of(site, jane) == "opportunity"
    assert [row.state for row in list_handoffs(site, jane)] == ["accepted"]
    assert {name: row.state for name, row in list_enrollments(site.app, jane).items()} == before
    assert [handing_off.tell(site.app, handoff) for _ in range(2)] == [True, False]
    assert b"you decide" in site.server.raw[1]
    with site.app.sessions() as session:
        told = explain(session, "jane@acme.example", now=site.clock())
        assert handing_off.show(session, handoff).flag == promotion.flag
    assert any(line.text.startswith("flagged for lead → opportunity") for line in told.stages)
    assert f"flagged: {promotion.flag}" in told.handoffs[0].because


def test_b10_a_promotion_that_holds_on_what_is_left_is_kept(site: Site, jane: int) -> None:
    ids = click(site, jane, 3)
    qualify(site, jane)
    assert rejudge(site, jane, ids[:1], "machine") == []
    [promotion] = list_promotions(site, jane)
    assert (promotion.undone_at, promotion.evidence) == (None, ids[1:])
    assert promotion.because[0].startswith("clicked 2 times")
    assert promotion.facts["evidence"] == ids
    assert stage_of(site, jane) == "prospect"
    rejudge(site, jane, ids[1:2], "unknown")
    assert stage_of(site, jane) == "lead"


@pytest.mark.parametrize(
    ("first", "second", "stage", "running"),
    [
        (True, False, "opportunity", "opportunity-welcome"),
        (False, True, "prospect", "prospect-evaluation"),
        (True, True, "lead", "lead-education"),
    ],
)
def test_b10_a_chain_goes_back_as_far_as_its_evidence_fell(
    site: Site, jane: int, first: bool, second: bool, stage: str, running: str
) -> None:
    clicks = click(site, jane, 2)
    qualify(site, jane)
    plan(site.app)
    site.clock.forward(minutes=10)
    asked = ask(site, jane)
    qualify(site, jane)
    fallen = (clicks if first else []) + ([asked] if second else [])
    site.clock.forward(minutes=10)
    rejudge(site, jane, fallen, "machine")
    assert (stage_of(site, jane), list_running(site, jane)) == (stage, [running])
    assert [row.undone_at is not None for row in list_promotions(site, jane)] == [first, second]


def test_b10_the_second_of_a_chain_falls_later_and_leads_to_the_very_beginning(site: Site, jane: int) -> None:
    clicks = click(site, jane, 2)
    qualify(site, jane)
    site.clock.forward(minutes=10)
    asked = ask(site, jane)
    qualify(site, jane)
    rejudge(site, jane, clicks, "machine")
    rejudge(site, jane, [asked], "machine")
    assert (stage_of(site, jane), list_running(site, jane)) == ("lead", ["lead-education"])


def test_b10_step_by_step_the_sequences_go_on_too(site: Site, jane: int) -> None:
    clicks = click(site, jane, 2)
    qualify(site, jane)
    site.clock.forward(minutes=10)
    asked = ask(site, jane)
    qualify(site, jane)
    rejudge(site, jane, [asked], "machine")
    assert list_running(site, jane) == ["prospect-evaluation"]
    rejudge(site, jane, clicks, "machine")
    assert (stage_of(site, jane), list_running(site, jane)) == ("lead", ["lead-education"])


def test_b10_twenty_looks_at_once_undo_once(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    [handoff] = qualify(site, jane)
    handing_off.tell(site.app, handoff)
    news = run_together(20, lambda: rejudge(site, jane, [asked], "machine"))
    assert sum(news, []) == [handoff]
    with site.app.sessions() as session:
        notices = session.query(HandoffNotice).filter_by(news="withdrawn").all()
        assert len(notices) == 1
        states = [row.state for row in enrollments.list_for_contact(session, jane)]
        assert states == ["active", "stopped"]
    assert len(list_promotions(site, jane)) == 1


def test_b10_the_same_evidence_promotes_again_only_if_it_is_judged_a_persons_again(
    site: Site, jane: int
) -> None:
    asked = ask(site, jane)
    [first] = qualify(site, jane)
    rejudge(site, jane, [asked], "machine")
    assert qualify(site, jane) == []
    [second] = rejudge(site, jane, [asked], "human")
    assert second != first
    assert [row.undone_at is None for row in list_promotions(site, jane)] == [False, True]
    assert (stage_of(site, jane), list_running(site, jane)) == ("opportunity", ["opportunity-welcome"])


def test_b10_a_request_of_a_person_since_is_handed_over_anew(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    [first] = qualify(site, jane)
    handing_off.tell(site.app, first)
    site.clock.forward(minutes=10)
    with site.app.sessions() as session:
        create_event(session, contacts.get(session, jane), "pricing_request", site.clock(), source="reply")
    assert qualify(site, jane) == []
    [withdrawn, second] = rejudge(site, jane, [asked], "machine")
    assert withdrawn == first
    with site.app.sessions() as session:
        assert handoffs.get(session, second).why_now.startswith("Asked for prices by reply")


def test_b10_a_later_stage_that_stands_gets_a_handoff_of_its_own(site: Site, jane: int) -> None:
    stages = (
        Stage("lead", "Lead", None),
        Stage("prospect", "P", None, True),
        Stage("opportunity", "O", None, True),
    )
    with site.app.sessions() as session:
        create_workspace(session, stages=stages)
    clicks = click(site, jane, 2)
    [first] = qualify(site, jane)
    site.clock.forward(minutes=10)
    ask(site, jane)
    assert qualify(site, jane) == []
    [second] = rejudge(site, jane, clicks, "machine")
    assert stage_of(site, jane) == "opportunity"
    with site.app.sessions() as session:
        assert [handoffs.get(session, id).state for id in (first, second)] == ["withdrawn", "pending"]
        assert handoffs.get(session, second).why_now.startswith("Asked for prices")
    assert qualify(site, jane) == []


def test_b10_a_sequence_that_a_reply_has_ended_stays_left(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    qualify(site, jane)
    site.clock.forward(minutes=5)
    with site.app.sessions() as session:
        enrollments.stop(session, jane, reason="replied", now=site.clock())
        create_event(session, contacts.get(session, jane), "reply", site.clock(), source="reply")
    rejudge(site, jane, [asked], "machine")
    assert (stage_of(site, jane), list_running(site, jane)) == ("lead", [])


def test_b10_a_reply_in_a_stage_without_a_sequence_keeps_it_left_too(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        create_workspace(
            session, stages=(Stage("lead", "Lead", "lead-education"), Stage("opportunity", "O", None))
        )
    asked = ask(site, jane)
    qualify(site, jane)
    site.clock.forward(minutes=5)
    with site.app.sessions() as session:
        create_event(session, contacts.get(session, jane), "reply", site.clock(), source="reply")
    rejudge(site, jane, [asked], "machine")
    assert (stage_of(site, jane), list_running(site, jane)) == ("lead", [])


def test_b10_who_has_unsubscribed_meanwhile_gets_nothing_more(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    qualify(site, jane)
    with site.app.sessions() as session:
        consenting.unsubscribe(session, jane, source="reply", now=site.clock())
    rejudge(site, jane, [asked], "machine")
    assert (stage_of(site, jane), list_running(site, jane)) == ("lead", [])


def test_b10_who_may_get_no_mail_goes_back_into_no_sequence(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    qualify(site, jane)
    with site.app.sessions() as session:
        email_hash = contacts.get(session, jane).email_hash
        suppressions.suppress(session, email_hash, reason="bounced", source="smtp", now=site.clock())
    rejudge(site, jane, [asked], "machine")
    assert (stage_of(site, jane), list_running(site, jane)) == ("lead", [])


def test_b10_a_pause_since_holds(site: Site, jane: int) -> None:
    asked = ask(site, jane)
    qualify(site, jane)
    until = site.clock() + timedelta(days=20)
    with site.app.sessions() as session:
        enrollments.pause(session, jane, until=until, reason="out of office")
    rejudge(site, jane, [asked], "machine")
    again = list_touches(site.app, jane)["clicked"]
    assert (again.state, again.due_at, again.note) == ("planned", until, "out of office")
    assert list_enrollments(site.app, jane)["lead-education"].paused_until == until


def test_b10_a_touch_whose_time_has_passed_is_due_now_and_nothing_is_sent_twice(
    site: Site, jane: int
) -> None:
    asked = ask(site, jane)
    qualify(site, jane)
    site.clock.forward(days=5)
    rejudge(site, jane, [asked], "machine")
    assert list_touches(site.app, jane)["clicked"].due_at == site.clock()
    with site.app.sessions() as session:
        scheduling.advance(session, now=site.clock())
    plan(site.app)
    delivering.deliver_due(site.app)
    with site.app.sessions() as session:
        sent = [touch.step for touch in touches.list_for_contact(session, jane) if touch.state == "sent"]
    assert sorted(sent) == ["first", "second"]
    assert site.server.delivered == ["jane@acme.example"]


def test_b10_a_mail_that_was_on_its_way_is_not_sent_again(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
    plan(site.app)
    with site.app.sessions() as session:
        [touch] = touches.list_for_contact(session, jane)
        touch.state = "sending"
    asked = ask(site, jane)
    qualify(site, jane)
    with site.app.sessions() as session:
        assert touches.mark_sent(session, touch.id, site.clock())
        enrollments.step_done(session, [touch.id], site.clock())
    rejudge(site, jane, [asked], "machine")
    plan(site.app)
    known = {step: touch.state for step, touch in list_touches(site.app, jane).items()}
    assert known == {"first": "sent", "clicked": "planned"}


def test_b10_tasks_that_the_promotion_took_off_the_lists_are_back(site: Site, jane: int) -> None:
    with site.app.sessions() as session:
        touch = session.query(Touch).filter_by(step="clicked").one()
        tasks.add(session, touch, rep="ben", kind="call", subject="Call", note="", now=site.clock())
    asked = ask(site, jane)
    qualify(site, jane)
    plan(site.app)
    with site.app.sessions() as session:
        assert [task.state for task in tasks.list_for_contact(session, jane)] == ["cancelled"]
        touch = session.query(Touch).filter_by(step="opening").one()
        tasks.add(session, touch, rep="ben", kind="call", subject="Greet", note="", now=site.clock())
    site.clock.forward(minutes=1)
    rejudge(site, jane, [asked], "machine")
    with site.app.sessions() as session:
        known = [(task.subject, task.state) for task in tasks.list_for_contact(session, jane)]
    assert known == [("Call", "open"), ("Greet", "cancelled")]


def test_b10_the_rule_of_the_version_that_promoted_decides(site: Site, jane: int) -> None:
    ids = click(site, jane, 3)
    qualify(site, jane)
    strict = Rule("engaged-fit", ("lead",), "prospect", Counted("click", at_least=99), "Very engaged")
    with site.app.sessions() as session:
        create_workspace(session, rules=(strict,))
    rejudge(site, jane, ids[:1], "machine")
    assert stage_of(site, jane) == "prospect"


def test_b10_a_rule_since_a_step_is_looked_at_with_the_steps_of_then(site: Site, jane: int) -> None:
    since = Rule("read-on", ("lead",), "prospect", Counted("click", 2, since="first"), "Reads on")
    with site.app.sessions() as session:
        create_workspace(session, rules=(since,))
    ids = click(site, jane, 3)
    qualify(site, jane)
    assert stage_of(site, jane) == "prospect"
    rejudge(site, jane, ids[:1], "machine")
    assert [row.undone_at for row in list_promotions(site, jane)] == [None]
    rejudge(site, jane, ids[1:2], "machine")
    assert stage_of(site, jane) == "lead"


def test_b10_an_open_handoff_says_what_people_did_and_no_machine(site: Site, jane: int) -> None:
    ids = click(site, jane, 2)
    ask(site, jane)
    [handoff] = qualify(site, jane)
    with site.app.sessions() as session:
        assert handoffs.get(session, handoff).why_now.endswith("after 2 clicks in 1 day.")
    rejudge(site, jane, ids, "machine")
    with site.app.sessions() as session:
        found = handoffs.get(session, handoff)
    assert "clicks" not in found.why_now
    assert found.timeline == ["4 March 2026, 13:00 UTC: asked for prices by the form"]


def test_b10_a_sweep_that_is_seen_late_takes_the_promotion_back(site: Site, jane: int) -> None:
    moment = site.clock()
    for number in (1, 2):
        hit(site, jane, moment + timedelta(minutes=number), link=number)
    site.clock.forward(minutes=10)
    judge(site)
    qualify(site, jane)
    assert stage_of(site, jane) == "prospect"
    for number in range(3, 8):  # another host brings the rest of the sweep late
        hit(site, jane, moment + timedelta(minutes=2, milliseconds=200 * number), link=number)
    assert judge(site) == [jane]
    qualify(site, jane)
    assert stage_of(site, jane) == "lead"
    with site.app.sessions() as session:
        told = explain(session, "jane@acme.example", now=site.clock())
    assert told.score == 0
    assert told.stages[-1].text.startswith("undone: lead → prospect of 4 March 2026")
    assert "links were fetched" in told.stages[-1].because[0]


def test_b10_a_form_counts_at_once_and_is_judged_with_the_mails_hits(site: Site, jane: int) -> None:
    asked = ask(site, jane, client=SCANNER)
    [handoff] = qualify(site, jane)
    assert list_events(site, jane)[0].judged_at is None
    handing_off.tell(site.app, handoff)
    site.clock.forward(seconds=30)
    assert judge(site) == []
    site.clock.forward(seconds=31)
    assert judge(site) == [jane]
    [form] = list_events(site, jane)
    assert (form.id, form.verdict, form.judge_version) == (asked, "machine", JUDGE_VERSION)
    assert form.certainty is not None
    assert qualify(site, jane) == [handoff]
    assert stage_of(site, jane) == "lead"


def test_a_form_from_a_program_nobody_knows_stays_a_persons(site: Site, jane: int) -> None:
    ask(site, jane, client=SCANNER | {"agent": "Reader/1.0 (Linux)"})
    site.clock.forward(minutes=5)
    judge(site)
    [form] = list_events(site, jane)
    assert (form.verdict, form.judged_at) == ("human", site.clock())


def test_hits_of_an_older_judge_are_judged_again_in_batches(site: Site, jane: int) -> None:
    for number in range(5):
        hit(site, jane, site.clock() + timedelta(minutes=number), link=number + 1)
    site.clock.forward(minutes=10)
    judge(site)
    assert judge_again(site, limit=2) == 0
    with site.app.sessions() as session:
        session.query(Event).update({"judge_version": JUDGE_VERSION - 1, "verdict": "machine"})
        session.query(Event).filter_by(id=1).update({"said_by": "Ana"})
    assert [judge_again(site, limit=2) for _ in range(3)] == [2, 2, 0]
    assert judge(site) == [jane]
    assert [row.verdict for row in list_events(site, jane)] == ["machine"] + ["human"] * 4
    qualify(site, jane)
    assert stage_of(site, jane) == "prospect"


def test_hits_judged_by_lists_that_were_replaced_are_judged_again(site: Site, jane: int) -> None:
    hit(site, jane, site.clock(), link=1)
    site.clock.forward(minutes=10)
    judge(site)
    site.clock.forward(minutes=1)
    with site.app.sessions() as session:
        known_lists.replace(
            session, name="agents", text="", source="ours", dated="2026", digest="d", now=site.clock()
        )
    assert [judge_again(site, limit=9) for _ in range(2)] == [1, 0]


def click(site: Site, contact_id: int, number: int) -> list[int]:
    """Clicks judged a person's."""
    with site.app.sessions() as session:
        contact = contacts.get(session, contact_id)
        moments = [site.clock() - timedelta(minutes=number - n) for n in range(number)]
        return [create_event(session, contact, at=moment) for moment in moments]


def ask(site: Site, contact_id: int, client: Mapping[str, object] | None = None) -> int:
    """The pricing form is sent, in answer to the first mail where its client is known."""
    with site.app.sessions() as session:
        message_id = session.query(Touch.id).filter_by(step="first").scalar() if client else None
        contact = contacts.get(session, contact_id)
        detail = {"client": dict(client)} if client else {}
        return create_event(
            session,
            contact,
            "pricing_request",
            site.clock(),
            source="form",
            message_id=message_id,
            detail=detail,
        )


def hit(site: Site, contact_id: int, at: datetime, *, link: int, agent: object = BROWSER) -> int:
    """A click as the shipper stores it; its id."""
    detail = {"link": link, "agent": agent, "address": "192.0.2.1", "method": "GET", "headers": {}}
    with site.app.sessions() as session:
        event = Event(
            contact_id=contact_id,
            message_id=session.query(Touch.id).filter_by(step="first").scalar(),
            kind="click",
            source="mail",
            at=at,
            received_at=at,
            verdict="unknown",
            detail=detail,
            key=f"{link}:{at.isoformat()}",
        )
        session.add(event)
        session.flush()
        return event.id


def judge(site: Site) -> list[int]:
    with site.app.sessions() as session:
        return judging.judge_settled(session, now=site.clock(), settle=SETTLE)


def judge_again(site: Site, limit: int) -> int:
    with site.app.sessions() as session:
        since = site.clock() - timedelta(days=1)
        return judging.judge_again(session, since=since, limit=limit)


def rejudge(site: Site, contact_id: int, ids: Collection[int], verdict: str) -> list[int]:
    """A judge's other verdict on these, and what qualification makes of it."""
    with site.app.sessions() as session:
        found = Judgement(verdict, ("it swept",), 0.97)  # type: ignore[arg-type]
        events.judge(session, dict.fromkeys(ids, found), version=JUDGE_VERSION, now=site.clock())
    return qualify(site, contact_id)


def qualify(site: Site, contact_id: int) -> list[int]:
    with site.app.sessions() as session:
        return qualifying.qualify(session, contact_id, now=site.clock())


def stage_of(site: Site, contact_id: int) -> str:
    with site.app.sessions() as session:
        return contacts.get(session, contact_id).stage


def list_running(site: Site, contact_id: int) -> list[str]:
    return [name for name, row in list_enrollments(site.app, contact_id).items() if row.state == "active"]


def list_promotions(site: Site, contact_id: int) -> list[Promotion]:
    with site.app.sessions() as session:
        return list(promotions.list_for_contact(session, contact_id))


def list_handoffs(site: Site, contact_id: int) -> list[Handoff]:
    with site.app.sessions() as session:
        return list(handoffs.list_for_contact(session, contact_id))


def list_events(site: Site, contact_id: int) -> list[Event]:
    with site.app.sessions() as session:
        return list(events.list_for_contact(session, contact_id))

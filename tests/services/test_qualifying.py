"""Promotion on evidence: once, on the record, with everything that follows from it in one transaction."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from nurture.core.condition import Counted
from nurture.core.rule import Rule
from nurture.core.workspace import Rep
from nurture.services import handing_off, qualifying, receiving, scheduling
from nurture.store import (
    agenda,
    contacts,
    enrollments,
    events,
    handoffs,
    promotions,
    suppressions,
    tasks,
    touches,
)
from nurture.store.session import Session
from nurture.store.tables import Enrollment, HandoffNotice, Task
from tests.conftest import Sessions
from tests.make import (
    NOON,
    create_contact,
    create_enrollment,
    create_event,
    create_lead,
    create_workspace,
    rules,
    run_together,
    wait_until_somebody_waits,
)

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def lead(sessions: Sessions) -> int:
    """A lead who fits, in the middle of the wait of its sequence."""
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
        scheduling.plan_touches(session, now=NOON)
        [touch] = touches.list_for_contact(session, jane)
        touch.state, touch.done_at = "sent", NOON
        enrollments.step_done(session, [touch.id], NOON)
    with sessions() as session:
        scheduling.plan_touches(session, now=NOON)
    return jane


def test_a_promotion_leaves_the_old_sequence_in_its_wait_and_enters_the_new_one(
    sessions: Sessions, lead: int
) -> None:
    two_clicks(sessions, lead)
    assert qualify(sessions, lead) == []
    assert stage_of(sessions, lead) == "prospect"
    assert running(sessions, lead) == ["prospect-evaluation"]
    with sessions() as session:
        contact = contacts.get(session, lead)
        assert (contact.stage_since, contact.qualify_at) == (LATER, None)
        old, new = enrollments.list_for_contact(session, lead)
        assert (old.state, old.end_reason, old.ended_at) == ("stopped", "moved to prospect", LATER)
        assert new.stage == "prospect"
        states = {touch.step: touch.state for touch in touches.list_for_contact(session, lead)}
        assert states == {"first": "sent", "clicked": "cancelled"}


def test_a_promotion_keeps_its_rule_version_facts_evidence_and_time(sessions: Sessions, lead: int) -> None:
    clicks = two_clicks(sessions, lead)
    qualify(sessions, lead)
    with sessions() as session:
        [promotion] = promotions.list_for_contact(session, lead)
        [version] = {row.version_id for row in session.query(Enrollment)}
    assert (promotion.origin, promotion.target, promotion.rule) == ("lead", "prospect", "engaged-fit")
    assert (promotion.version_id, promotion.at, promotion.evidence) == (version, LATER, clicks)
    assert promotion.because == ["clicked 2 times in the last 14 days (last on 4 March)", "fit grade B"]
    facts = {"stage": "lead", "score": 10.0, "grade": "B", "events": clicks}
    assert {name: promotion.facts[name] for name in facts} == facts
    assert promotion.facts["attributes"]["industry"] == "retail"


def test_a_price_request_skips_a_stage_and_opens_a_handoff(sessions: Sessions, lead: int) -> None:
    with sessions() as session:
        asked = receiving.request_pricing(session, lead, None, answers={"need": "40 seats"}, now=NOON)
    [handoff_id] = qualify(sessions, lead)
    with sessions() as session:
        [promotion] = promotions.list_for_contact(session, lead)
        handoff = handoffs.get(session, handoff_id)
        notices = session.query(HandoffNotice).all()
    assert (promotion.origin, promotion.target, promotion.evidence) == ("lead", "opportunity", [asked])
    assert (handoff.state, handoff.rep, handoff.signal_at) == ("pending", "ana", NOON)
    assert handoff.why_now == "Asked for prices by the form on 4 March at 12:00 UTC."
    assert [(notice.target, notice.next_try_at) for notice in notices] == [("email", LATER)]
    assert running(sessions, lead) == ["opportunity-welcome"]


def test_one_look_promotes_as_far_as_the_evidence_goes(sessions: Sessions, lead: int) -> None:
    two_clicks(sessions, lead)
    with sessions() as session:
        create_event(session, contacts.get(session, lead), "not_interested", at=LATER)
    qualify(sessions, lead)
    with sessions() as session:
        moves = [(row.origin, row.target) for row in promotions.list_for_contact(session, lead)]
    assert moves == [("lead", "prospect"), ("prospect", "lead")]


def test_a_step_back_spends_the_evidence(sessions: Sessions, lead: int) -> None:
    two_clicks(sessions, lead)
    qualify(sessions, lead)
    with sessions() as session:
        create_event(session, contacts.get(session, lead), "not_interested", at=LATER)
    qualify(sessions, lead)
    assert (stage_of(sessions, lead), running(sessions, lead)) == ("lead", ["lead-education"])
    qualify(sessions, lead)
    assert stage_of(sessions, lead) == "lead"
    fresh = [LATER + timedelta(minutes=number) for number in (5, 10)]
    with sessions() as session:
        for moment in fresh:
            create_event(session, contacts.get(session, lead), at=moment)
        qualifying.qualify(session, lead, now=fresh[-1])
    assert stage_of(sessions, lead) == "prospect"


def test_a_rollback_leaves_everything_as_it_was(sessions: Sessions, lead: int) -> None:
    with sessions() as session:
        receiving.request_pricing(session, lead, None, answers={"form_id": "f"}, now=NOON)

    class Gone(Exception):
        pass

    with pytest.raises(Gone), sessions() as session:
        assert len(qualifying.qualify(session, lead, now=LATER)) == 1
        raise Gone
    assert (stage_of(sessions, lead), running(sessions, lead)) == ("lead", ["lead-education"])
    with sessions() as session:
        assert promotions.list_for_contact(session, lead) == []
        assert handoffs.list_for_contact(session, lead) == []
        assert [touch.state for touch in touches.list_for_contact(session, lead)] == ["sent", "planned"]
        patience = timedelta(seconds=2)
        waiting = agenda.read(session, LATER, settle=patience, patience=patience)
        assert list(waiting.contacts) == [lead]
    assert len(qualify(sessions, lead)) == 1


def test_a_suppressed_contact_is_promoted_and_enters_no_sequence(sessions: Sessions, lead: int) -> None:
    two_clicks(sessions, lead)
    with sessions() as session:
        email_hash = contacts.get(session, lead).email_hash
        suppressions.suppress(session, email_hash, reason="unsubscribed", source="page", now=NOON)
    qualify(sessions, lead)
    assert (stage_of(sessions, lead), running(sessions, lead)) == ("prospect", [])


def test_tasks_of_the_old_stage_are_taken_off_the_lists(sessions: Sessions, lead: int) -> None:
    with sessions() as session:
        [_, branch] = touches.list_for_contact(session, lead)
        tasks.add(session, branch, rep="ben", kind="call", subject="Call", note="", now=NOON)
    two_clicks(sessions, lead)
    qualify(sessions, lead)
    with sessions() as session:
        assert [task.state for task in session.query(Task)] == ["cancelled"]


@pytest.mark.parametrize("verdict", ["machine", "unknown"])
def test_b09_what_no_person_did_promotes_nobody(sessions: Sessions, lead: int, verdict: str) -> None:
    two_clicks(sessions, lead, verdict=verdict)
    with sessions() as session:
        create_event(session, contacts.get(session, lead), "pricing_request", verdict=verdict)
    assert qualify(sessions, lead) == []
    assert stage_of(sessions, lead) == "lead"


def test_x25_twenty_signals_and_twenty_looks_at_once_make_one_promotion_and_one_handoff(
    sessions: Sessions, lead: int
) -> None:
    forms = iter(range(20))

    def ask_and_look() -> list[int]:
        with sessions() as session:
            answers = {"form_id": str(next(forms)), "need": "seats"}
            assert receiving.request_pricing(session, lead, None, answers=answers, now=NOON)
        with sessions() as session:
            return qualifying.qualify(session, lead, now=LATER)

    assert len(sum(run_together(20, ask_and_look), [])) == 1
    with sessions() as session:
        assert len(events.list_for_contact(session, lead)) == 20
        assert len(promotions.list_for_contact(session, lead)) == 1
        assert len(handoffs.list_for_contact(session, lead)) == 1
        assert session.query(HandoffNotice).count() == 1
    assert running(sessions, lead) == ["opportunity-welcome"]


def test_x25_a_form_sent_twice_is_one_event(sessions: Sessions, lead: int) -> None:
    def ask() -> int | None:
        with sessions() as session:
            return receiving.request_pricing(session, lead, None, answers={"form_id": "f"}, now=NOON)

    made = run_together(20, ask)
    assert len([event_id for event_id in made if event_id is not None]) == 1
    with sessions() as session:
        assert len(events.list_for_contact(session, lead)) == 1


def test_an_open_handoff_is_not_opened_again(sessions: Sessions, lead: int) -> None:
    with sessions() as session:
        receiving.request_pricing(session, lead, None, answers={"form_id": "1"}, now=NOON)
    assert len(qualify(sessions, lead)) == 1
    with sessions() as session:
        contacts.get(session, lead).stage = "prospect"  # a marketer put them back by hand
        receiving.request_pricing(session, lead, None, answers={"form_id": "2"}, now=LATER)
    assert qualify(sessions, lead) == []
    assert stage_of(sessions, lead) == "opportunity"


@pytest.mark.parametrize("accepted", [True, False])
def test_who_went_back_after_a_handoff_can_be_handed_off_again(sessions: Sessions, accepted: bool) -> None:
    back = Rule("no", ("opportunity",), "lead", Counted("not_interested"), "Not for them")
    with sessions() as session:
        create_workspace(session, rules=(back, *rules()))
        jane = asked(session, "jane@acme.example")
    [first] = qualify(sessions, jane)
    if accepted:
        with sessions() as session:
            handing_off.answer(session, first, accept=True, reason="", now=NOON)
    with sessions() as session:
        create_event(session, contacts.get(session, jane), "not_interested", LATER, source="reply")
        qualifying.qualify(session, jane, now=LATER)
        assert (contacts.get(session, jane).stage, handoffs.get(session, first).state) == (
            "lead",
            "withdrawn",
        )
        assert not handing_off.answer(session, first, accept=False, reason="late", now=LATER)
    again = LATER + timedelta(days=90)
    with sessions() as session:
        receiving.request_pricing(session, jane, None, answers={"form_id": "2"}, now=again)
        [second] = qualifying.qualify(session, jane, now=again)
    assert second != first


def test_evidence_that_comes_while_a_look_is_under_way_is_looked_at_again(
    sessions: Sessions, lead: int
) -> None:
    with sessions() as session:
        contacts.ask_for_qualification(session, [lead], NOON)

    def ask() -> None:
        with sessions() as session:
            receiving.request_pricing(session, lead, None, answers={}, now=LATER)

    with ThreadPoolExecutor() as pool:
        with sessions() as looking:
            qualifying.qualify(looking, lead, now=NOON)
            asking = pool.submit(ask)
            wait_until_somebody_waits(sessions)
        asking.result()
    with sessions() as session:
        assert contacts.get(session, lead).qualify_at == LATER


def test_reps_take_turns_and_an_owner_goes_first(sessions: Sessions) -> None:
    team = (Rep("ana", "ana@m.example", "Ana"), Rep("ben", "ben@m.example", "Ben", "https://m.example/hook"))
    with sessions() as session:
        create_workspace(session, reps=team, owners={"owned.example": "ben"})
        asking = [asked(session, f"p@{name}.example") for name in ("a", "b", "owned", "c", "d")]
        own = asked(session, "p@hers.example")
        account = contacts.account_of(session, contacts.get(session, own))
        assert account is not None
        account.owner = "ana"
    reps = [rep_of(sessions, contact_id) for contact_id in (*asking, own)]
    assert reps == ["ana", "ben", "ben", "ana", "ben", "ana"]
    with sessions() as session:
        targets = Counter(notice.target for notice in session.query(HandoffNotice))
    assert targets == {"email": 6, "webhook": 3}


def test_who_is_promoted_meanwhile_waits_for_the_turn_of_the_one_before(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        first, second = (asked(session, f"p@{name}.example") for name in "ab")
    with ThreadPoolExecutor(1) as pool:
        with sessions() as session:
            [handoff_id] = qualifying.qualify(session, first, now=LATER)
            other = pool.submit(rep_of, sessions, second)
            wait_until_somebody_waits(sessions)
        assert other.result() == "ben"
    with sessions() as session:
        assert handoffs.get(session, handoff_id).rep == "ana"


def two_clicks(sessions: Sessions, contact_id: int, **fields: Any) -> list[int]:
    with sessions() as session:
        contact = contacts.get(session, contact_id)
        moments = [NOON, NOON + timedelta(minutes=1)]
        return [create_event(session, contact, at=at, now=NOON, **fields) for at in moments]


def test_b08_hits_without_end_hide_nothing_that_a_person_did(sessions: Sessions, lead: int) -> None:
    with sessions() as session:
        create_event(session, contacts.get(session, lead), "pricing_request", detail={"summary": "40 seats"})
    [handoff_id] = qualify(sessions, lead)
    before = told(sessions, handoff_id)
    assert "40 seats" in before[1][-1]
    with sessions() as session:
        jane = contacts.get(session, lead)
        for second in range(2001):
            create_event(session, jane, at=LATER + timedelta(seconds=second), verdict="machine")
    qualify(sessions, lead)
    assert told(sessions, handoff_id) == before


def told(sessions: Sessions, handoff_id: int) -> tuple[str, list[str]]:
    with sessions() as session:
        handoff = handoffs.get(session, handoff_id)
        return handoff.why_now, list(handoff.timeline)


def asked(session: Session, email: str) -> int:
    """A lead who has asked for prices."""
    contact = create_contact(session, email)
    create_enrollment(session, contact)
    create_event(session, contact, "pricing_request")
    return contact.id


def qualify(sessions: Sessions, contact_id: int) -> list[int]:
    with sessions() as session:
        return qualifying.qualify(session, contact_id, now=LATER)


def rep_of(sessions: Sessions, contact_id: int) -> str:
    """Whom the contact's handoff goes to."""
    [handoff_id] = qualify(sessions, contact_id)
    with sessions() as session:
        return handoffs.get(session, handoff_id).rep


def stage_of(sessions: Sessions, contact_id: int) -> str:
    with sessions() as session:
        return contacts.get(session, contact_id).stage


def running(sessions: Sessions, contact_id: int) -> list[str]:
    with sessions() as session:
        known = enrollments.list_for_contact(session, contact_id)
        return [row.sequence for row in known if row.state == "active"]

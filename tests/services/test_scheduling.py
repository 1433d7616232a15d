"""Planning the next touch, and the steps that are no mail."""

from datetime import UTC, datetime, time, timedelta

import pytest

from nurture.core.condition import Counted
from nurture.core.sequence import BranchStep, EmailStep, Sequence, Step, TaskStep, WaitStep
from nurture.core.workspace import Window
from nurture.services import qualifying, scheduling
from nurture.store import agenda, contacts, enrollments, handoffs, tasks, touches
from nurture.store.tables import Enrollment, Touch
from tests.conftest import Sessions
from tests.make import (
    NOON,
    create_contact,
    create_enrollment,
    create_event,
    create_lead,
    create_workspace,
    run_together,
    workspace,
)

OFFICE = Window(frozenset(range(5)), time(9), time(17))
DAY = timedelta(days=1)


def test_the_first_step_is_due_when_the_window_opens_where_the_contact_lives(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session, window=OFFICE)
        own = create_lead(session, "own@gmail.com", time_zone="America/New_York")
        none = create_lead(session, "none@gmail.com")
        by_account = create_lead(session, "colleague@tokyo.example")
        account = contacts.account_of(session, contacts.get(session, by_account))
        assert account is not None
        account.time_zone = "Asia/Tokyo"
    assert plan(sessions) == 3
    assert due(sessions, own) == {"first": datetime(2026, 3, 4, 14, tzinfo=UTC)}
    assert due(sessions, none) == {"first": NOON}
    assert due(sessions, by_account) == {"first": datetime(2026, 3, 5, 0, tzinfo=UTC)}


def test_no_step_on_a_holiday_of_the_contacts_country(sessions: Sessions) -> None:
    eve = datetime(2026, 12, 24, 20, 0, tzinfo=UTC)
    with sessions() as session:
        create_workspace(session, window=OFFICE, skip_holidays=True)
        jane = create_lead(session, country="FR", now=eve)
    plan(sessions, eve)
    assert due(sessions, jane) == {"first": datetime(2026, 12, 28, 8, tzinfo=UTC)}


def test_waits_count_from_the_moment_the_step_was_done(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
    plan(sessions)
    done_at = NOON + timedelta(hours=5)
    finish_step(sessions, jane, "first", done_at)
    assert plan(sessions, NOON + 2 * DAY) == 1
    assert due(sessions, jane)["clicked"] == done_at + 3 * DAY
    assert plan(sessions, NOON + 2 * DAY) == 0


@pytest.mark.parametrize("state", ["sending", "sent", "uncertain"])
def test_who_comes_back_into_a_sequence_gets_no_mail_twice(sessions: Sessions, state: str) -> None:
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
    plan(sessions)
    finish_step(sessions, jane, "first", NOON)
    with sessions() as session:
        touches.list_for_contact(session, jane)[0].state = state
        enrollments.stop(session, jane, reason="moved on", now=NOON)
        create_enrollment(session, contacts.get(session, jane), now=NOON + DAY)
    plan(sessions, NOON + DAY)
    again = {step: when for step, when in due(sessions, jane).items() if step != "first"}
    assert again == {"clicked": NOON + 4 * DAY}
    with sessions() as session:
        passed = [t for t in touches.list_for_contact(session, jane) if t.note == "received before"]
        assert [(touch.step, touch.state) for touch in passed] == [("first", "cancelled")]


def test_s10_planners_at_once_plan_each_touch_once(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        people = [create_lead(session, f"p{number}@acme.example") for number in range(30)]
    assert sum(run_together(4, lambda: plan(sessions))) == 30
    assert [list(due(sessions, person)) for person in people] == [["first"]] * 30


@pytest.mark.parametrize("clicked", [True, False])
def test_a_branch_goes_where_the_evidence_points(sessions: Sessions, clicked: bool) -> None:
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
    plan(sessions)
    finish_step(sessions, jane, "first", NOON)
    if clicked:
        with sessions() as session:
            create_event(session, contacts.get(session, jane), at=NOON + DAY)
    plan(sessions)
    assert advance(sessions, NOON + 3 * DAY - timedelta(seconds=1)) == 0
    assert advance(sessions, NOON + 3 * DAY) == 1
    assert advance(sessions, NOON + 3 * DAY) == 0
    plan(sessions, NOON + 3 * DAY)
    with sessions() as session:
        branch, after = session.query(Touch).filter(Touch.step != "first").order_by(Touch.id)
    assert (branch.state, after.step) == ("done", "call" if clicked else "second")
    assert branch.note == (
        "clicked once since step “first” (on 5 March): goes on at call"
        if clicked
        else "the condition does not hold: goes on at second"
    )


def test_a_click_judged_machine_or_unknown_takes_no_branch(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
    plan(sessions)
    finish_step(sessions, jane, "first", NOON)
    with sessions() as session:
        contact = contacts.get(session, jane)
        create_event(session, contact, at=NOON + DAY, verdict="machine", key="a")
        create_event(session, contact, at=NOON + DAY, verdict="unknown", key="b")
    plan(sessions)
    advance(sessions, NOON + 3 * DAY)
    plan(sessions, NOON + 3 * DAY)
    assert "second" in due(sessions, jane)


@pytest.mark.parametrize("last", ["branch", "wait"])
def test_a_sequence_that_has_come_to_its_end_waits_for_nothing(sessions: Sessions, last: str) -> None:
    ends: dict[str, Step] = {
        "branch": BranchStep("end", Counted("click"), None, None),
        "wait": WaitStep("end", None, DAY),
    }
    steps = (EmailStep("first", "end", "first"), ends[last])
    with sessions() as session:
        sequence = Sequence("lead-education", "Education", 10, "first", steps)
        create_workspace(session, sequences=(sequence, *workspace().sequences[1:]))
        jane = create_lead(session)
    plan(sessions)
    finish_step(sessions, jane, "first", NOON)
    plan(sessions)
    advance(sessions, NOON)
    with sessions() as session:
        [enrollment] = enrollments.list_for_contact(session, jane)
        assert (enrollment.state, enrollment.end_reason) == ("finished", "end of sequence")
        assert enrollment.unplanned_since is None
        assert not agenda.read(session, NOON, settle=DAY, patience=DAY).plans


def test_a_task_goes_to_the_owner_of_the_account_or_is_shared_out(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session, sequences=call_first(), owners={"owned.example": "ben"})
        owned = create_lead(session, "a@owned.example")
        others = [create_lead(session, f"b@other{number}.example") for number in range(4)]
    plan(sessions)
    assert advance(sessions, NOON) == 5
    assert advance(sessions, NOON) == 0
    with sessions() as session:
        [his] = tasks.list_for_contact(session, owned)
        assert his.rep == "ben"
        shared = [task.rep for other in others for task in tasks.list_for_contact(session, other)]
        assert sorted(shared) == ["ana", "ana", "ben", "ben"]
        assert (his.kind, his.subject, his.note, his.state) == ("call", "Call them", "Soon.", "open")
    plan(sessions)
    with sessions() as session:
        assert {row.state for row in session.query(Enrollment)} == {"finished"}


def test_a_task_goes_to_the_rep_who_has_the_contact(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
        create_event(session, contacts.get(session, jane), "pricing_request", source="form")
        [handoff] = qualifying.qualify(session, jane, now=NOON)
        handoffs.get(session, handoff).rep = "ben"
        enrollments.enter(session, jane, version_id=1, sequence="lead-education", stage="lead", now=NOON)
    plan(sessions)
    finish_step(sessions, jane, "first", NOON)
    with sessions() as session:
        create_event(session, contacts.get(session, jane), at=NOON + DAY)
    for _ in range(2):
        plan(sessions, NOON + 3 * DAY)
        with sessions() as session:
            scheduling.advance(session, now=NOON + 3 * DAY)
    with sessions() as session:
        assert [task.rep for task in tasks.list_for_contact(session, jane)] == ["ben"]


def test_one_enrollment_that_cannot_be_planned_holds_up_no_other(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        broken, jane = create_lead(session, "broken@acme.example"), create_lead(session)
        session.query(Enrollment).filter_by(contact_id=broken).one().last_step = "gone"
    assert plan(sessions) == 2
    assert due(sessions, jane) == {"first": NOON}
    with sessions() as session:
        [left] = enrollments.list_for_contact(session, broken)
        assert (left.state, left.end_reason) == ("stopped", "its next step cannot be planned: KeyError")
        assert not agenda.read(session, NOON, settle=DAY, patience=DAY).plans


def test_a_sequence_that_is_left_carries_out_nothing_more(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session, sequences=call_first())
        jane = create_lead(session)
    plan(sessions)
    with sessions() as session:
        enrollments.stop(session, jane, reason="replied", now=NOON)
    assert advance(sessions, NOON + DAY) == plan(sessions, NOON + DAY) == 0
    with sessions() as session:
        assert tasks.list_for_contact(session, jane) == []


def test_a_pause_moves_what_is_planned_and_what_comes_next(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session, window=OFFICE)
        planned = create_lead(session, "planned@acme.example")
    plan(sessions)
    with sessions() as session:
        waiting = create_lead(session, "waiting@acme.example")
        for person in (planned, waiting):
            enrollments.pause(session, person, until=NOON + 10 * DAY, reason="out of office")
    plan(sessions)
    assert due(sessions, planned) == {"first": NOON + 10 * DAY}
    monday = datetime(2026, 3, 16, 8, tzinfo=UTC)  # the tenth day is a Saturday
    assert due(sessions, waiting) == {"first": monday}


def test_running_enrollments_stay_with_the_version_they_began_under(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
        create_workspace(session, sequences=call_first())
        ada = create_contact(session, "ada@acme.example")
        create_enrollment(session, ada)
    plan(sessions)
    assert list(due(sessions, jane)) == ["first"]
    assert list(due(sessions, ada.id)) == ["call"]


def call_first() -> tuple[Sequence, ...]:
    """A sequence for leads that is one call."""
    step = TaskStep("call", None, "call", "Call them", "Soon.")
    return (Sequence("lead-education", "Education", 10, "call", (step,)), *workspace().sequences[1:])


def plan(sessions: Sessions, now: datetime = NOON) -> int:
    with sessions() as session:
        return scheduling.plan_touches(session, now=now)


def advance(sessions: Sessions, now: datetime) -> int:
    with sessions() as session:
        return scheduling.advance(session, now=now)


def due(sessions: Sessions, contact_id: int) -> dict[str, datetime]:
    """When each of a contact's touches is due."""
    with sessions() as session:
        return {touch.step: touch.due_at for touch in session.query(Touch).filter_by(contact_id=contact_id)}


def finish_step(sessions: Sessions, contact_id: int, step: str, moment: datetime) -> None:
    """The step has been carried out."""
    with sessions() as session:
        touch = session.query(Touch).filter_by(contact_id=contact_id, step=step).one()
        touch.state, touch.done_at = "sent", moment
        session.flush()
        enrollments.step_done(session, [touch.id], moment)

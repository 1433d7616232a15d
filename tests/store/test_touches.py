"""Touches: claimed once, written only under the claim, freed when a lease runs out."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from nurture.services import scheduling
from nurture.store import contacts, enrollments, suppressions, touches
from nurture.store.session import Session
from nurture.store.tables import Enrollment, Receipt, Touch
from tests.conftest import Sessions
from tests.make import NOON, create_contact, create_enrollment, create_lead, create_workspace, run_together

LEASE = timedelta(minutes=2)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def due(sessions: Sessions) -> list[int]:
    """Ids of thirty due touches, of a lead each."""
    with sessions() as session:
        create_workspace(session)
        people = [create_lead(session, f"p{number}@acme.example") for number in range(30)]
        scheduling.plan_touches(session, now=NOON)
        return [touches.list_for_contact(session, person)[0].id for person in people]


def test_a_claim_takes_no_more_than_asked_for_and_nobody_takes_it_again(
    sessions: Sessions, due: list[int]
) -> None:
    taken = [claim(sessions, limit=limit)[1] for limit in (7, 7, 20, 20)]
    assert [len(ids) for ids in taken] == [7, 7, 16, 0]
    assert sorted(sum(taken, [])) == due


def test_s03_claims_at_once_share_what_is_due(sessions: Sessions, due: list[int]) -> None:
    taken = run_together(6, lambda: claim(sessions, limit=8)[1])
    assert max(len(ids) for ids in taken) <= 8
    assert sorted(sum(taken, [])) == due


def test_only_due_mails_are_claimed_and_the_most_urgent_come_first(
    sessions: Sessions, due: list[int]
) -> None:
    with sessions() as session:
        soon, call, urgent, urgent_too, *_ = (session.get_one(Touch, touch_id) for touch_id in due)
        soon.due_at = NOON + MINUTE
        call.kind = "task"
        urgent.priority = 99
        urgent_too.priority, urgent_too.due_at = 99, NOON - MINUTE
    _, ids = claim(sessions)
    assert len(ids) == 28
    assert ids[:2] == [urgent_too.id, urgent.id]


def test_s08_sending_begins_only_under_the_own_claim(sessions: Sessions, due: list[int]) -> None:
    token, [touch_id] = claim(sessions, limit=1)
    with sessions() as session:
        assert not touches.begin_sending(session, touch_id, uuid4(), NOON + LEASE)
        assert touches.begin_sending(session, touch_id, token, NOON + LEASE)
        assert not touches.begin_sending(session, touch_id, token, NOON + LEASE)
        assert session.get_one(Touch, touch_id).attempts == 1


@pytest.mark.parametrize("word", ["suppressed", "stopped", "cancelled"])
def test_s08_sending_does_not_begin_after_a_word_that_came_last(
    sessions: Sessions, due: list[int], word: str
) -> None:
    token, [touch_id] = claim(sessions, limit=1)
    with sessions() as session:
        touch = session.get_one(Touch, touch_id)
        if word == "suppressed":
            email_hash = contacts.get(session, touch.contact_id).email_hash
            suppressions.suppress(session, email_hash, reason="bounced", source="report", now=NOON)
        elif word == "stopped":
            session.get_one(Enrollment, touch.enrollment_id).state = "stopped"
        else:
            touch.state = "cancelled"
    with sessions() as session:
        assert not touches.begin_sending(session, touch_id, token, NOON + LEASE)


def test_s11_whose_claim_has_passed_on_changes_nothing(sessions: Sessions, due: list[int]) -> None:
    mine, [touch_id] = claim(sessions, limit=1)
    with sessions() as session:
        assert touches.free_expired_claims(session, NOON + LEASE) == 0
        assert touches.free_expired_claims(session, NOON + LEASE + MINUTE) == 1
    theirs, [*others] = claim(sessions, limit=30, now=NOON + LEASE + MINUTE)
    assert touch_id in others
    with sessions() as session:
        before = seen(session, touch_id)
        for state, due_at in (("planned", NOON), ("failed", None), ("uncertain", None), ("cancelled", None)):
            assert not touches.report(session, touch_id, mine, state=state, now=NOON, due_at=due_at)
        assert not touches.begin_sending(session, touch_id, mine, NOON)
    with sessions() as session:
        assert seen(session, touch_id) == before
        assert touches.report(session, touch_id, theirs, state="failed", now=NOON, note="no")
        assert seen(session, touch_id) == ("failed", None, None, "no", NOON)
        assert not touches.report(session, touch_id, theirs, state="planned", now=NOON, due_at=NOON)


def test_a_touch_put_off_is_due_again_later(sessions: Sessions, due: list[int]) -> None:
    token, [touch_id] = claim(sessions, limit=1)
    with sessions() as session:
        later = NOON + timedelta(days=1)
        assert touches.report(session, touch_id, token, state="planned", now=NOON, due_at=later, note="full")
        assert seen(session, touch_id) == ("planned", None, None, "full", None)
        assert session.get_one(Touch, touch_id).due_at == later


def test_s01_a_sending_without_a_receipt_is_doubted_and_with_one_is_not(
    sessions: Sessions, due: list[int]
) -> None:
    token, [lost, proven, young] = claim(sessions, limit=3)
    with sessions() as session:
        for touch_id in (lost, proven):
            touches.begin_sending(session, touch_id, token, NOON + LEASE)
        touches.begin_sending(session, young, token, NOON + 2 * LEASE)
        session.add(Receipt(touch_id=proven, at=NOON, reply="250 ok"))
    with sessions() as session:
        assert touches.doubt_expired_sendings(session, NOON + LEASE + MINUTE) == [lost]
        assert touches.free_expired_claims(session, NOON + LEASE + MINUTE) == 0
        assert touches.list_receipts_to_settle(session, 10) == {proven: NOON}
    with sessions() as session:
        states = [session.get_one(Touch, touch_id).state for touch_id in (lost, proven, young)]
        assert states == ["uncertain", "sending", "sending"]
        assert touches.mark_sent(session, proven, NOON)
        assert not touches.mark_sent(session, proven, NOON + MINUTE)
        assert not touches.mark_sent(session, lost, NOON)
        assert not touches.mark_sent(session, due[-1], NOON)
    with sessions() as session:
        states = [session.get_one(Touch, touch_id).state for touch_id in (lost, proven, due[-1])]
        assert states == ["sent", "sent", "planned"]
        assert session.get_one(Touch, proven).done_at == NOON
        assert touches.list_receipts_to_settle(session, 10) == {}


def test_s10_a_step_is_planned_once(sessions: Sessions, due: list[int]) -> None:
    with sessions() as session:
        touch = session.get_one(Touch, due[0])
        [enrollment] = enrollments.list_for_contact(session, touch.contact_id)
        touches.plan(session, enrollment, step="first", kind="email", priority=1, due_at=NOON + MINUTE)
        assert [row.due_at for row in touches.list_for_contact(session, touch.contact_id)] == [NOON]


def test_s15_rivals_are_due_mails_that_go_first(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
        jane = create_contact(session)
        for sequence in ("lead-education", "prospect-evaluation", "opportunity-welcome"):
            create_enrollment(session, jane, sequence)
        scheduling.plan_touches(session, now=NOON)
        low, high, same = touches.list_for_contact(session, jane.id)
        high.priority = 20
        session.flush()
        assert [touches.count_rivals(session, touch, NOON) for touch in (low, high, same)] == [1, 0, 2]
        high.state = "sending"  # counted against the cap by now
        low.due_at = NOON + MINUTE
        session.flush()
        assert [touches.count_rivals(session, touch, NOON) for touch in (low, same)] == [0, 0]


def claim(sessions: Sessions, *, limit: int = 100, now: datetime = NOON) -> tuple[UUID, list[int]]:
    token = uuid4()
    with sessions() as session:
        taken = touches.claim_mails(session, token, now, lease=LEASE, limit=limit)
        return token, [touch.id for touch in taken]


def seen(session: Session, touch_id: int) -> tuple[object, ...]:
    touch = session.get_one(Touch, touch_id, populate_existing=True)
    return touch.state, touch.claim_token, touch.lease_until, touch.note, touch.done_at

"""The clock's look: everything that waits is woken, whatever became of earlier wake-ups; nothing else is."""

from datetime import timedelta

import pytest

from nurture import jobs
from nurture.core.delivery import CLAIM_LEASE, SENDING_LEASE
from nurture.services import collecting, delivering, judging, qualifying, receiving, scheduling
from nurture.services.waking import PATIENCE, wake_due
from nurture.store import contacts, enrollments, touches
from nurture.store.tables import Event, Touch
from tests.make import Wakeups, create_lead, create_mail, plan, plan_and_send
from tests.services.conftest import Site


def test_nothing_waits_in_an_empty_installation(site: Site) -> None:
    assert woken(site) == []


def test_an_enrollment_wakes_planning_and_its_mail_wakes_delivery(site: Site) -> None:
    with site.app.sessions() as session:
        create_lead(session)
    assert woken(site) == [(jobs.PLAN, ())]
    plan(site.app)
    assert woken(site) == [(jobs.DELIVER, ())]
    delivering.deliver_due(site.app)
    assert woken(site) == [(jobs.PLAN, ())]
    plan(site.app)
    assert woken(site) == []
    site.clock.forward(days=3)
    assert woken(site) == [(jobs.ADVANCE, ())]
    with site.app.sessions() as session:
        scheduling.advance(session, now=site.clock())
    assert woken(site) == [(jobs.PLAN, ())]


def test_a_mail_of_tomorrow_wakes_nobody_today(site: Site) -> None:
    with site.app.sessions() as session:
        create_lead(session)
    plan(site.app)
    site.clock.forward(seconds=-1)
    assert woken(site) == []


@pytest.mark.parametrize(("state", "lease"), [("claimed", CLAIM_LEASE), ("sending", SENDING_LEASE)])
def test_a_lease_that_ran_out_wakes_settling(site: Site, state: str, lease: timedelta) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
    plan(site.app)
    with site.app.sessions() as session:
        [touch] = touches.list_for_contact(session, jane)
        touch.state, touch.lease_until = state, site.clock() + lease
    assert woken(site) == []
    site.clock.forward(seconds=lease.total_seconds() + 1)
    assert woken(site) == [(jobs.SETTLE, ())]
    with site.app.sessions() as session:
        assert delivering.free_claims(session, now=site.clock()) == 1
    assert (jobs.SETTLE, ()) not in woken(site)


@pytest.mark.parametrize("state", ["sending", "uncertain"])
def test_a_receipt_that_is_not_settled_wakes_settling(site: Site, state: str) -> None:
    with site.app.sessions() as session:
        create_lead(session)
    plan_and_send(site.app)
    plan(site.app)
    collecting.ship(site.app.sessions, site.app.settings.journal_dir, now=site.clock())
    assert woken(site) == []
    with site.app.sessions() as session:
        session.query(Touch).filter_by(step="first").update({"state": state})
    assert woken(site) == [(jobs.SETTLE, ())]


def test_hits_wake_judging_once_they_have_settled(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
        mail = create_mail(session, jane)
        session.add(unjudged(site, jane, mail))
    plan(site.app)
    assert woken(site) == []
    site.clock.forward(seconds=60)
    assert woken(site) == [(jobs.JUDGE, ())]
    with site.app.sessions() as session:
        judging.judge_settled(session, now=site.clock(), settle=site.app.settings.judge_settle)
    assert (jobs.JUDGE, ()) not in woken(site)


def test_a_contact_whose_own_wake_up_was_lost_is_woken_again(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
        enrollments.stop(session, jane, reason="by hand", now=site.clock())
        receiving.request_pricing(session, jane, None, answers={}, now=site.clock())
    assert woken(site) == []
    site.clock.forward(seconds=PATIENCE.total_seconds())
    assert woken(site) == [(jobs.REQUALIFY, (jane,))]
    with site.app.sessions() as session:
        [handoff] = qualifying.qualify(session, jane, now=site.clock())
        assert contacts.get(session, jane).qualify_at is None
    assert woken(site) == [(jobs.PLAN, ()), (jobs.HAND_OFF, (handoff,))]


def unjudged(site: Site, contact_id: int, message_id: int) -> Event:
    return Event(
        contact_id=contact_id,
        message_id=message_id,
        kind="open",
        source="mail",
        at=site.clock(),
        received_at=site.clock(),
        verdict="unknown",
        detail={},
        key="1",
    )


def woken(site: Site) -> list[tuple[str, tuple[int, ...]]]:
    queue = site.app.queue
    assert isinstance(queue, Wakeups)
    queue.woken.clear()
    wake_due(site.app)
    return list(queue.woken)

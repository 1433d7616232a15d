"""Jobs as RQ runs them: a real worker on a real queue, against a real installation."""

import inspect
import os
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rq import Queue
from rq.job import Job
from rq.serializers import DefaultSerializer

from nurture import jobs
from nurture.core.delivery import CLAIM_LEASE
from nurture.services import receiving
from nurture.store import contacts, events, handoffs, messages, touches
from nurture.store.tables import Event, Touch
from tests.make import create_lead
from tests.workers.conftest import Process
from workers import inbound
from workers import jobs as functions

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def test_each_job_has_a_function_and_a_queue() -> None:
    named = {value for name, value in vars(jobs).items() if isinstance(value, str) and name.isupper()}
    assert set(jobs.QUEUE_OF) == named - set(jobs.QUEUES)
    assert set(jobs.QUEUE_OF.values()) == set(jobs.QUEUES)
    for job in jobs.QUEUE_OF:
        parameters = inspect.signature(getattr(functions, job)).parameters.values()
        assert all(parameter.annotation is int for parameter in parameters)


def test_the_river_of_a_mail_runs_by_wake_ups_alone(process: Process) -> None:
    with process.app.sessions() as session:
        jane = create_lead(session, now=now())
    process.app.queue.wake(jobs.PLAN)
    process.work(jobs.WORK)
    process.app.queue.wake(jobs.DELIVER)
    process.work(jobs.MAIL)
    assert process.server.delivered == ["jane@acme.example"]
    assert process.waiting() == ["plan"]
    process.work(jobs.WORK)
    with process.app.sessions() as session:
        known = touches.list_for_contact(session, jane)
    assert [(touch.step, touch.state) for touch in known] == [("first", "sent"), ("clicked", "planned")]


def test_a_full_batch_wakes_the_next_one(process: Process) -> None:
    with process.app.sessions() as session:
        for number in range(functions.MAILS_A_BATCH + 1):
            create_lead(session, f"p{number}@acme.example", now=now())
    functions.plan()
    functions.deliver()
    assert process.waiting() == ["deliver", "plan"]
    process.work(jobs.MAIL)
    assert len(set(process.server.delivered)) == functions.MAILS_A_BATCH + 1


def test_a_signal_reaches_a_person_by_two_jobs(process: Process) -> None:
    with process.app.sessions() as session:
        jane = create_lead(session, now=now())
        receiving.request_pricing(session, jane, None, answers={}, now=now())
    process.app.queue.wake(jobs.QUALIFY, jane)
    assert process.waiting() == [f"qualify {jane}"]
    process.work(jobs.NOW)
    assert process.waiting() == []
    assert process.server.delivered == ["ana@meridian.example"]
    with process.app.sessions() as session:
        assert [row.state for row in handoffs.list_for_contact(session, jane)] == ["notified"]


def test_verdicts_are_qualified_out_of_the_way_of_requests(process: Process) -> None:
    with process.app.sessions() as session:
        jane = create_lead(session, now=now())
    functions.plan()
    functions.deliver()
    with process.app.sessions() as session:
        [mail] = messages.list_for_contact(session, jane)
        assert mail.sent_at is not None
        mail.sent_at = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
        session.add(click(jane, mail.id))
    process.app.queue.wake(jobs.JUDGE)
    process.work(jobs.WORK)
    assert process.waiting() == []
    with process.app.sessions() as session:
        assert contacts.get(session, jane).qualify_at is None
        [event] = events.list_for_contact(session, jane)
        assert event.verdict == "human"


def test_recent_hits_of_an_older_judge_wait_for_judgement_again(process: Process) -> None:
    with process.app.sessions() as session:
        jane = create_lead(session, now=now())
    functions.plan()
    functions.deliver()
    with process.app.sessions() as session:
        [mail] = messages.list_for_contact(session, jane)
        hit = click(jane, mail.id)
        hit.at, hit.judged_at, hit.judge_version = now(), now(), 0
        session.add(hit)
    process.app.queue.wake(jobs.JUDGE_AGAIN)
    process.work(jobs.WORK)
    with process.app.sessions() as session:
        assert [event.judged_at for event in events.list_for_contact(session, jane)] == [None]


def test_claims_of_gone_workers_are_settled(process: Process) -> None:
    with process.app.sessions() as session:
        create_lead(session, now=now())
    functions.plan()
    with process.app.sessions() as session:
        [touch] = session.query(Touch)
        touch.state, touch.lease_until = "claimed", now() - CLAIM_LEASE
    process.app.queue.wake(jobs.SETTLE)
    process.app.queue.wake(jobs.ADVANCE)
    process.work(jobs.WORK)
    with process.app.sessions() as session:
        assert [touch.state for touch in session.query(Touch)] == ["planned"]


def test_an_incoming_reply_wakes_qualification(process: Process) -> None:
    with process.app.sessions() as session:
        jane = create_lead(session, now=now())
    functions.plan()
    functions.deliver()
    with process.app.sessions() as session:
        [mail] = messages.list_for_contact(session, jane)
    raw = f"From: jane@acme.example\r\nIn-Reply-To: <{mail.rfc_id}>\r\nSubject: Re: x\r\n\r\nThe price?\r\n"
    recipients = ["hello@meridian.example", "mia@meridian.example"]
    assert inbound.take(recipients, "", raw.encode()) == ["250 2.0.0 taken"] * 2
    assert f"qualify {jane}" in process.waiting()
    assert inbound.take(recipients, "", b"Subject: nobody\r\n\r\n") == ["250 2.0.0 taken"] * 2
    assert process.waiting().count(f"qualify {jane}") == 1


@pytest.mark.parametrize("place", ["call", "data", "meta"])
def test_x23_a_pickle_in_the_queue_is_refused_and_executes_nothing(
    process: Process, tmp_path: Path, place: str
) -> None:
    planted = tmp_path / "planted"
    foreign = Queue(jobs.WORK, connection=process.connection, serializer=DefaultSerializer)
    job = foreign.enqueue_call(os.mkdir, args=(str(planted),))
    if place != "call":
        process.connection.hset(Job.key_for(job.id), place, pickle.dumps(Evil(planted)))
    with process.app.sessions() as session:
        create_lead(session, now=now())
    process.app.queue.wake(jobs.PLAN)
    process.work(jobs.WORK)
    assert not planted.exists()
    with process.app.sessions() as session:
        assert session.query(Touch).count() == 1
    assert process.waiting() == []


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def click(contact_id: int, message_id: int) -> Event:
    moment = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)
    detail = {"link": 1, "agent": BROWSER, "address": "192.0.2.1", "method": "GET", "headers": {}}
    return Event(
        contact_id=contact_id,
        message_id=message_id,
        kind="click",
        source="mail",
        at=moment,
        received_at=moment,
        verdict="unknown",
        detail=detail,
        key="1",
    )


def now() -> datetime:
    return datetime.now(UTC)

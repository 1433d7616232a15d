"""Sending while workers die and mail servers misbehave: nothing lost, nothing twice."""

import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from nurture.core.delivery import CLAIM_LEASE, SENDING_LEASE
from nurture.ports import App
from nurture.services import collecting, delivering, explaining, judging
from nurture.store import contacts, enrollments, events, suppressions
from tests.mail_server import DROP, STALL
from tests.make import (
    NOON,
    create_event,
    create_lead,
    list_enrollments,
    list_touches,
    plan,
    plan_and_send,
)
from tests.services.conftest import Site

ROOT = Path(__file__).parents[2]
WORKER = """
import sys
from pathlib import Path
from nurture.services import delivering
from nurture.store.session import open_sessions
from tests.make import Clock, make_app
url, folder, port = sys.argv[1:]
delivering.deliver_due(make_app(open_sessions(url), Path(folder), int(port), Clock()))
"""


class Killed(BaseException):
    """The worker ends here: nothing after this line is done."""


class DyingSigner:
    """The worker dies while it makes a mail, so before DATA."""

    def sign(self, message: bytes) -> bytes:
        raise Killed


@dataclass
class DyingLog:
    """The worker dies after the receipt is in the journal and before the commit."""

    app: App

    def append(self, record: dict[str, object]) -> None:
        self.app.receipts.append(record)
        raise Killed


def test_s01_a_a_worker_gone_before_data_has_sent_nothing_and_its_claim_is_given_back(site: Site) -> None:
    jane = planned(site)
    with pytest.raises(Killed):
        delivering.deliver_due(replace(site.app, signer=DyingSigner()))
    assert list_touches(site.app, jane)["first"].state == "claimed"
    assert settle(site) == 0
    assert delivering.deliver_due(site.app) == 0
    site.clock.forward(seconds=CLAIM_LEASE.total_seconds() + 1)
    assert settle(site) == 1
    assert delivering.deliver_due(site.app) == 1
    assert delivering.deliver_due(site.app) == 0
    assert site.server.delivered == ["jane@acme.example"]


def test_s01_b_a_mail_without_a_reply_to_its_final_dot_is_never_sent_again(site: Site) -> None:
    jane = planned(site)
    site.server.script = lambda command: DROP if command == "." else None
    assert delivering.deliver_due(site.app) == 1
    site.server.script = lambda command: None
    assert_uncertain(site, jane)


def test_s01_b_a_mail_of_a_worker_that_was_killed_after_the_final_dot_is_never_sent_again(
    site: Site, database_url: str, tmp_path: Path
) -> None:
    jane = planned(site)
    site.server.script = lambda command: STALL if command == "." else None
    command = [sys.executable, "-c", WORKER, database_url, str(tmp_path), str(site.server.port)]
    worker = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(site, ".", worker)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    assert list_touches(site.app, jane)["first"].state == "sending"
    site.server.script = lambda command: None
    site.clock.forward(seconds=SENDING_LEASE.total_seconds() + 1)
    assert settle(site) == 1
    assert_uncertain(site, jane)


def test_s01_c_a_receipt_in_the_journal_settles_what_its_worker_could_not_commit(site: Site) -> None:
    jane = planned(site)
    with pytest.raises(Killed):
        delivering.deliver_due(replace(site.app, receipts=DyingLog(site.app)))
    assert list_touches(site.app, jane)["first"].state == "sending"
    site.clock.forward(hours=1)
    assert ship_and_settle(site) == 1
    touch = list_touches(site.app, jane)["first"]
    assert (touch.state, touch.done_at) == ("sent", NOON)
    assert list_enrollments(site.app, jane)["lead-education"].last_step == "first"
    assert (ship_and_settle(site), settle(site), plan_and_send(site.app)) == (0, 0, 0)
    assert site.server.delivered == ["jane@acme.example"]


def test_s01_c_a_late_receipt_ends_the_doubt_and_sends_the_sequence_on_once(site: Site) -> None:
    jane = planned(site)
    with pytest.raises(Killed):
        delivering.deliver_due(replace(site.app, receipts=DyingLog(site.app)))
    site.clock.forward(hours=1)
    assert settle(site) == 1
    plan(site.app)
    due = list_touches(site.app, jane)["clicked"].due_at
    assert due == NOON + timedelta(hours=1, days=3)
    assert ship_and_settle(site) == 1
    plan(site.app)
    touches = list_touches(site.app, jane)
    assert touches["first"].state == "sent"
    assert touches["clicked"].due_at == due


def test_b01_a_click_that_came_before_the_receipt_is_judged_again_with_it(site: Site) -> None:
    jane = planned(site)
    with pytest.raises(Killed):
        delivering.deliver_due(replace(site.app, receipts=DyingLog(site.app)))
    touch = list_touches(site.app, jane)["first"].id
    browser = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    detail = {"link": 1, "agent": browser, "address": "192.0.2.1", "method": "GET", "headers": {}}
    with site.app.sessions() as session:
        contact = contacts.get(session, jane)
        moment = NOON + timedelta(minutes=20)
        create_event(session, contact, at=moment, verdict="unknown", message_id=touch, detail=detail)
        events.judge_again(session, [touch])
    site.clock.forward(hours=1)
    assert verdicts(site, jane) == ["unknown"]
    ship_and_settle(site)
    assert verdicts(site, jane) == ["human"]


def test_s05_a_connection_dropped_after_the_250_is_a_sent_mail(site: Site) -> None:
    jane = planned(site)
    site.server.script = lambda command: DROP if command == "QUIT" else None
    assert delivering.deliver_due(site.app) == 1
    assert list_touches(site.app, jane)["first"].state == "sent"
    assert plan_and_send(site.app) == 0
    assert site.server.delivered == ["jane@acme.example"]


@pytest.mark.parametrize(
    ("where", "reply", "most"),
    [
        ("GREETING", "421 too busy", 24),
        ("RCPT", "451 4.7.1 greylisted", 8),
        (".", "421 shutting down", 8),
        ("MAIL", "550 5.7.1 relaying denied", 8),
    ],
)
def test_s06_what_fails_for_now_is_tried_again_with_growing_waits_and_a_limit(
    site: Site, where: str, reply: str, most: int
) -> None:
    jane = planned(site)
    site.server.script = lambda command: reply if command.startswith(where) else None
    waits = []
    for _ in range(most):
        assert delivering.deliver_due(site.app) == 1
        touch = list_touches(site.app, jane)["first"]
        if touch.state == "failed":
            break
        waits.append((touch.due_at - site.clock()).total_seconds() / 60)
        site.clock.moment = touch.due_at - timedelta(seconds=1)
        assert delivering.deliver_due(site.app) == 0
        site.clock.moment = touch.due_at
    assert waits == [5, 15, 45, 135, *[360] * (most - 5)]
    assert f"still failing after {most} attempts" in (touch.note or "")
    assert list_enrollments(site.app, jane)["lead-education"].state == "stopped"
    assert not suppressed(site, jane)


def test_s06_a_mail_that_was_put_off_goes_out_later(site: Site) -> None:
    jane = planned(site)
    site.server.script = lambda command: "451 later" if command.startswith("RCPT") else None
    delivering.deliver_due(site.app)
    site.server.script = lambda command: None
    site.clock.forward(minutes=5)
    assert delivering.deliver_due(site.app) == 1
    assert site.server.delivered == ["jane@acme.example"]
    assert list_touches(site.app, jane)["first"].attempts == 2


def test_s06_an_address_that_does_not_exist_fails_and_is_suppressed(site: Site) -> None:
    jane = planned(site)
    site.server.script = lambda command: "550 5.1.1 no such user" if command.startswith("RCPT") else None
    assert delivering.deliver_due(site.app) == 1
    touch = list_touches(site.app, jane)["first"]
    assert (touch.state, touch.note) == ("failed", "refused: 550 5.1.1 no such user")
    assert list_enrollments(site.app, jane)["lead-education"].state == "stopped"
    assert suppressed(site, jane)


@pytest.mark.parametrize("reply", ["552 5.2.2 mailbox full", "550 no"])
def test_s06_another_refusal_suppresses_nobody(site: Site, reply: str) -> None:
    jane = planned(site)
    site.server.script = lambda command: reply if command.startswith("RCPT") else None
    delivering.deliver_due(site.app)
    assert list_touches(site.app, jane)["first"].state == "failed"
    assert not suppressed(site, jane)


def test_s06_one_refusal_among_ten_leaves_nine_mails_sent_once(site: Site) -> None:
    people = [f"p{number}@acme.example" for number in range(10)]
    with site.app.sessions() as session:
        for person in people:
            create_lead(session, person)
    site.server.script = lambda command: "554 5.7.1 refused" if command.startswith("RCPT TO:<p4@") else None
    assert plan_and_send(site.app) == 10
    assert plan_and_send(site.app) == 0
    assert sorted(site.server.delivered) == [person for person in people if person != "p4@acme.example"]
    assert site.server.count("EHLO") == 1


def test_s11_a_worker_whose_lease_ran_out_changes_nothing(site: Site) -> None:
    jane = planned(site)

    class Slow:
        """While A makes its mail its lease runs out, and B takes over."""

        def sign(self, message: bytes) -> bytes:
            site.clock.forward(minutes=3)
            assert settle(site) == 1
            assert delivering.deliver_due(site.app) == 1
            return message

    assert delivering.deliver_due(replace(site.app, signer=Slow())) == 1
    assert site.server.delivered == ["jane@acme.example"]
    touch = list_touches(site.app, jane)["first"]
    assert (touch.state, touch.attempts, touch.done_at) == ("sent", 1, site.clock())


def test_a_retry_of_a_sequence_that_was_left_meanwhile_is_withheld(site: Site) -> None:
    jane = planned(site)

    def leave(command: str) -> str | None:
        if not command.startswith("RCPT"):
            return None
        with site.app.sessions() as session:
            enrollments.stop(session, jane, reason="replied", now=site.clock())
        return "451 later"

    site.server.script = leave
    delivering.deliver_due(site.app)
    site.server.script = lambda command: None
    site.clock.forward(minutes=5)
    assert [delivering.deliver_due(site.app) for _ in range(2)] == [1, 0]
    touch = list_touches(site.app, jane)["first"]
    assert (touch.state, touch.note) == ("cancelled", "its sequence has ended: replied")
    assert site.server.delivered == []


def planned(site: Site) -> int:
    """A lead whose first mail is due; the contact's id."""
    with site.app.sessions() as session:
        jane = create_lead(session)
    plan(site.app)
    return jane


def settle(site: Site) -> int:
    with site.app.sessions() as session:
        return delivering.free_claims(session, now=site.clock())


def ship_and_settle(site: Site) -> int:
    collecting.ship(site.app.sessions, site.app.settings.journal_dir, now=site.clock())
    with site.app.sessions() as session:
        return delivering.settle_receipts(session)


def verdicts(site: Site, contact_id: int) -> list[str]:
    with site.app.sessions() as session:
        judging.judge_settled(session, now=site.clock(), settle=timedelta(minutes=1))
        return [row.verdict for row in events.list_for_contact(session, contact_id)]


def suppressed(site: Site, contact_id: int) -> bool:
    with site.app.sessions() as session:
        return suppressions.find(session, contacts.get(session, contact_id).email_hash) is not None


def assert_uncertain(site: Site, contact_id: int) -> None:
    """Shown as such; never sent again; the sequence goes on with its next step in its own time."""
    with site.app.sessions() as session:
        told = explaining.explain(session, "jane@acme.example", now=site.clock())
    assert [line.text for line in told.touches] == ["email “first” of lead-education: uncertain"]
    assert "may have been sent" in told.touches[0].because[0]
    assert plan_and_send(site.app) == 0
    assert list_touches(site.app, contact_id)["clicked"].due_at == site.clock() + timedelta(days=3)
    for _ in range(3):
        site.clock.forward(days=1)
        settle(site)
        assert plan_and_send(site.app) == 0
    assert site.server.count("DATA") == 1


def wait_for(site: Site, command: str, worker: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + 20
    while command not in site.server.commands:
        assert worker.poll() is None, "the worker has ended"
        assert time.monotonic() < ends_at, f"no {command}"
        time.sleep(0.02)

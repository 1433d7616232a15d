"""One mail, one contact or one mail server goes wrong; the other mails of the batch go on."""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from nurture.core.delivery import FIRST_RETRY
from nurture.core.workspace import Mailbox
from nurture.mail.smtp import SmtpMailer
from nurture.mail.smtp_server import parse_smtp_url
from nurture.ports import App
from nurture.services import consenting, delivering
from nurture.store import contacts, enrollments, suppressions
from nurture.store.session import Session
from tests.mail_server import DROP
from tests.make import (
    create_contact,
    create_enrollment,
    create_lead,
    create_workspace,
    list_enrollments,
    list_touches,
    plan,
    plan_and_send,
    wait_until_somebody_waits,
    workspace,
)
from tests.services.conftest import Site

FULL_DISK = """
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'; END $$
"""


@dataclass
class Poisoned:
    """Cannot make the mail to one address."""

    address: bytes
    error: Exception

    def sign(self, message: bytes) -> bytes:
        if b"To: " in message and self.address in message:
            raise self.error
        return message


@pytest.mark.parametrize("error", [RuntimeError("jane@acme.example"), KeyError("jane@acme.example")])
def test_a_mail_that_cannot_be_made_fails_alone_and_its_fault_is_told_by_kind_only(
    site: Site, error: Exception
) -> None:
    jane, others = planned(site, "jane@acme.example"), ["ada@acme.example", "zoe@acme.example"]
    for other in others:
        planned(site, other)
    poisoned = replace(site.app, signer=Poisoned(b"jane@acme.example", error))
    with capture_logs() as logs:
        assert delivering.deliver_due(poisoned) == 3
    assert sorted(site.server.delivered) == others
    why = f"the mail cannot be made: {type(error).__name__}"
    touch, enrollment = list_touches(site.app, jane)["first"], list_enrollments(site.app, jane)
    assert (touch.state, touch.note, touch.claim_token) == ("failed", why, None)
    stopped = enrollment["lead-education"]
    assert (stopped.state, stopped.end_reason) == ("stopped", why)
    [line] = [log for log in logs if log["log_level"] == "error"]
    assert (line["touch"], line["error"]) == (touch.id, type(error).__name__)
    assert "jane@" not in str(logs)
    assert delivering.deliver_due(site.app) == 0


def test_a_mail_whose_claim_has_passed_on_is_not_failed_by_its_old_worker(site: Site) -> None:
    jane = planned(site)

    class Slow:
        """While A makes its mail its lease runs out and B sends it; then A meets a fault."""

        def sign(self, message: bytes) -> bytes:
            site.clock.forward(minutes=3)
            with site.app.sessions() as session:
                delivering.free_claims(session, now=site.clock())
            assert delivering.deliver_due(site.app) == 1
            raise RuntimeError

    assert delivering.deliver_due(replace(site.app, signer=Slow())) == 1
    assert list_touches(site.app, jane)["first"].state == "sent"
    assert list_enrollments(site.app, jane)["lead-education"].state == "active"


def test_a_fault_of_one_row_undoes_its_counts_and_a_fault_of_the_database_fails_no_mail(site: Site) -> None:
    jane = planned(site)
    with site.app.sessions() as session:
        session.execute(text("ALTER TABLE messages ADD CONSTRAINT none_fits CHECK (id < 0) NOT VALID"))
        session.execute(text(FULL_DISK))
        session.execute(text("CREATE TRIGGER f BEFORE INSERT ON daily_counts EXECUTE FUNCTION fill()"))
    with pytest.raises(Exception, match="DiskFull"):
        delivering.deliver_due(site.app)
    assert list_touches(site.app, jane)["first"].state == "claimed"
    site.clock.forward(minutes=3)
    with site.app.sessions() as session:
        session.execute(text("DROP TRIGGER f ON daily_counts"))
        delivering.free_claims(session, now=site.clock())
    assert delivering.deliver_due(site.app) == 1
    touch = list_touches(site.app, jane)["first"]
    assert (touch.state, touch.note, touch.attempts) == (
        "failed",
        "the mail cannot be made: IntegrityError",
        0,
    )
    with site.app.sessions() as session:
        assert session.scalar(text("SELECT count(*) FROM daily_counts")) == 0


def suppress(session: Session, site: Site, contact_id: int) -> None:
    email_hash = contacts.get(session, contact_id).email_hash
    suppressions.suppress(session, email_hash, reason="complained", source="report", now=site.clock())


@pytest.mark.parametrize("withheld", [True, False])
def test_a_worker_that_ends_a_sequence_waits_for_who_is_stopping_it(site: Site, withheld: bool) -> None:
    jane = planned(site)
    app = replace(site.app, signer=Poisoned(b"jane@", RuntimeError()))
    if withheld:
        with site.app.sessions() as session:
            suppress(session, site, jane)
    with ThreadPoolExecutor(1) as pool:
        with site.app.sessions() as session:
            contacts.lock(session, jane)
            session.execute(text("SELECT FROM enrollments FOR UPDATE"))
            worker = pool.submit(delivering.deliver_due, app)
            wait_until_somebody_waits(site.app.sessions)
            enrollments.stop(session, jane, reason="replied", now=site.clock())
        assert worker.result(10) == 1
    touch = list_touches(site.app, jane)["first"]
    assert (touch.state, touch.note) == ("cancelled", "replied")


def test_workers_and_words_at_the_same_moment_never_wait_for_each_other_in_a_ring(site: Site) -> None:
    app = replace(site.app, signer=Poisoned(b"@", RuntimeError()))
    for number in range(10):
        jane = planned(site, f"p{number}@acme.example")
        with ThreadPoolExecutor(2) as pool:
            sending = pool.submit(delivering.deliver_due, app)
            leaving = pool.submit(unsubscribe, site, jane)
            assert (sending.result(10) <= 1, leaving.result(10)) == (True, None)
        assert list_touches(site.app, jane)["first"].state in ("failed", "cancelled")
        assert list_enrollments(site.app, jane)["lead-education"].state == "stopped"


def test_a_dead_server_of_one_mailbox_is_tried_once_and_holds_up_no_other(site: Site) -> None:
    down, up = [], []
    with site.app.sessions() as session:
        two_mailboxes(session)
        for number in range(4):
            down.append(create_lead(session, f"down{number}@acme.example"))
            contact = create_contact(session, f"up{number}@acme.example", stage="prospect")
            create_enrollment(session, contact, "prospect-evaluation")
            up.append(contact.id)
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        assert plan_and_send(with_server(site, "hello", closed.getsockname()[1])) == 8
    assert sorted(site.server.delivered) == [f"up{number}@acme.example" for number in range(4)]
    mails = [list_touches(site.app, contact)["first"] for contact in down]
    assert {(touch.state, touch.due_at - site.clock()) for touch in mails} == {("planned", FIRST_RETRY)}
    assert all("will be tried again" in (touch.note or "") for touch in mails)
    assert sorted(touch.attempts for touch in mails) == [0, 0, 0, 1]
    site.clock.forward(minutes=5)
    assert delivering.deliver_due(site.app) == 4
    assert len(site.server.delivered) == 8


def test_a_server_that_goes_away_within_a_batch_is_connected_at_most_once_more_a_mail(site: Site) -> None:
    for number in range(6):
        planned(site, f"p{number}@acme.example")

    def go_away(command: str) -> str | None:
        if not site.server.delivered:
            return None
        return "421 going down" if command == "GREETING" else DROP

    site.server.script = go_away
    assert delivering.deliver_due(site.app) == 6
    assert site.server.count("GREETING") == 3  # the first, again for the second mail, anew for the third
    assert len(site.server.delivered) == 1


def planned(site: Site, email: str = "jane@acme.example") -> int:
    """A lead whose first mail is due; the contact's id."""
    with site.app.sessions() as session:
        jane = create_lead(session, email)
    plan(site.app)
    return jane


def unsubscribe(site: Site, contact_id: int) -> None:
    with site.app.sessions() as session:
        consenting.unsubscribe(session, contact_id, source="one_click", now=site.clock())


def two_mailboxes(session: Session) -> None:
    """Leads are written to from `hello`, prospects from `sales`."""
    usual = workspace()
    boxes = (*usual.mailboxes, Mailbox("sales", "sales@meridian.example", "Sam of Meridian", 1000))
    mails = tuple(replace(m, mailbox="sales" if m.name == "evaluation" else "hello") for m in usual.mails)
    create_workspace(session, mailboxes=boxes, mails=mails)


def with_server(site: Site, mailbox: str, port: int) -> App:
    """The App whose `mailbox` has a server of its own."""
    default = parse_smtp_url(f"smtp://127.0.0.1:{site.server.port}")
    servers = {mailbox: parse_smtp_url(f"smtp://127.0.0.1:{port}")}
    return replace(site.app, mailer=SmtpMailer(servers=servers, default=default))

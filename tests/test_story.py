"""The river in one test: a lead is mailed, clicks, becomes a prospect, asks for prices, reaches a person."""

import re
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from werkzeug.test import Client

from nurture.bootstrap import handoff_templates
from nurture.embedded.mailbox import Mailbox
from nurture.journal import Journal
from nurture.ports import App
from nurture.sales.email import EmailTarget
from nurture.services import collecting, delivering, handing_off, judging, qualifying, receiving, scheduling
from nurture.services.explaining import explain
from nurture.store import contacts, enrollments
from nurture.web.hits import Hits
from tests.conftest import Sessions
from tests.make import Clock, create_contact, create_enrollment, create_workspace, make_app

BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)


def test_a_lead_becomes_an_opportunity_and_reaches_a_person(sessions: Sessions, tmp_path: Path) -> None:
    clock = Clock()
    with Mailbox(tmp_path / "mailbox") as mailbox:
        app = make_app(sessions, tmp_path, mailbox.smtp_port, clock)
        sign = app.signer.sign
        app.targets["email"] = EmailTarget(app.mailer, sign, b"k" * 32, handoff_templates(), clock)
        with sessions() as session:
            create_workspace(session)
            jane = create_contact(session).id
            create_enrollment(session, contacts.get(session, jane))

        # Her first mail is planned and sent, once, with a tracked link and the way out.
        assert send_what_is_due(app) == 1
        assert send_what_is_due(app) == 0
        first = mailbox.messages()[0].parsed()
        assert first["Subject"] == "A guide for Acme"
        assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

        # She clicks ten minutes later and once more after lunch; the hits go by the journal to a verdict.
        browser = browse(app, clock)
        clock.forward(minutes=10)
        assert browser.get(tracked_link(first), headers={"User-Agent": BROWSER}).status_code == 302
        clock.forward(hours=2)
        assert browser.get(tracked_link(first), headers={"User-Agent": BROWSER}).status_code == 302
        clock.forward(minutes=5)
        assert ship_and_judge(app, clock()) == [jane]

        # Two clicks and a fit make a prospect: out of one sequence in the middle of its wait, into the next.
        with sessions() as session:
            assert qualifying.qualify(session, jane, now=clock()) == []
            assert running_sequences(app, jane) == ["lead-education"]  # not before the commit
        assert running_sequences(app, jane) == ["prospect-evaluation"]
        assert send_what_is_due(app) == 1

        # She asks for prices on the page: an opportunity, one handoff, and Ana hears of it by mail.
        with sessions() as session:
            receiving.request_pricing(session, jane, None, answers={"need": "40 seats"}, now=clock())
        with sessions() as session:
            [handoff] = qualifying.qualify(session, jane, now=clock())
            assert qualifying.qualify(session, jane, now=clock()) == []
        assert handing_off.tell(app, handoff)
        assert not handing_off.tell(app, handoff)
        told = mailbox.messages()[2].parsed()
        assert told["To"] == "Ana <ana@meridian.example>"
        why_now = "Asked for prices by the form on 4 March at 14:15 UTC, after 2 clicks in 1 day."
        assert told["Subject"] == f"Jane: {why_now}"
        assert len(mailbox.messages()) == 3

        # Ana accepts, so every sequence stops; and the program can say why all of it happened.
        with sessions() as session:
            assert handing_off.answer(session, handoff, accept=True, reason="", now=clock())
        assert running_sequences(app, jane) == []
        with sessions() as session:
            why = explain(session, "JANE@Acme.example", now=clock())
        assert [line.text.partition(":")[0] for line in why.stages] == [
            "came in as lead",
            "lead → prospect",
            "prospect → opportunity",
        ]
        assert "clicked 2 times in the last 14 days (last on 4 March)" in why.stages[1].because
        judged = [line.text.rpartition(": ")[2].partition(",")[0] for line in why.evidence]
        assert judged == ["human"] * 3


def send_what_is_due(app: App) -> int:
    """Plan, then send; how many mails were due."""
    with app.sessions() as session:
        scheduling.plan_touches(session, now=app.now())
    return delivering.deliver_due(app)


def ship_and_judge(app: App, now: datetime) -> list[int]:
    """Ship the journals and judge what has settled; the contacts whose evidence changed."""
    collecting.ship(app.sessions, app.settings.journal_dir, now=now)
    with app.sessions() as session:
        return judging.judge_settled(session, now=now, settle=app.settings.judge_settle)


def browse(app: App, clock: Clock) -> Client:
    """A browser in front of the fast path, which needs no application behind it."""

    def nothing_behind(environ: object, start_response: object) -> list[bytes]:
        raise AssertionError("the fast path answers alone")

    journal = Journal(app.settings.journal_dir, collecting.HITS)
    hits = Hits(
        nothing_behind,
        keyring=app.keyring,
        journal=journal,
        clock=lambda: clock().timestamp(),
        dropped=nothing_behind,  # type: ignore[arg-type]
    )
    return Client(hits)


def running_sequences(app: App, contact_id: int) -> list[str]:
    """The sequences a contact is in."""
    with app.sessions() as session:
        known = enrollments.list_for_contact(session, contact_id)
        return [enrollment.sequence for enrollment in known if enrollment.state == "active"]


def tracked_link(mail: EmailMessage) -> str:
    """The path of a mail's first tracked link."""
    html = mail.get_body(("html",))
    assert html is not None
    found = re.search(r'href="http://127.0.0.1:8000(/c/[^"]+)"', html.get_content())
    assert found is not None
    return found[1]

"""A handoff told, retried, answered: by real mail and a real webhook."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from nurture.bootstrap import handoff_templates
from nurture.core.delivery import NotDelivered
from nurture.core.token import Purpose
from nurture.core.workspace import Rep
from nurture.mail.smtp import SmtpMailer
from nurture.mail.smtp_server import parse_smtp_url
from nurture.sales.email import EmailTarget
from nurture.services import handing_off, qualifying, receiving
from nurture.store import agenda, contacts, enrollments, events, handoffs, promotions
from nurture.store.tables import HandoffNotice
from tests.make import create_event, create_lead, create_workspace, run_together
from tests.sales.receiver import Exchange, create_target, status
from tests.sales.receiver import receiving as web_server
from tests.services.conftest import Site

PATIENCE = timedelta(seconds=2)


class Killed(BaseException):
    """The worker ends here."""


@dataclass
class Doing:
    """A target that does something instead of telling."""

    deed: Callable[[], None]

    def tell(self, notice: object) -> None:
        self.deed()


@pytest.fixture
def handoff(site: Site) -> int:
    """A handoff to Ana of a lead who asked for prices, with mail as the way to tell her."""
    set_up_mail(site)
    with site.app.sessions() as session:
        jane = create_lead(session)
    return ask(site, jane)


def test_a_rep_is_told_once_by_mail(site: Site, handoff: int) -> None:
    assert waiting_handoffs(site) == [handoff]
    assert sum(run_together(4, lambda: handing_off.tell(site.app, handoff))) == 1
    assert not handing_off.tell(site.app, handoff)
    assert site.server.delivered == ["ana@meridian.example"]
    told = message_from_bytes(site.server.raw[0], policy=policy.default)
    assert told["Subject"] == "Jane: Asked for prices by the form on 4 March at 12:00 UTC."
    assert told["Reply-To"] == "jane@acme.example"
    with site.app.sessions() as session:
        found = handoffs.get(session, handoff)
        assert (found.state, found.notified_at) == ("notified", site.clock())
    assert waiting_handoffs(site) == []


def test_the_link_of_the_mail_leads_to_this_handoff_alone(site: Site, handoff: int) -> None:
    handing_off.tell(site.app, handoff)
    body = message_from_bytes(site.server.raw[0], policy=policy.default).get_body(("plain",))
    assert body is not None
    link = body.get_content().partition("http://127.0.0.1:8000/h/")[2].split()[0]
    token = site.app.keyring.verify(link, Purpose.HANDOFF)
    assert token is not None
    assert token.message_id == handoff


def test_a_notice_is_tried_again_with_growing_waits_and_told_once(site: Site, handoff: int) -> None:
    site.server.script = lambda command: "421 too busy" if command == "GREETING" else None
    waits = []
    for _ in range(6):
        assert not handing_off.tell(site.app, handoff)
        assert not handing_off.tell(site.app, handoff)
        notice = notices(site)["email"]
        assert notice.next_try_at is not None
        waits.append((notice.next_try_at - site.clock()).total_seconds())
        assert waiting_handoffs(site) == []
        site.clock.moment = notice.next_try_at
        assert waiting_handoffs(site) == [handoff]
    assert waits == [5, 10, 20, 40, 80, 160]
    assert site.server.count("GREETING") == 6
    site.server.script = lambda command: None
    assert [handing_off.tell(site.app, handoff) for _ in range(3)] == [True, False, False]
    assert site.server.delivered == ["ana@meridian.example"]
    notice = notices(site)["email"]
    assert (notice.delivered_at, notice.error, notice.attempts) == (site.clock(), None, 7)


def test_waits_stop_growing_at_an_hour(site: Site, handoff: int) -> None:
    site.server.script = lambda command: "421 too busy" if command == "GREETING" else None
    for _ in range(15):
        handing_off.tell(site.app, handoff)
        notice = notices(site)["email"]
        assert notice.next_try_at is not None
        wait = notice.next_try_at - site.clock()
        site.clock.moment = notice.next_try_at
    assert wait == timedelta(hours=1)


def test_a_failing_webhook_does_not_keep_the_mail_nor_repeat_it(site: Site) -> None:
    answers = [503, 503, 204]

    def answer(exchange: Exchange) -> None:
        status(answers.pop(0))(exchange)

    with web_server(answer) as hook:
        set_up_mail(site)
        site.app.targets["webhook"] = create_target()  # type: ignore[index]
        with site.app.sessions() as session:
            create_workspace(session, reps=(Rep("ana", "ana@meridian.example", "Ana", hook.url),))
            jane = create_lead(session)
        handoff = ask(site, jane)
        told = []
        for _ in range(4):
            told.append(handing_off.tell(site.app, handoff))
            site.clock.forward(minutes=1)
    assert told == [True, False, True, False]
    assert site.server.delivered == ["ana@meridian.example"]
    assert len(hook.requests) == 3
    assert {request.headers["webhook-id"] for request in hook.requests} == {f"handoff-{handoff}"}
    assert {target: notice.attempts for target, notice in notices(site).items()} == {"email": 1, "webhook": 3}
    with site.app.sessions() as session:
        assert handoffs.get(session, handoff).state == "notified"


def test_a_webhook_without_a_secret_says_what_to_set(site: Site) -> None:
    set_up_mail(site)
    with site.app.sessions() as session:
        create_workspace(session, reps=(Rep("ana", "ana@m.example", "Ana", "https://m.example/hook"),))
        jane = create_lead(session)
    assert handing_off.tell(site.app, ask(site, jane))
    assert notices(site)["webhook"].error == "webhook is not set up: set WEBHOOK_SECRET"


def test_mail_is_told_and_written_before_a_webhook_is_tried(site: Site) -> None:
    seen = []

    def look() -> None:
        with site.app.sessions() as session:
            found = handoffs.get(session, handoff)
            seen.append((found.state, found.notified_at, list(site.server.delivered)))
        raise Killed

    handoff = ask_with_webhook(site, Doing(look))
    with site.app.sessions() as session:  # whichever was asked for first
        session.execute(update(HandoffNotice).where(HandoffNotice.target == "email").values(id=10**6))
    with pytest.raises(Killed):
        handing_off.tell(site.app, handoff)
    assert seen == [("notified", site.clock(), ["ana@meridian.example"])]
    assert notices(site)["email"].delivered_at == site.clock()


def test_whatever_goes_wrong_is_a_failed_try_and_logged_without_its_text(site: Site) -> None:
    def fail() -> None:
        raise RuntimeError("jane@acme.example broke it")

    handoff = ask_with_webhook(site, Doing(fail))
    with capture_logs() as logs:
        assert handing_off.tell(site.app, handoff)
    notice = notices(site)["webhook"]
    assert (notice.attempts, notice.error) == (1, "RuntimeError")
    assert notice.next_try_at == site.clock() + timedelta(seconds=5)
    assert [entry["error"] for entry in logs] == ["RuntimeError"]
    assert "jane@" not in str(logs)


def test_a_webhook_is_given_up_after_twenty_tries_but_mail_is_not(site: Site) -> None:
    def refuse() -> None:
        raise NotDelivered("no")

    site.server.script = lambda command: "421 too busy" if command == "GREETING" else None
    handoff = ask_with_webhook(site, Doing(refuse))
    for _ in range(22):
        handing_off.tell(site.app, handoff)
        site.clock.forward(hours=1)
    assert {target: notice.attempts for target, notice in notices(site).items()} == {
        "email": 22,
        "webhook": 20,
    }
    assert (notices(site)["webhook"].next_try_at, notices(site)["webhook"].error) == (None, "no")


def test_a_decided_handoff_is_told_no_more(site: Site, handoff: int) -> None:
    assert waiting_handoffs(site) == [handoff]
    answer(site, handoff, accept=True)
    assert waiting_handoffs(site) == []
    assert not handing_off.tell(site.app, handoff)
    assert site.server.delivered == []


def test_a_late_failure_does_not_undo_what_another_has_told(site: Site, handoff: int) -> None:
    handing_off.tell(site.app, handoff)
    with site.app.sessions() as session:
        handoffs.record_try(session, handoff, "email", "timed out", site.clock())
    notice = notices(site)["email"]
    assert (notice.delivered_at, notice.error) == (site.clock(), None)


def test_a_teller_that_was_killed_is_followed_by_another(site: Site, handoff: int) -> None:
    def die() -> None:
        raise Killed

    mail = site.app.targets["email"]
    site.app.targets["email"] = Doing(die)  # type: ignore[index]
    with pytest.raises(Killed):
        handing_off.tell(site.app, handoff)
    site.app.targets["email"] = mail  # type: ignore[index]
    assert not handing_off.tell(site.app, handoff)
    site.clock.forward(seconds=handing_off.LEASE.total_seconds() + 1)
    assert handing_off.tell(site.app, handoff)


def test_accepting_stops_every_sequence(site: Site, handoff: int) -> None:
    site.clock.forward(minutes=3)
    assert answer(site, handoff, accept=True)
    with site.app.sessions() as session:
        found = handoffs.get(session, handoff)
        assert (found.state, found.decided_at) == ("accepted", site.clock())
        states = [(row.state, row.end_reason) for row in enrollments.list_for_contact(session, 1)]
        assert states == [("stopped", "moved to opportunity"), ("stopped", "handoff accepted")]


def test_rejecting_leads_back_with_the_reason_and_spends_the_evidence(site: Site, handoff: int) -> None:
    site.clock.forward(minutes=3)
    assert answer(site, handoff, accept=False, reason="bad timing")
    with site.app.sessions() as session:
        contact = contacts.get(session, 1)
        assert contact.stage == "lead"
        back = promotions.list_for_contact(session, 1)[-1]
        assert (back.origin, back.target) == ("opportunity", "lead")
        assert (back.reason, back.because) == ("Sales rejected: bad timing", ["bad timing"])
        states = [(row.sequence, row.state) for row in enrollments.list_for_contact(session, 1)]
        assert states == [
            ("lead-education", "stopped"),
            ("opportunity-welcome", "stopped"),
            ("lead-education", "active"),
        ]
        assert (handoffs.get(session, handoff).state, handoffs.get(session, handoff).decision) == (
            "rejected",
            "bad timing",
        )
        assert qualifying.qualify(session, 1, now=site.clock()) == []


def test_what_a_rejected_contact_did_before_promotes_to_no_other_stage_either(site: Site) -> None:
    set_up_mail(site)
    with site.app.sessions() as session:
        jane = create_lead(session)
    handoff = ask(site, jane)
    with site.app.sessions() as session:
        for number in range(2):
            create_event(session, contacts.get(session, jane), key=str(number))
    site.clock.forward(minutes=3)
    answer(site, handoff, accept=False, reason="no budget")
    with site.app.sessions() as session:
        qualifying.qualify(session, jane, now=site.clock())
        assert contacts.get(session, jane).stage == "lead"


def test_a_rejected_contact_comes_back_by_new_evidence_only(site: Site, handoff: int) -> None:
    site.clock.forward(minutes=3)
    answer(site, handoff, accept=False, reason="no budget")
    with site.app.sessions() as session:
        spent = events.list_for_contact(session, 1)[0]
        contacts.get(session, 1).evidence_after = None  # even if the old evidence counted again
        assert qualifying.qualify(session, 1, now=site.clock()) == []
        contacts.get(session, 1).evidence_after = site.clock()
    site.clock.forward(days=1)
    again = ask(site, 1)
    with site.app.sessions() as session:
        found = handoffs.get(session, again)
        assert (found.rep, found.state) == ("ben", "pending")
        assert spent.id not in promotions.get(session, found.promotion_id).evidence


@pytest.mark.parametrize("accept", [True, False])
def test_of_two_answers_the_first_counts(site: Site, handoff: int, accept: bool) -> None:
    assert answer(site, handoff, accept=accept, reason="other")
    assert not answer(site, handoff, accept=not accept, reason="wrong person")
    with site.app.sessions() as session:
        assert handoffs.get(session, handoff).state == ("accepted" if accept else "rejected")


def test_x25_twenty_answers_at_once_are_one(site: Site, handoff: int) -> None:
    said = iter([True, False] * 10)
    given = run_together(20, lambda: answer(site, handoff, accept=next(said), reason="other"))
    assert sum(given) == 1
    with site.app.sessions() as session:
        assert len(promotions.list_for_contact(session, 1)) <= 2


def test_a_handoff_shows_itself(site: Site, handoff: int) -> None:
    with site.app.sessions() as session:
        shown = handing_off.show(session, handoff)
        with pytest.raises(LookupError):
            handing_off.show(session, handoff + 1)
        with pytest.raises(LookupError):
            handing_off.answer(session, handoff + 1, accept=True, reason="", now=site.clock())
    assert (shown.contact_name, shown.contact_email, shown.company) == ("Jane", "jane@acme.example", "Acme")
    assert (shown.rep, shown.state, shown.decision) == ("Ana", "pending", None)
    assert shown.evidence == ("asked for prices by the form",)
    assert shown.timeline == ("4 March 2026, 12:00 UTC: asked for prices by the form",)


def set_up_mail(site: Site) -> None:
    server = parse_smtp_url(f"smtp://127.0.0.1:{site.server.port}")
    mailer = SmtpMailer(servers={}, default=server)
    target = EmailTarget(mailer, site.app.signer.sign, b"k" * 32, handoff_templates(), site.clock)
    site.app.targets["email"] = target  # type: ignore[index]


def ask_with_webhook(site: Site, webhook: Doing) -> int:
    """A handoff to Ana, who is told by mail and by this webhook."""
    set_up_mail(site)
    site.app.targets["webhook"] = webhook  # type: ignore[index]
    with site.app.sessions() as session:
        create_workspace(session, reps=(Rep("ana", "ana@meridian.example", "Ana", "https://m.example/hook"),))
        jane = create_lead(session)
    return ask(site, jane)


def ask(site: Site, contact_id: int) -> int:
    """The contact asks for prices; the handoff that follows."""
    with site.app.sessions() as session:
        form = {"form_id": site.clock().isoformat()}
        receiving.request_pricing(session, contact_id, None, answers=form, now=site.clock())
        [opened] = qualifying.qualify(session, contact_id, now=site.clock())
    return opened


def answer(site: Site, handoff: int, *, accept: bool, reason: str = "") -> bool:
    with site.app.sessions() as session:
        return handing_off.answer(session, handoff, accept=accept, reason=reason, now=site.clock())


def notices(site: Site) -> dict[str, HandoffNotice]:
    with site.app.sessions() as session:
        return {notice.target: notice for notice in session.query(HandoffNotice)}


def waiting_handoffs(site: Site) -> list[int]:
    """The handoffs the clock would wake."""
    with site.app.sessions() as session:
        return list(agenda.read(session, site.clock(), settle=PATIENCE, patience=PATIENCE).handoffs)

"""Plain makers of test data: `create_x(session, **what_matters)`, everything else is sensible."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import text

from nurture.core.condition import AllOf, AnyOf, Counted, GradeAtLeast
from nurture.core.people.contact import normalise_address
from nurture.core.rule import Rule
from nurture.core.score import Criterion, GradeModel, ScoreModel
from nurture.core.sequence import BranchStep, EmailStep, Sequence, TaskStep, WaitStep
from nurture.core.token import Keyring
from nurture.core.workspace import Mail, Mailbox, Rep, Stage, Window, Workspace
from nurture.journal import Journal
from nurture.mail.mx import MailRoutes
from nurture.mail.smtp import SmtpMailer
from nurture.mail.smtp_server import parse_smtp_url
from nurture.ports import App
from nurture.services import delivering, scheduling
from nurture.settings import Settings
from nurture.store import contacts, enrollments, events, messages, touches, workspaces
from nurture.store.session import Session
from nurture.store.tables import Contact, Enrollment, Touch

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
SECRET = "correct-horse-battery-staple-42-xyzzy"
ALWAYS = Window(frozenset(range(7)), time(), time())
BODY = """
<p>Hello {{ contact.given_name|default('there') }}</p>
<p><a href="https://meridian.example/guide?a=1&amp;b=2">Guide</a> <a href="{{ pricing_url }}">Prices</a></p>
<p>{{ company.postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>
"""
TEXT = """Hello {{ contact.given_name|default('there') }}
https://meridian.example/guide
{{ company.postal_address }}
{{ unsubscribe_url }}
"""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **length: float) -> datetime:
        self.moment += timedelta(**length)
        return self.moment


@dataclass
class Wakeups:
    """A queue that remembers what it was asked to wake."""

    woken: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def wake(self, job: str, *ids: int) -> None:
        self.woken.append((job, ids))


class Unsigned:
    def sign(self, message: bytes) -> bytes:
        return message


def mail(name: str, subject: str = "A guide for {{ contact.company|default('you') }}") -> Mail:
    """A prepared mail with two links, the address and the unsubscribe link."""
    return Mail(name, subject, f"<html><body>{BODY}</body></html>", TEXT)


def lead_sequence(wait: timedelta = timedelta(days=3)) -> Sequence:
    """Mail, wait, branch on a click: yes → a call task; no → a second mail."""
    return Sequence(
        "lead-education",
        "Education",
        10,
        "first",
        (
            EmailStep("first", "pause", "first"),
            WaitStep("pause", "clicked", wait),
            BranchStep("clicked", Counted("click", since="first"), "call", "second"),
            TaskStep("call", None, "call", "Call them", "They read the guide."),
            EmailStep("second", None, "second"),
        ),
    )


def one_mail_sequence(name: str, mail_name: str, priority: int = 10) -> Sequence:
    return Sequence(name, name, priority, mail_name, (EmailStep(mail_name, None, mail_name),))


def rules() -> tuple[Rule, ...]:
    """Asking for prices leads to sales from anywhere; two clicks and a fit make a prospect."""
    engaged = AllOf((Counted("click", at_least=2, within=timedelta(days=14)), GradeAtLeast("B")))
    return (
        Rule(
            "asked-for-prices",
            ("lead", "prospect"),
            "opportunity",
            Counted("pricing_request"),
            "Asks for prices",
        ),
        Rule("not-now", ("prospect",), "lead", Counted("not_interested"), "Not interested now"),
        Rule("engaged-fit", ("lead",), "prospect", AnyOf((engaged,)), "Engaged and a fit"),
    )


def workspace(**changes: Any) -> Workspace:
    """Three stages with a sequence each, two reps, two mailboxes, an always open window."""
    whole = Workspace(
        name="meridian",
        company="Meridian",
        postal_address="1 Main Street, Springfield",
        time_zone="Europe/Paris",
        window=ALWAYS,
        contact_cap=5,
        tracking="individual",
        stages=(
            Stage("lead", "Lead", "lead-education"),
            Stage("prospect", "Prospect", "prospect-evaluation"),
            Stage("opportunity", "Opportunity", "opportunity-welcome", handoff=True),
        ),
        rules=rules(),
        score=ScoreModel({"click": 5.0, "reply": 20.0}, timedelta(days=30)),
        grade=GradeModel((Criterion("industry", ("retail",), 30),), {"A": 40, "B": 30, "C": 10}),
        reps=(Rep("ana", "ana@meridian.example", "Ana"), Rep("ben", "ben@meridian.example", "Ben")),
        mailboxes=(Mailbox("hello", "hello@meridian.example", "Mia of Meridian", 1000),),
        sequences=(
            lead_sequence(),
            one_mail_sequence("prospect-evaluation", "evaluation"),
            one_mail_sequence("opportunity-welcome", "opening"),
        ),
        mails=tuple(mail(name) for name in ("first", "second", "evaluation", "opening")),
        skip_holidays=False,
    )
    return replace(whole, **changes)


def create_workspace(session: Session, now: datetime = NOON, **changes: Any) -> int:
    """Publish a workspace; its version."""
    return workspaces.publish(session, workspace(**changes), now=now)[0]


def create_contact(
    session: Session, email: str = "jane@acme.example", now: datetime = NOON, **fields: Any
) -> Contact:
    """A lead who fits (industry retail)."""
    contact = contacts.create(session, normalise_address(email), stage=fields.pop("stage", "lead"), now=now)
    values = {"given_name": "Jane", "company": "Acme", "attributes": {"industry": "retail"}} | fields
    for name, value in values.items():
        setattr(contact, name, value)
    session.flush()
    return contact


def create_enrollment(
    session: Session, contact: Contact, sequence: str = "lead-education", now: datetime = NOON
) -> int:
    """Enroll a contact under the current version."""
    version, _ = workspaces.current(session)
    made = enrollments.enter(
        session, contact.id, version_id=version, sequence=sequence, stage=contact.stage, now=now
    )
    assert made is not None
    return made


def create_lead(
    session: Session, email: str = "jane@acme.example", now: datetime = NOON, **fields: Any
) -> int:
    """A contact in the lead's sequence, its first mail still to be planned; the contact's id."""
    contact = create_contact(session, email, now, **fields)
    create_enrollment(session, contact, now=now)
    return contact.id


def create_mail(session: Session, contact_id: int, step: str = "first", sent_at: datetime = NOON) -> int:
    """A mail the contact's sequence has sent; its id."""
    [enrollment] = enrollments.list_for_contact(session, contact_id)
    touches.plan(session, enrollment, step=step, kind="email", priority=10, due_at=sent_at)
    touch = {touch.step: touch for touch in touches.list_for_contact(session, contact_id)}[step]
    touch.state, touch.done_at = "sent", sent_at
    messages.record(
        session, touch, rfc_id=f"t{touch.id}@meridian.example", mailbox="hello", subject="A guide", links=[]
    )
    messages.mark_sent(session, touch.id, sent_at)
    enrollments.step_done(session, [touch.id], sent_at)
    return touch.id


def create_event(
    session: Session, contact: Contact, kind: str = "click", at: datetime = NOON, **fields: Any
) -> int:
    """A human event."""
    usual: dict[str, Any] = {"source": "mail", "now": at, "key": f"{kind}:{at.isoformat()}:{contact.id}"}
    values = usual | fields
    made = events.record(session, contact.id, kind=kind, at=at, **values)
    assert made is not None
    return made


def make_app(
    sessions: Callable[[], AbstractContextManager[Session]],
    folder: Path,
    smtp_port: int,
    clock: Callable[[], datetime],
    **changes: Any,
) -> App:
    """An App with real SMTP to a port of this machine, a queue that remembers, and a clock of the test."""
    smtp_url = f"smtp://127.0.0.1:{smtp_port}"
    settings = Settings(
        data_dir=folder,
        base_url="http://127.0.0.1:8000",
        database_url="",
        redis_url="",
        secret_keys=(SECRET,),
        smtp_urls={"": smtp_url},
        webhook_secret="",
    )
    app = App(
        settings=settings,
        sessions=sessions,
        queue=Wakeups(),
        mailer=SmtpMailer(servers={}, default=parse_smtp_url(smtp_url)),
        signer=Unsigned(),
        targets={},
        routes=MailRoutes(),
        receipts=Journal(settings.journal_dir, "receipts"),
        keyring=Keyring([SECRET]),
        now=clock,
    )
    return replace(app, **changes)


def plan(app: App) -> None:
    """Plan what is to be planned."""
    with app.sessions() as session:
        scheduling.plan_touches(session, now=app.now())


def plan_and_send(app: App, limit: int = 50) -> int:
    """Plan, then send; how many mails were claimed."""
    plan(app)
    return delivering.deliver_due(app, limit=limit)


def list_touches(app: App, contact_id: int) -> dict[str, Touch]:
    """A contact's touches by step."""
    with app.sessions() as session:
        return {touch.step: touch for touch in touches.list_for_contact(session, contact_id)}


def list_enrollments(app: App, contact_id: int) -> dict[str, Enrollment]:
    """A contact's newest enrollment by sequence."""
    with app.sessions() as session:
        return {row.sequence: row for row in enrollments.list_for_contact(session, contact_id)}


def run_together(number: int, work: Callable[[], Any]) -> list[Any]:
    """The results of `work` done by so many threads at once; raises what one of them raised."""
    with ThreadPoolExecutor(number) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(number)]]


def wait_until_somebody_waits(sessions: Callable[[], AbstractContextManager[Session]]) -> None:
    """Until a statement waits for a lock."""
    query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    ends_at = monotonic() + 10
    waiting = 0
    while not waiting:
        assert monotonic() < ends_at, "nobody waits"
        with sessions() as session:
            waiting = session.scalar(query) or 0

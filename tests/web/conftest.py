"""The site on a real database, with a queue that remembers whom it woke."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from nurture.core.funnel import Promotion
from nurture.core.letter.message import Envelope
from nurture.core.people.contact import normalise_address
from nurture.core.score import GradeModel, ScoreModel
from nurture.core.token import Keyring, Purpose, Token
from nurture.core.workspace import Mailbox, Rep, Stage, Window, Workspace
from nurture.mail.mx import MailRoutes
from nurture.ports import App
from nurture.settings import Settings
from nurture.store import contacts, events, handoffs, promotions, workspaces
from nurture.store.session import open_sessions
from nurture.web.app import create_app

Sessions = Callable[[], AbstractContextManager[Session]]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "Zk3vQ8pLr7TxWm2nYb5cHd9fJg4sKa6e"

NOBODY_LISTENS = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
PROMOTION = Promotion(
    origin="lead",
    target="opportunity",
    rule="asked for prices",
    reason="Asked for prices.",
    evidence=(1,),
    because=("asked for prices by the form",),
)


@dataclass
class RememberingQueue:
    woken: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def wake(self, job: str, *ids: int) -> None:
        self.woken.append((job, ids))


class NoMailer:
    def connect(self, mailbox: str) -> Any:
        raise AssertionError(f"a page sent mail by {mailbox}")


class NoSigner:
    def sign(self, message: bytes, envelope: Envelope | None = None) -> bytes:
        raise AssertionError("a page signed a mail")


class NoLog:
    def append(self, record: dict[str, Any]) -> None:
        raise AssertionError("a page wrote a receipt")


@dataclass
class World:
    """One installation as its web process sees it."""

    app: App
    queue: RememberingQueue
    web: Flask
    client: FlaskClient
    contact_id: int
    moment: datetime = NOW

    def token(self, purpose: Purpose, message_id: int = 0, contact_id: int | None = None) -> str:
        return self.app.keyring.sign(Token(purpose, contact_id or self.contact_id, message_id))

    def transaction(self) -> AbstractContextManager[Session]:
        return self.app.sessions()

    def restart(self, **settings: Any) -> None:
        """The same installation with other settings, in a new process."""
        changed = replace(self.app.settings, **settings)
        self.app = replace(self.app, settings=changed, keyring=Keyring(changed.secret_keys))
        self.web = create_app(self.app)
        self.client = self.web.test_client()

    def pricing_page(self) -> str:
        return f"/p/{self.token(Purpose.PRICING)}"

    def snapshot(self) -> dict[str, Any]:
        """Every row of every table."""
        names = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
        with self.transaction() as session:
            return {
                name: session.scalar(text(f"SELECT jsonb_agg(t ORDER BY t::text) FROM {name} t"))
                for name in session.scalars(names).all()
            }

    def count_events(self) -> int:
        with self.transaction() as session:
            return len(events.list_for_contact(session, self.contact_id))

    def create_handoff(self, **values: Any) -> int:
        """A handoff of the contact, told to Kim."""
        usual = {"why_now": "Asked for prices 2 minutes ago.", "timeline": ["08:58  asked for prices"]}
        with self.transaction() as session:
            version_id, _ = workspaces.publish(session, create_workspace(), now=NOW)
            promotion_id = promotions.record(
                session, self.contact_id, PROMOTION, version_id=version_id, facts={}, now=NOW
            )
            ids = {"promotion_id": promotion_id, "version_id": version_id, "rep": "kim", "signal_at": NOW}
            opened = handoffs.open_one(session, self.contact_id, NOW, **ids | usual | values)
            assert opened is not None
            handoffs.mark_notified(session, opened, NOW)
            return opened


def create_workspace(**values: Any) -> Workspace:
    usual: dict[str, Any] = {
        "name": "acme",
        "company": "Acme Pumps",
        "postal_address": "1 Harbour Road, 20457 Hamburg, Germany",
        "time_zone": "Europe/Berlin",
        "window": Window(frozenset(range(5)), time(9), time(17)),
        "contact_cap": 1,
        "tracking": "individual",
        "stages": (Stage("lead", "Lead", None), Stage("opportunity", "Opportunity", None, handoff=True)),
        "rules": (),
        "score": ScoreModel({}, timedelta(days=30)),
        "grade": GradeModel((), {}),
        "reps": (Rep("kim", "kim@acme.example", "Kim Reyes"),),
        "mailboxes": (Mailbox("main", "hello@acme.example", "Acme", 100),),
        "sequences": (),
        "mails": (),
    }
    return Workspace(**usual | values)


@pytest.fixture
def world(sessions: Sessions, redis_url: str, tmp_path: Path) -> World:
    settings = Settings(
        data_dir=tmp_path,
        base_url="https://go.acme.example",
        database_url="",
        redis_url=redis_url,
        secret_keys=(SECRET,),
        smtp_urls={},
        webhook_secret="",
    )
    queue = RememberingQueue()
    app = App(
        settings=settings,
        sessions=sessions,
        queue=queue,
        mailer=NoMailer(),
        signer=NoSigner(),
        targets={},
        routes=MailRoutes(),
        receipts=NoLog(),
        keyring=Keyring(settings.secret_keys),
        now=lambda: built.moment,
    )
    with sessions() as session:
        contact = contacts.create(session, normalise_address("ada@corp.example"), stage="lead", now=NOW)
        contact.given_name, contact.family_name, contact.company = "Ada", "Lovelace", "Corp & Sons"
        contact_id = contact.id
    web = create_app(app)
    built = World(app, queue, web, web.test_client(), contact_id)
    return built


@pytest.fixture
def away(world: World) -> World:
    """The same installation while its database and its queue are away."""
    world.app = replace(world.app, sessions=open_sessions(NOBODY_LISTENS))
    world.restart(redis_url="redis://127.0.0.1:1/0")
    return world

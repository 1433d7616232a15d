"""`nurture replies`: what waits, one mail whole, and a decision, on a real database and queue."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from nurture.bootstrap import build_app
from nurture.cli import nurture
from nurture.ports import App
from nurture.services import receiving, scheduling
from nurture.settings import from_env
from nurture.store.session import close_sessions
from nurture.store.tables import Contact, InboundMail
from tests.make import NOON, SECRET, create_lead, create_mail, create_workspace

ACTING = "\x1b]0;x\x07\u202e[bold]"


@dataclass
class Desk:
    """An installation with Jane, a lead with a mail; and the commands of it."""

    app: App
    environment: dict[str, str]

    def take(self, words: str, sender: str = "jane@acme.example") -> int:
        """Take in a mail; its number."""
        raw = f"From: {sender}\r\nSubject: Re: A guide\r\n\r\n{words}\r\n".encode()
        with self.app.sessions() as session:
            receiving.take_in(session, self.app.keyring, raw, ["hello@meridian.example"], now=NOON)
        with self.app.sessions() as session:
            return max(mail.id for mail in session.query(InboundMail))

    def say(self, *words: str | int, status: int = 0) -> str:
        result = CliRunner().invoke(nurture, ["replies", *map(str, words)], env=self.environment)
        assert result.exit_code == status, result.output
        return result.output


@pytest.fixture
def desk(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Desk]:
    environment = {
        "DATA_DIR": str(tmp_path),
        "BASE_URL": "http://127.0.0.1:8000",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": SECRET,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "COLUMNS": "300",
    }
    app = build_app(from_env(environment))
    with app.sessions() as session:
        create_workspace(session)
        create_mail(session, create_lead(session))
        scheduling.plan_touches(session, now=NOON)
    yield Desk(app, environment)
    close_sessions(app.sessions)


def test_what_waits_is_listed_and_shown_whole(desk: Desk) -> None:
    first, second = desk.take("What does it cost?\n\nJane"), desk.take("Who are you?", "x@x.example")
    listed = desk.say()
    for told in (
        "jane@acme.example",
        "pricing request (",
        "What does it cost?",
        "nothing proves who wrote it",
    ):
        assert told in listed
    assert "nobody we know" in listed
    assert "it matches nobody we know" in listed
    whole = desk.say("show", first)
    assert "contact: jane@acme.example (by address)" in whole
    assert "it waits because: nothing proves who wrote it" in whole
    assert "What does it cost?\n\nJane" in whole
    assert f"there is no mail {second + 1}" in desk.say("show", second + 1, status=1)


def test_a_decision_is_carried_out_once_and_wakes_qualification(desk: Desk) -> None:
    mail = desk.take("What does it cost?")
    said = desk.say("decide", mail, "--as", "pricing_request", "--by", "Ana")
    assert said == f"Mail {mail} is decided: as pricing_request.\n"
    with desk.app.sessions() as session:
        assert session.query(Contact).one().qualify_at is not None
    refused = desk.say("decide", mail, "--stop", "--by", "Ben", status=1)
    assert f"nurture: mail {mail} was decided on" in refused
    assert "as pricing_request, by Ana" in refused
    assert "decided: as pricing_request, by Ana" in desk.say("show", mail)


def test_a_day_a_choice_and_a_colleague_are_taken(desk: Desk) -> None:
    desk.say("decide", desk.take("Later."), "--as", "not_now", "--until", "2090-09-01", "--by", "Ana")
    desk.say("decide", desk.take("Hm."), "--go-on", "--by", "Ana")
    referral = desk.take("Talk to bob@acme.example.")
    desk.say("decide", referral, "--stop", "--accept-referral", "bob@acme.example", "--by", "Ana")
    assert "decided: stop and accept bob@acme.example, by Ana" in desk.say("show", referral)
    with desk.app.sessions() as session:
        assert {contact.email for contact in session.query(Contact)} == {
            "jane@acme.example",
            "bob@acme.example",
        }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--by", "Ana"), "say what it is (--as), or what to do"),
        (("--stop",), "--by"),
        (("--as", "cheerful", "--by", "Ana"), "cheerful"),
        (("--as", "positive", "--stop", "--by", "Ana"), "not both"),
    ],
)
def test_what_is_no_decision_is_refused_in_a_sentence(desk: Desk, words: tuple[str, ...], told: str) -> None:
    result = CliRunner().invoke(
        nurture, ["replies", "decide", str(desk.take("Hm.")), *words], env=desk.environment
    )
    assert result.exit_code in (1, 2)
    assert told in result.output
    assert "Traceback" not in result.output


def test_x05_what_others_wrote_cannot_act_on_the_terminal(desk: Desk) -> None:
    mail = desk.take(f"Hello {ACTING}", "x@x.example")
    for said in (desk.say(), desk.say("show", mail)):
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "[bold]" in said

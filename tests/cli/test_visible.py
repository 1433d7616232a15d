"""What others wrote cannot act on the terminal that shows it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from nurture.bootstrap import build_app
from nurture.cli.asking import mails
from nurture.cli.loading import import_file
from nurture.cli.visible import visible
from nurture.settings import from_env
from nurture.store import inbound
from nurture.store.session import close_sessions
from tests.make import NOON, SECRET, create_workspace

ACTING = "\x1b]0;x\x07\x9b2J\u202e\u200b\u2028\r"
SHOWN = r"\x1b]0;x\x07\x9b2J\u202e\u200b\u2028\r"


@pytest.fixture
def environment(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """An installation with a workspace, for commands."""
    environment = {
        "DATA_DIR": str(tmp_path),
        "BASE_URL": "http://127.0.0.1:8000",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": SECRET,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "COLUMNS": "250",
    }
    app = build_app(from_env(environment))
    with app.sessions() as session:
        create_workspace(session)
        inbound.record(
            session,
            digest="1",
            state="unmatched",
            kind="reply",
            from_address=f"a{ACTING}@acme.example",
            subject=f"Hello{ACTING}[bold]",
            new_text="",
            intents=(),
            now=NOON,
        )
    close_sessions(app.sessions)
    return environment


def test_control_and_hidden_characters_are_shown() -> None:
    assert visible(ACTING) == SHOWN
    assert visible("\n\t\0\x7f\ud800\U000e0041") == r"\n\t\x00\x7f\ud800\U000e0041"
    assert visible("Zoë “Ł” 李 🎉 \\x1b") == "Zoë “Ł” 李 🎉 \\x1b"


def test_mails_of_strangers_are_shown_harmless(environment: dict[str, str], tmp_path: Path) -> None:
    said = CliRunner().invoke(mails, ["--data", str(tmp_path)], env=environment).output
    assert f"Hello{SHOWN}[bold]" in said
    assert f"a{SHOWN}@acme.example" in said
    assert said.replace("\n", "") == visible(said.replace("\n", ""))


def test_refused_rows_are_shown_harmless(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    acting = ACTING.replace("\r", "")
    file.write_text(f"email\nnobody{acting}\n", encoding="utf-8")
    said = CliRunner().invoke(import_file, [str(file), "--data", str(tmp_path)], env=environment).output
    assert visible(acting) in said
    assert said.replace("\n", "") == visible(said.replace("\n", ""))

"""`nurture disown`: one command, and what it says of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nurture.services import qualifying
from nurture.store import contacts
from tests.conftest import Sessions
from tests.make import NOON, SECRET, create_event, create_lead, create_workspace


@pytest.fixture
def environment(database_url: str, redis_url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "BASE_URL": "http://127.0.0.1:8000",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": SECRET,
        "SMTP_URL": "smtp://127.0.0.1:1",
    }


def test_b08_one_command_disowns_and_says_what_it_undid(
    sessions: Sessions, environment: dict[str, str], tmp_path: Path
) -> None:
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
        create_event(session, contacts.get(session, jane), "pricing_request", source="form")
        qualifying.qualify(session, jane, now=NOON)
    since = run(tmp_path, environment, "jane@acme.example", "--since", "2099-01-01", "--by", "Ana")
    assert since.stdout == "0 hits and forms are a machine's now.\n"
    done = run(tmp_path, environment, "jane@acme.example", "--by", "Ana")
    assert (done.returncode, done.stdout) == (
        0,
        "1 hit or form is a machine's now.\nUndone: lead → opportunity.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["nobody@acme.example", "--by", "Ana"], "no contact has that address"),
        (["jane@acme.example", "--mail", "7", "--by", "Ana"], "they were sent no mail 7"),
        (["jane@acme.example"], "--by"),
        (["jane@acme.example", "--by", " "], "write who says so"),
    ],
)
def test_what_cannot_be_disowned_is_one_sentence(
    sessions: Sessions, environment: dict[str, str], tmp_path: Path, arguments: list[str], refusal: str
) -> None:
    with sessions() as session:
        create_workspace(session)
        create_lead(session)
    done = run(tmp_path, environment, *arguments)
    assert done.returncode != 0
    assert refusal in done.stderr
    assert "Traceback" not in done.stderr


def run(folder: Path, environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "nurture.cli", "disown", *arguments, "--data", str(folder)]
    root = Path(__file__).parents[2]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
    )

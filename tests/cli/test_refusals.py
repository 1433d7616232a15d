"""What cannot be used is refused with one sentence, before anything starts."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.make import SECRET

CASES = {
    "SMTP_URL": "foo",
    "SMTP_URL_OUTREACH": "smtp://me:hunter2@mail.example",
    "SECRET_KEY": "short",
    "SECRET_KEYS_OLD": "short",
    "WEBHOOK_SECRET": "short",
    "REDIS_URL": "foo://me:hunter2@x",
    "DATABASE_URL": "postgresql://me:hunter2@h:port/x",
    "DKIM_KEY_FILE": "bad.pem",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Settings that can be used, of servers that nobody runs."""
    (tmp_path / "bad.pem").write_text("no key")
    return {
        "PATH": os.environ["PATH"],
        "BASE_URL": "http://127.0.0.1:8000",
        "DATABASE_URL": "postgresql://127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": SECRET,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "DKIM_DOMAIN": "acme.example",
    }


@pytest.mark.parametrize("setting", CASES)
def test_up_refuses_a_bad_setting_before_anything_starts(
    environment: dict[str, str], tmp_path: Path, setting: str
) -> None:
    done = run(tmp_path, environment | {setting: CASES[setting]}, "up")
    assert refusal(done).startswith(f"nurture: {setting}")
    assert "hunter2" not in done.stderr
    assert not [path for path in (tmp_path / "data").glob("*") if path.name != "secrets"]


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_part_refuses_a_bad_setting(environment: dict[str, str], tmp_path: Path, command: str) -> None:
    assert "SMTP_URL:" in refusal(run(tmp_path, environment | {"SMTP_URL": "foo"}, command))


def test_a_database_without_tables_says_what_to_run(
    environment: dict[str, str], tmp_path: Path, database_url: str
) -> None:
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    done = run(tmp_path, environment | {"DATABASE_URL": database_url}, "explain", "jane@acme.example")
    assert "run `nurture migrate`" in refusal(done)


def test_refused_rows_that_cannot_be_written_are_one_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "contacts.csv").write_text("email\njane@acme.example\n")
    done = run(
        tmp_path,
        environment,
        "contacts",
        "import",
        "contacts.csv",
        "--refused",
        str(tmp_path / "no" / "x.csv"),
    )
    (sentence,) = done.stderr.strip().splitlines()
    assert (done.returncode, sentence.startswith("nurture: --refused ")) == (1, True)


def run(folder: Path, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "nurture.cli", *arguments, "--data", str(folder / "data")]
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        line,
        cwd=folder,
        env=environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The only line of a command that ended with status 2."""
    assert done.returncode == 2, done.stderr
    (sentence,) = done.stderr.strip().splitlines()
    return sentence

"""Hostile mail is read in bounded time, whatever it is made of (R11)."""

import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nurture.core.inbound.reading import read_body, read_mail

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)

HOSTILE = {
    "a": "a" * 1_000_000,
    "blanks": " " * 1_000_000,
    "lines": "\n" * 1_000_000,
    "marks": "\u0301" * 500_000,
    "at": "a@" * 500_000,
    "dots": "1.1." * 250_000,
    "spaced dots": "2026. " * 160_000,
    "dashes": "3 - " * 250_000,
    "slashes": "1/2/" * 250_000,
    "months": "1 january " * 100_000,
    "ranges": "3 to " * 200_000,
    "next": "next week in two weeks " * 40_000,
    "back": "back on monday until " * 50_000,
    "away": "out of the office " * 55_000,
    "weekdays": "monday, " * 125_000,
    "ideographs": "3月5日から" * 150_000,
    "hangul": "\u1100\u1161" * 300_000,
    "brackets": "([{" * 300_000,
    "tickets": "[a#" * 300_000,
    "numbers": "12345" * 200_000,
    "question": "?" * 1_000_000,
    "urls": "https://" * 125_000,
    "no breaks": "up to and including " * 50_000,
}


@pytest.fixture(scope="module")
def loaded() -> None:
    """The data files are read once in the life of a process, when a language is first met."""
    for file in sorted((Path(__file__).parent / "notes").glob("*.toml")):
        for rows in tomllib.loads(file.read_text("utf-8")).values():
            for row in rows:
                read_body(row["text"], now=NOW)


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("head", ["", "Auto-Submitted: auto-replied\n", "Content-Type: text/html\n"])
def test_r11_a_megabyte_of_anything_is_read_in_less_than_a_second(name: str, head: str) -> None:
    subject = HOSTILE[name][:2_000].replace("\n", " ")
    raw = f"From: MAILER-DAEMON@example.org\nSubject: {subject}\n{head}\n{HOSTILE[name]}".encode()
    begin = time.process_time()
    read_mail(raw, now=NOW)
    assert time.process_time() - begin < 1

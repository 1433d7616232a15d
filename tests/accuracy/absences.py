"""How well automatic mail is told from people's, and returns are read: figures over labelled mails."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Literal

from nurture.core.inbound.reading import Reading, read_mail

Half = Literal["look", "measure"]
WRITTEN = date(2026, 5, 12)


def measure_absences(file: Path, half: Half) -> dict[str, Any]:
    """Figures over one half of the mails.

    Shares from 0 to 1 of `kinds`, `return_dates` and `contacts` that are right; `mails`, and what is `wrong`.

    `people_called_automatic` counts answers of people that were taken for a program's.
    """
    told: Counter[str] = Counter()
    wrong: list[str] = []
    mails = [row for row in tomllib.loads(file.read_text("utf-8"))["mail"] if row["half"] == half]
    for row in mails:
        faults = faults_of(row, read_row(row, WRITTEN))
        told.update(faults)
        told["people"] += row.get("kind") == "reply" and "kind" in faults
        wrong += [f"{row['language']}: {fault} of {row['text'][:60]!r}" for fault in faults]
    shares = {f"{name}s": 1 - told[name] / len(mails) for name in ("kind", "return_date", "contact")}
    return {**shares, "people_called_automatic": told["people"], "mails": len(mails), "wrong": wrong}


def read_row(row: Mapping[str, Any], written: date) -> Reading:
    """The reading of a labelled mail: `subject`, `text`, `at` (a date), `plain` (no header marks it)."""
    now = datetime.combine(row.get("at", written), time(9), UTC)
    head = "" if row.get("plain") else "Auto-Submitted: auto-replied\n"
    raw = (
        f"From: Sam Doe <sam@writer.example>\nTo: team@ours.example\nSubject: {row['subject']}\n{head}"
        f"Content-Type: text/plain; charset=utf-8\n\n{row['text']}"
    )
    return read_mail(raw.encode(), now=now)


def faults_of(row: Mapping[str, Any], reading: Reading) -> tuple[str, ...]:
    """What was read wrong: of `kind`, `return_date`, `contact`."""
    right = {
        "kind": reading.kind == row.get("kind", "out_of_office"),
        "return_date": reading.return_date == row.get("back"),
        "contact": list(reading.alternative_contacts) == row.get("contacts", []),
    }
    return tuple(name for name, is_right in right.items() if not is_right)

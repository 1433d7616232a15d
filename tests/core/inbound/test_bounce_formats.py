"""Reports in prose as many mail systems write them; `bounce_formats.toml` holds them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from nurture.core.inbound.bounce import read_bounce
from nurture.core.inbound.mail_parser import parse_mail

RETURNED = """
Return-Path: <us@example.com>
Received: from mail.example.com by mx.example.net; Mon, 6 Oct 2025 10:00:00 +0000
From: us@example.com
To: ann@example.org
Subject: Hello
Message-ID: <sent-1@example.com>

Hello Ann, ask ben@example.com
"""

NOTICES = tomllib.loads((Path(__file__).parent / "bounce_formats.toml").read_text("utf-8"))["notice"]


@pytest.mark.parametrize("row", NOTICES, ids=lambda row: row["name"])
def test_r02_notices_in_prose(row: dict[str, Any]) -> None:
    returned = RETURNED if row.get("returned") else ""
    raw = f"{row['head']}To: us@example.com\n\n{row['text']}{returned}"
    bounce = read_bounce(parse_mail(raw.encode()))
    assert bounce is not None
    assert [[r.address, r.hard, r.reason] for r in bounce.recipients] == row["expected"]
    if returned:
        assert bounce.original_message_id == "sent-1@example.com"


@pytest.mark.parametrize(
    "head, text",
    [
        ("Subject: samples", "Couldn't deliver the samples, call ben@example.org please."),
        ("Subject: Re: Hello", "This is the mail system at host level: we use 550 servers. ann@example.org"),
        ("Subject: failure notice", "Delivery failed 20 attempts, says our server. ben@example.org"),
        (
            "Return-Path: <>\nSubject: Away",
            "Mail cannot be delivered to me, write to ben@example.org. Room 421 B",
        ),
        (
            "Return-Path: <>\nSubject: Left",
            "Your message will not be delivered.\n\n> From: us\n> To: ann\n> Date: x",
        ),
        (
            "Subject: Fwd: Undeliverable: Hello",
            "see below\n\nYour message wasn't delivered to ben@example.org",
        ),
        ("Subject: Rückgabe", "Das Paket konnte nicht zugestellt werden. Grüße, ann@example.org"),
        ("Subject: quota", "My mailbox is full, use ben@example.org"),
    ],
)
def test_r02_what_people_write_is_no_bounce(head: str, text: str) -> None:
    raw = f"From: Ann <ann@example.org>\nTo: us@example.com\n{head}\n\n{text}\n"
    assert read_bounce(parse_mail(raw.encode())) is None

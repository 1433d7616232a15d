"""R02, R11: nothing that comes in by mail makes the reader of bounces fail or slow."""

import os
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from nurture.core.inbound import (
    bounce_complaint,
    bounce_dsn,
    bounce_failed,
    bounce_notice,
    bounce_reason,
    bounce_returned,
)
from nurture.core.inbound.bounce import read_bounce
from nurture.core.inbound.bounce_notice import NOTICES
from nurture.core.inbound.bounce_reason import REASONS, diagnose
from nurture.core.inbound.mail_parser import parse_mail

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / os.environ.get("NURTURE_CORPORA", "../shared/corpora") / "bounces"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no collection of bounces at {CORPUS}")

MODULES = (bounce_complaint, bounce_dsn, bounce_failed, bounce_notice, bounce_reason, bounce_returned)
HEAD = b"From: MAILER-DAEMON@mx.example.net\nReturn-Path: <>\nSubject: failure notice\n"
REPORT = (
    HEAD + b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
)
MEGABYTE = 1_000_000


def patterns(module: ModuleType) -> Iterator[tuple[str, re.Pattern[str]]]:
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            yield f"{module.__name__.rpartition('.')[2]}.{name}", value


PATTERNS = dict(pair for module in MODULES for pair in patterns(module))
PIECES = ("a", " ", "a@", "5.1.", "recipient: <a", "rcpt to:<a@b", "X-A: b\n")


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_r11_every_pattern_is_fast_on_hostile_text(pattern: re.Pattern[str]) -> None:
    for piece in PIECES:
        text = piece * (MEGABYTE // len(piece))
        began = time.process_time()
        assert sum(1 for _ in pattern.finditer(text)) >= 0
        assert time.process_time() - began < 1, piece


def test_r11_every_phrase_of_the_data_is_fast_on_hostile_text() -> None:
    phrases = [p for reason in REASONS for p in (*reason.phrases, *reason.sure)]
    phrases += [str(row["words"]) for row in NOTICES]
    near = " ".join(phrase[:-1] for phrase in phrases)
    text = near * (MEGABYTE // len(near) + 1)
    for phrase in phrases:
        began = time.process_time()
        assert text.count(phrase) < len(text)
        assert time.process_time() - began < 1, phrase


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"\n" + b"a@" * 500_000,
        HEAD + b"\n" + b"".join(b"<a%d@b.example>: 550 x\n" % i for i in range(45_000)),
        HEAD + b"\n" + b"Date: x\n\n" * 110_000,
        HEAD + b"\n" + b"\n" * MEGABYTE,
        HEAD + b"\n" + b"recipient: " * 90_000,
        HEAD + b"\n" + b"Final-Recipient: rfc822;a@b.example\n\n" * 26_000,
        HEAD + b'\n{"notificationType":' + b"[" * MEGABYTE,
        HEAD + b'\n{"notificationType":"Bounce","bounce":{"bouncedRecipients":7}}',
        HEAD + b'\n{"notificationType":"Complaint","complaint":{"complainedRecipients":{"a":1}}}',
        HEAD + b'\n{"eventType":["x"],"Message":"{"}',
        REPORT + b"Final-Recipient: rfc822;a@b.example\n\n" * 26_000,
        REPORT + b"Final-Recipient: utf-8;" + b"\\x{D800}\\x{FFFFFF}" * 60_000 + b"@b.example\n",
    ],
    ids=lambda raw: repr(raw[-24:]),
)
def test_r11_hostile_reports_take_bounded_time(raw: bytes) -> None:
    mail = parse_mail(raw)
    began = time.process_time()
    bounce = read_bounce(mail)
    assert time.process_time() - began < 1
    repr(bounce).encode()


@pytest.mark.parametrize("status", ["", "x.y.z", "5", "9.9.9", "5.1.1 (nobody)", "5.1.1.1"])
def test_r02_any_status_is_taken(status: str) -> None:
    assert diagnose("", status).reason


def broken(raw: bytes, chance: random.Random) -> Iterator[bytes]:
    """The message cut, with flipped bits, and with its header lines in another order."""
    yield raw[: chance.randrange(len(raw))]
    yield raw[chance.randrange(len(raw)) :]
    flipped = bytearray(raw)
    for _ in range(len(raw) // 100 + 1):
        flipped[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    yield bytes(flipped)
    head, blank, body = raw.partition(b"\n\n")
    lines = head.split(b"\n")
    chance.shuffle(lines)
    yield b"\n".join(lines) + blank + body


@needs_corpus
def test_r02_no_broken_message_raises() -> None:
    chance = random.Random(2)
    paths = sorted(p for p in CORPUS.rglob("*.eml"))
    assert paths
    for path in paths:
        for raw in broken(path.read_bytes(), chance):
            repr(read_bounce(parse_mail(raw))).encode()

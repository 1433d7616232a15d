import json
import os
from pathlib import Path

import pytest

from nurture.core.inbound.bounce import Bounce, read_bounce
from nurture.core.inbound.bounce_notice import NOTICES
from nurture.core.inbound.bounce_reason import REASONS, diagnose, fold
from nurture.core.inbound.mail_parser import parse_mail

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / os.environ.get("NURTURE_CORPORA", "../shared/corpora") / "bounces"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no collection of bounces at {CORPUS}")


def dsn(
    status: str = "5.1.1",
    *,
    action: str = "failed",
    diagnostic: str = "smtp; 550 user unknown",
    head: str = "",
) -> Bounce | None:
    raw = f"""\
From: Mail Delivery System <MAILER-DAEMON@mx.example.org>
To: bounce+tok@go.example.com
Subject: Undelivered Mail Returned to Sender
{head}Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

This is the mail system.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ann@example.org
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}
--b
Content-Type: text/rfc822-headers

From: us@example.com
To: ann@example.org
Message-ID: <sent-1@example.com>
--b--
"""
    return read_bounce(parse_mail(raw.encode()))


def notice(text: str, sender: str = "MAILER-DAEMON@mx.example.net") -> Bounce | None:
    head = f"From: {sender}\nTo: us@example.com\nSubject: failure notice\n\n"
    return read_bounce(parse_mail((head + text).encode()))


def test_d09_5_1_1_is_hard() -> None:
    bounce = dsn()
    assert bounce is not None
    assert bounce.original_message_id == "sent-1@example.com"
    (recipient,) = bounce.recipients
    assert (recipient.address, recipient.status, recipient.reply_code) == ("ann@example.org", "5.1.1", "550")
    assert recipient.hard
    assert not recipient.sender_fault
    assert not bounce.complaint
    assert not bounce.delayed


def test_d09_delayed_is_no_bounce() -> None:
    bounce = dsn("4.4.7", action="delayed", diagnostic="smtp; 451 4.4.1 no answer")
    assert bounce is not None
    assert bounce.delayed
    assert not any(r.hard for r in bounce.recipients)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_d09_a_success_report_is_no_bounce(action: str) -> None:
    assert dsn("2.1.5", action=action, diagnostic="smtp; 250 2.1.5 ok") is None


@pytest.mark.parametrize(
    "status, diagnostic",
    [
        ("4.4.7", "smtp; 451 4.4.7 delivery time expired"),
        ("5.4.4", "smtp; host or domain name not found"),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full"),
        ("4.1.1", "smtp; 450 4.1.1 user unknown, try again later"),
    ],
)
def test_d09_soft_failures_are_soft(status: str, diagnostic: str) -> None:
    bounce = dsn(status, diagnostic=diagnostic)
    assert bounce is not None
    assert not bounce.delayed
    (recipient,) = bounce.recipients
    assert not recipient.hard
    assert not recipient.sender_fault


@pytest.mark.parametrize(
    "status, diagnostic",
    [
        ("5.7.515", "smtp; 550 5.7.515 Access denied, sending domain does not meet the required level"),
        ("4.7.32", "smtp; 451 4.7.32 your mail is rate limited, domain not aligned"),
        ("5.7.26", "smtp; 550 5.7.26 unauthenticated email"),
        ("5.7.1", "smtp; 554 5.7.1 blocked using zen.example.net"),
        ("5.7.0", "smtp; 550 5.7.0 policy"),
        ("5.0.0", "smtp; 550-5.7.25 the address has no PTR record"),
    ],
)
def test_d09_policy_and_authentication_are_the_senders_fault(status: str, diagnostic: str) -> None:
    bounce = dsn(status, diagnostic=diagnostic)
    assert bounce is not None
    (recipient,) = bounce.recipients
    assert recipient.sender_fault
    assert not recipient.hard


def test_r07_a_bounce_that_calls_itself_auto_reply_is_a_bounce() -> None:
    assert dsn(head="Auto-Submitted: auto-replied\nPrecedence: auto_reply\n") is not None


def test_r02_a_notice_in_prose_names_each_recipient_with_his_own_reason() -> None:
    bounce = notice(
        "Hi. This is the qmail-send program at mx.example.net.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
        "<ann@example.org>:\nRemote host said: 550 5.1.1 user unknown\n\n"
        "<ben@example.org>:\nRemote host said: 552 5.2.2 mailbox full\n\n"
        "--- Below this line is a copy of the message.\n\n"
        "Return-Path: <us@example.com>\nFrom: us@example.com\nTo: list@example.org\n"
        "Message-ID: <sent-3@example.com>\n\nTo unsubscribe write to gone@example.org\n"
    )
    assert bounce is not None
    assert [(r.address, r.status, r.hard) for r in bounce.recipients] == [
        ("ann@example.org", "5.1.1", True),
        ("ben@example.org", "5.2.2", False),
    ]
    assert bounce.original_message_id == "sent-3@example.com"


@pytest.mark.parametrize("row", NOTICES, ids=lambda row: row["words"])
def test_r02_every_notice_is_found_in_its_example(row: dict[str, str]) -> None:
    assert row["words"] in fold(row["example"])
    text = f"{row['example']}\n\n<ann@example.org>: 550 5.1.1 user unknown\n"
    bounce = notice(text)
    assert bounce is not None
    assert bounce.recipients[-1].address in ("ann@example.org", "a@example.org")


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_r02_every_reason_is_found_in_its_example(reason: object) -> None:
    assert diagnose(reason.example).reason == reason.name  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text, status",
    [
        ("450 4.1.1 <ann@example.org>: user unknown (in reply to RCPT TO command)", "4.1.1"),
        ("450 <ann@example.org>: Unknown user, >>> RCPT", ""),
        ("Host not found, try again", "4.4.3"),
    ],
)
def test_d09_what_may_pass_is_not_hard(text: str, status: str) -> None:
    assert not diagnose(text, status).hard


@pytest.mark.parametrize(
    "text",
    [
        "I got your mail back with 550 5.1.1 user unknown, is ann@example.org right?",
        "Thanks! Our server says: Delivery failed 20 attempts: ben@example.org",
        "We could not deliver the parcel, mailbox full.",
        "",
    ],
)
def test_r02_a_person_who_writes_about_bounces_sends_none(text: str) -> None:
    assert notice(text, sender="Ann <ann@example.org>") is None


def test_r02_an_auto_reply_from_an_empty_envelope_is_no_bounce() -> None:
    raw = b"Return-Path: <>\nFrom: ann@example.org\nSubject: Away\n\nI am away, ask ben@example.org.\n"
    assert read_bounce(parse_mail(raw)) is None


def test_r02_broken_reports_raise_nothing() -> None:
    raw = (
        b"From: MAILER-DAEMON@example.org\nContent-Type: multipart/report; boundary=b\n\n--b\n"
        b"Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822\nAction\nStatus: x.y.z\n--b--\n"
    )
    for cut in range(0, len(raw), 7):
        read_bounce(parse_mail(raw[:cut]))


def expectations() -> dict[str, list[dict[str, object]]]:
    found = json.loads((CORPUS / "expected.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return {name: rows for name, rows in found.items() if rows[0]["reason"] not in ("delivered", "vacation")}


def read_file(name: str) -> Bounce | None:
    return read_bounce(parse_mail((CORPUS / "messages" / name).read_bytes()))


@needs_corpus
def test_r02_real_bounces_are_found_with_as_many_recipients_as_labelled() -> None:
    labelled = expectations()
    right = sum(
        (bounce := read_file(name)) is not None and len(bounce.recipients) == len(rows)
        for name, rows in labelled.items()
    )
    assert right / len(labelled) >= 0.97


@needs_corpus
def test_r02_real_bounces_have_the_labelled_status_and_hardness() -> None:
    pairs = [
        (row, got)
        for name, rows in expectations().items()
        if (bounce := read_file(name)) is not None and not bounce.complaint
        for row, got in zip(rows, bounce.recipients, strict=False)
    ]
    real = [(row["status"], got.status) for row, got in pairs if ".0.9" not in str(row["status"])]
    assert sum(label == got for label, got in real if label) / sum(bool(label) for label, _ in real) >= 0.97
    assert sum(row["hard"] == got.hard for row, got in pairs) / len(pairs) >= 0.9


@needs_corpus
def test_r02_every_real_file_is_read_without_an_error() -> None:
    for path in (CORPUS / "messages").iterdir():
        read_bounce(parse_mail(path.read_bytes()))


@needs_corpus
def test_r02_what_only_looks_like_a_bounce_is_none() -> None:
    for path in (CORPUS / "not_bounces").iterdir():
        assert read_bounce(parse_mail(path.read_bytes())) is None

"""Complaints as providers forward them: ARF with and without names, and what is no ARF."""

import json

import pytest

from nurture.core.inbound.bounce import Bounce, read_bounce
from nurture.core.inbound.mail_parser import parse_mail


def arf(fields: str, original: str) -> Bounce | None:
    raw = (
        "From: fbl@example.net\nTo: us@example.com\nSubject: Abuse report\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nA report.\n"
        f"--b\nContent-Type: message/feedback-report\n\nUser-Agent: FBL/1.0\nVersion: 1\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{original}Message-ID: <sent-2@example.com>\n\nHello\n--b--\n"
    )
    return read_bounce(parse_mail(raw.encode()))


@pytest.mark.parametrize(
    "fields, original, address",
    [
        ("Feedback-Type: abuse\nOriginal-Rcpt-To: <ann@example.org>", "To: x\n", "ann@example.org"),
        ("Feedback-Type: abuse\nOriginal-Rcpt-To: rfc822; ann@example.org", "To: x\n", "ann@example.org"),
        ("Feedback-Type: opt-out\nRemoval-Recipient: ann@example.org", "", "ann@example.org"),
        ("Feedback-Type: abuse", "To: Ann <ann@example.org>\n", "ann@example.org"),
        ("Feedback-Type: fraud", "Delivered-To: ann@example.org\n", "ann@example.org"),
        ("Feedback-Type: abuse\nOriginal-Rcpt-To: redacted@a", "To: ann@example.org\n", "ann@example.org"),
        (
            "Feedback-Type: abuse",
            "To: undisclosed-recipients:;\nReceived: by mx with SMTP id 1 for <ann@example.org>; Mon\n",
            "ann@example.org",
        ),
        ("Feedback-Type: abuse", "X-HmXmrOriginalRecipient: ann@example.org\nTo: l@a.b\n", "ann@example.org"),
        ("Feedback-Type: abuse\nOriginal-Rcpt-To: redacted@example.org", "", "redacted@example.org"),
    ],
)  # fmt: skip
def test_d09_the_complaining_person_is_found(fields: str, original: str, address: str) -> None:
    bounce = arf(fields, original)
    assert bounce is not None
    assert bounce.complaint
    assert bounce.original_message_id == "sent-2@example.com"
    assert [(r.address, r.hard, r.reason) for r in bounce.recipients] == [(address, False, "complaint")]


def test_d09_a_complaint_that_names_nobody_is_one_still() -> None:
    bounce = arf("Feedback-Type: abuse", 'To: "undisclosed"\n')
    assert bounce is not None
    assert bounce.complaint
    assert bounce.recipients == ()


@pytest.mark.parametrize("kind", ["auth-failure", "dmarc"])
def test_d09_an_authentication_report_is_the_senders_fault(kind: str) -> None:
    bounce = arf(f"Feedback-Type: {kind}", "To: ann@example.org\n")
    assert bounce is not None
    assert not bounce.complaint
    assert [(r.sender_fault, r.reason) for r in bounce.recipients] == [(True, "authfailure")]


def test_d09_outlooks_junk_report_is_a_complaint() -> None:
    raw = (
        b"From: staff@hotmail.example\nSubject: complaint about message from 192.0.2.1\n"
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
        b"X-HmXmrOriginalRecipient: ann@hotmail.example\nTo: x@example.org\n\nHello\n--b--\n"
    )
    bounce = read_bounce(parse_mail(raw))
    assert bounce is not None
    assert bounce.complaint
    assert [r.address for r in bounce.recipients] == ["ann@hotmail.example"]


def test_d09_a_report_flattened_to_text_is_read() -> None:
    text = "Feedback-Type: abuse\nUser-Agent: FBL/1\nVersion: 1\nOriginal-Rcpt-To: ann@example.org\n"
    bounce = read_bounce(parse_mail(f"From: fbl@example.net\nSubject: x\n\nA report.\n\n{text}".encode()))
    assert bounce is not None
    assert bounce.complaint
    assert [r.address for r in bounce.recipients] == ["ann@example.org"]


def test_d09_an_event_of_amazon_within_the_envelope_of_sns_is_read() -> None:
    event = {
        "eventType": "Complaint",
        "complaint": {"complainedRecipients": [{"emailAddress": "ann@example.org"}]},
    }
    text = json.dumps({"Type": "Notification", "Message": json.dumps(event)})
    bounce = read_bounce(
        parse_mail(f"From: no-reply@sns.example\nSubject: x\n\n{text}\n\n-- stop\n".encode())
    )
    assert bounce is not None
    assert bounce.complaint
    assert [r.address for r in bounce.recipients] == ["ann@example.org"]


def test_d09_a_delivery_event_is_none() -> None:
    event = {"notificationType": "Delivery", "delivery": {"recipients": ["ann@example.org"]}}
    raw = f"From: no-reply@sns.example\nSubject: AWS Notification Message\n\n{json.dumps(event)}"
    assert read_bounce(parse_mail(raw.encode())) is None


def test_d09_a_bounce_event_of_amazon_is_a_bounce() -> None:
    row = {"emailAddress": "ann@example.org", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 unknown"}
    event = {"notificationType": "Bounce", "bounce": {"bouncedRecipients": [row]}}
    bounce = read_bounce(parse_mail(f"From: no-reply@sns.example\n\n{json.dumps(event)}".encode()))
    assert bounce is not None
    assert not bounce.complaint
    assert bounce.recipients[0].hard


def test_d09_mail_that_is_no_spam_is_no_complaint() -> None:
    assert arf("Feedback-Type: not-spam", "To: ann@example.org\n") is None

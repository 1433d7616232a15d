"""DSNs (RFC 3464) as they come: fields left out, doubled, escaped, flattened or lying."""

from base64 import b64encode

import pytest

from nurture.core.inbound.bounce import read_bounce
from nurture.core.inbound.mail_parser import parse_mail


def report(
    fields: str, text: str = "", original: str = "To: ann@example.org\nMessage-ID: <sent-1@example.com>"
) -> str:
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: us@example.com\nSubject: x\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\n\n{text}\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example.net\n\n{fields}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{original}\n\n--b--\n"
    )


ENCODED = b64encode(
    b"Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\n"
).decode()
FAILED = "Action: failed\nStatus: 5.1.1\n"

REPORTS: list[tuple[str, str, list[tuple[str, bool, str]]]] = [
    ("no action", report("Final-Recipient: rfc822; ann@example.org\nStatus: 5.1.1\n"),
     [("ann@example.org", True, "userunknown")]),
    ("X.400 recipient", report("Final-Recipient: x400; /C=de/A=x/S=ann/\n" + FAILED),
     [("ann@example.org", True, "userunknown")]),
    ("a program", report("Final-Recipient: system; |/usr/bin/vacation\nAction: failed\nStatus: 5.3.0\n"),
     [("ann@example.org", False, "systemerror")]),
    ("a program, the address beside it",
     report("Final-Recipient: RFC822; |/bin/x\nX-Actual-Recipient: rfc822; cat@example.org\n" + FAILED),
     [("cat@example.org", True, "userunknown")]),
    ("forwarded: we know whom we wrote to",
     report("Original-Recipient: rfc822;ann@example.org\nFinal-Recipient: rfc822;other@forward.example\n"
            + FAILED),
     [("ann@example.org", True, "userunknown")]),
    ("no Final-Recipient", report("Original-Recipient: <ann@example.org>\n" + FAILED),
     [("ann@example.org", True, "userunknown")]),
    ("fields parted by blank lines",
     report("Final-Recipient: rfc822;ann@example.org\n\nAction: failed\n\nStatus: 5.2.2\n"),
     [("ann@example.org", False, "mailboxfull")]),
    ("UTF-8 address", report("Final-Recipient: utf-8; j\\x{F6}rg@example.org\n" + FAILED, original="To: x"),
     [("jörg@example.org", True, "userunknown")]),
    ("quoted local part", report('Final-Recipient: rfc822; "a..b"@example.org\n' + FAILED, original="To: x"),
     [("a..b@example.org", True, "userunknown")]),
    ("two recipients",
     report("Final-Recipient: rfc822;ann@example.org\n" + FAILED
            + "\nFinal-Recipient: rfc822;ben@example.org\nAction: failed\nStatus: 4.4.7\n"),
     [("ann@example.org", True, "userunknown"), ("ben@example.org", False, "expired")]),
    ("one reached, one not",
     report("Final-Recipient: rfc822;ann@example.org\nAction: delivered\nStatus: 2.1.5\n"
            "\nFinal-Recipient: rfc822;ben@example.org\n" + FAILED),
     [("ben@example.org", True, "userunknown")]),
    ("reported twice", report(("Final-Recipient: rfc822;ann@example.org\n" + FAILED + "\n") * 2),
     [("ann@example.org", True, "userunknown")]),
    ("5.1.1 with a full mailbox",
     report("Final-Recipient: rfc822;ann@example.org\n" + FAILED
            + "Diagnostic-Code: smtp; 550 5.1.1 Mailbox full\n"),
     [("ann@example.org", False, "mailboxfull")]),
    ("5.7.1 for an unknown user at RCPT",
     report("Final-Recipient: rfc822;ann@example.org\nAction: failed\nStatus: 5.7.1\n"
            "Diagnostic-Code: smtp; 550 5.7.1 unknown user\n",
            ">>> RCPT To:<ann@example.org>\n<<< 550 5.7.1 unknown user"),
     [("ann@example.org", True, "userunknown")]),
    ("PowerMTA's category",
     report("Final-Recipient: rfc822;ann@example.org\nAction: failed\nStatus: 5.0.0\n"
            "Diagnostic-Code: smtp;550 go away\nX-PowerMTA-BounceCategory: bad-mailbox\n"),
     [("ann@example.org", True, "userunknown")]),
    ("LMTP", report("Final-Recipient: rfc822;ann@example.org\nAction: failed\nStatus: 5.2.2\n"
                    "Diagnostic-Code: x-lmtp; 552 5.2.2 Quota exceeded (mailbox for user is full)\n"),
     [("ann@example.org", False, "mailboxfull")]),
    ("flattened by a gateway, without Content-Type",
     "From: MAILER-DAEMON@mx.example.net\nTo: us@example.com\n\nReporting-MTA: dns; mx.example.net\n\n"
     "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.2\n",
     [("ann@example.org", True, "hostunknown")]),
    ("fields in base64",
     report("").replace("y-status\n", "y-status\nContent-Transfer-Encoding: base64\n")
     .replace("Reporting-MTA: dns; mx.example.net\n\n\n", ENCODED),
     [("ann@example.org", True, "userunknown")]),
]  # fmt: skip


@pytest.mark.parametrize("raw, expected", [r[1:] for r in REPORTS], ids=[r[0] for r in REPORTS])
def test_r02_reports_as_they_come(raw: str, expected: list[tuple[str, bool, str]]) -> None:
    bounce = read_bounce(parse_mail(raw.encode()))
    assert bounce is not None
    assert [(r.address, r.hard, r.reason) for r in bounce.recipients] == expected


def test_d09_a_report_of_success_alone_is_no_bounce_whatever_its_words() -> None:
    fields = "Final-Recipient: rfc822; ann@example.org\nAction: relayed\nStatus: 2.0.0\n"
    assert read_bounce(parse_mail(report(fields, "Delivery status notification.").encode())) is None


def test_d09_a_delay_with_a_remark_is_no_bounce() -> None:
    fields = "Final-Recipient: rfc822; ann@example.org\nAction: delayed (will retry)\nStatus: 4.4.1\n"
    bounce = read_bounce(parse_mail(report(fields).encode()))
    assert bounce is not None
    assert bounce.delayed

"""One message is one message, whichever way it came."""

import base64

from nurture.core.inbound.identity import identity_of
from nurture.core.inbound.mail_parser import parse_mail

HEAD = """From: jane@acme.example
Date: Thu, 5 Mar 2026 10:00:00 +0100
Message-ID: <1@acme.example>
Subject: Re
"""
DSN = """From: mailer-daemon@mx.example
Date: Thu, 5 Mar 2026 10:00:00 +0100
Subject: failed
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b

Not delivered.
--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1

--=b--
"""


def identity(text: str) -> str:
    return identity_of(parse_mail(text.replace("\n", "\r\n").encode()))


def test_r08_what_servers_add_on_the_way_makes_no_other_message() -> None:
    plain = identity(f"{HEAD}\nWhat does it cost, Zoë?\n")
    traced = f"Return-Path: <jane@acme.example>\nReceived: from a by b\nX-Spam: no\n{HEAD}"
    assert identity(f"{traced}\nWhat does it cost, Zoë?\n") == plain
    assert identity_of(parse_mail(f"{HEAD}\nWhat does it cost, Zoë?\n\n".encode())) == plain
    coded = base64.encodebytes("What does it cost, Zoë?\n".encode()).decode()
    mime = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n"
    assert identity(f"{HEAD}{mime}\n{coded}") == plain


def test_r08_another_sender_time_id_or_text_makes_another_message() -> None:
    changes = (("jane@", "june@"), ("10:00", "10:01"), ("<1@", "<2@"), ("cost", "coat"))
    text = f"{HEAD}\nWhat does it cost?\n"
    assert len({identity(text), *(identity(text.replace(*change)) for change in changes)}) == 5


def test_r08_two_reports_of_one_moment_are_two() -> None:
    assert identity(DSN.format(address="a@x.example")) != identity(DSN.format(address="b@x.example"))


def test_r08_a_message_that_says_nothing_of_itself_is_known_by_its_bytes() -> None:
    text = "From: jane@acme.example\nSubject: Re\n\nYes.\n"
    assert identity(text) == identity(text)
    assert identity(text) != identity(f"X-A: b\n{text}")

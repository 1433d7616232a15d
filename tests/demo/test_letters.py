"""The mails that people of the demonstration send back, read by a mail parser."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from nurture.core.inbound.bounce import read_bounce
from nurture.core.inbound.mail_parser import parse_mail
from nurture.core.inbound.reading import read_mail as read_inbound
from nurture.core.reaction import ReplyRules
from nurture.demo.letters import WORDS, away_note, bounce_report, reply
from nurture.demo.received import Received, read_mail

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RAW = b"""From: Nora <nora@hello.example>\r
To: Ana <ana@recipients.example>\r
Reply-To: team@hello.example\r
Subject: A better forecast\r
Date: Sat, 21 Nov 2026 11:59:00 +0000\r
Message-ID: <t1.abc@hello.example>\r
References: <t0.abc@hello.example>\r
In-Reply-To: <t0.abc@hello.example>\r
List-Unsubscribe: <http://127.0.0.1:1/u/token>, <mailto:b-x@hello.example?subject=unsubscribe>\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
Content-Type: multipart/alternative; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
\r
Would you like to know our prices? Reply "please remove me" and we will.\r
--b\r
Content-Type: text/html; charset=utf-8\r
\r
<a href="http://127.0.0.1:1/c/one?a=1&amp;b=2">read</a> <a href="http://127.0.0.1:1/p/two">prices</a>\r
<a href="mailto:nora@hello.example">write</a><img src="http://127.0.0.1:1/o/three.gif" width="1">\r
--b--\r
"""


@pytest.fixture
def mail() -> Received:
    return read_mail(RAW, seq=7, at=5.0, sender="b-x@hello.example", recipient="ana@recipients.example")


def test_a_mail_is_read_as_its_recipient_sees_it(mail: Received) -> None:
    assert mail.tracked == ("http://127.0.0.1:1/c/one?a=1&b=2",)
    assert mail.prices == "http://127.0.0.1:1/p/two"
    assert mail.pixel == "http://127.0.0.1:1/o/three.gif"
    assert (mail.unsubscribe, mail.one_click) == ("http://127.0.0.1:1/u/token", True)
    assert mail.reply_address == "team@hello.example"
    assert mail.references == (mail.in_reply_to,)


@pytest.mark.parametrize("says", WORDS)
@pytest.mark.parametrize("month", range(1, 13))
def test_what_a_reply_says_is_found_in_it_and_nothing_else(mail: Received, says: str, month: int) -> None:
    now = NOW.replace(month=month)
    read = read_inbound(reply(mail, says, "Ana", now), now=now)
    assert sorted(intent.name for intent in read.intents) == sorted(WORDS[says].intents)
    assert min(intent.confidence for intent in read.intents) >= ReplyRules().threshold
    assert read.kind == "reply"
    assert "remove me and we will" not in read.new_text
    assert read.mail.in_reply_to == ("t1.abc@hello.example",)


def test_a_reply_goes_on_with_the_thread(mail: Received) -> None:
    answer = message_from_bytes(reply(mail, "no", "Ana", NOW), policy=policy.default)
    assert answer["References"] == "<t0.abc@hello.example> <t1.abc@hello.example>"
    assert answer["To"] == "team@hello.example"
    assert answer["Subject"] == "Re: A better forecast"


def test_an_away_note_is_automatic_and_names_the_return(mail: Received) -> None:
    read = read_inbound(away_note(mail, NOW), now=NOW)
    assert read.kind == "out_of_office"
    assert read.return_date is not None
    assert (read.return_date - NOW.date()).days == 12


def test_a_bounce_report_is_a_hard_bounce_of_that_mail(mail: Received) -> None:
    bounce = read_bounce(parse_mail(bounce_report(mail, NOW)))
    assert bounce is not None
    assert [(one.address, one.status, one.hard) for one in bounce.recipients] == [
        ("ana@recipients.example", "5.1.1", True)
    ]
    assert bounce.original_message_id.strip("<>") == "t1.abc@hello.example"

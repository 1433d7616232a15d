"""Handoffs as mail, over real SMTP."""

import asyncio
import email
import email.policy
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from nurture.bootstrap import handoff_templates
from nurture.core.delivery import NotDelivered
from nurture.core.handoff import HandoffNotice, News
from nurture.core.letter.message import message_id_for
from nurture.core.workspace import Mailbox, Rep
from nurture.mail.smtp import SmtpMailer, SmtpServer, SmtpTimeouts
from nurture.sales.email import EmailTarget
from tests.sales.receiver import create_notice

KEY = b"k" * 32
NOW = datetime(2026, 5, 12, 9, 32, tzinfo=UTC)


class PostOffice:
    """Takes mail for ASCII addresses; `to_…` are its answers, None hangs up instead."""

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.to_recipient = "250 2.1.5 OK"
        self.to_message: str | None = "250 2.0.0 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if self.to_message is None:
            server.transport.abort()
        return self.to_message or "250 never sent"

    def only_mail(self) -> EmailMessage:
        ((_, _, raw),) = self.mails
        return email.message_from_bytes(raw, policy=email.policy.default)


@contextmanager
def serving(office: PostOffice) -> Iterator[PostOffice]:
    loop = asyncio.new_event_loop()
    make: Callable[[], Any] = lambda: SMTP(  # noqa: E731
        office, hostname="localhost", loop=loop, enable_SMTPUTF8=False
    )
    server = loop.run_until_complete(loop.create_server(make, "127.0.0.1", 0))
    office.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield office
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_end_sessions(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_sessions() -> None:
    sessions = asyncio.all_tasks() - {asyncio.current_task()}
    for session in sessions:
        session.cancel()
    await asyncio.gather(*sessions, return_exceptions=True)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with serving(PostOffice()) as running:
        yield running


def create_target(port: int, sign: Callable[[bytes], bytes] = lambda message: message) -> EmailTarget:
    mailer = SmtpMailer({}, SmtpServer("127.0.0.1", port), SmtpTimeouts(5, 5, 5))
    return EmailTarget(mailer, sign, KEY, handoff_templates(), lambda: NOW)


def told(office: PostOffice, notice: HandoffNotice) -> EmailMessage:
    create_target(office.port).tell(notice)
    return office.only_mail()


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


def test_the_mail_says_why_now_and_where_to_answer(office: PostOffice) -> None:
    mail = told(office, create_notice())
    assert office.mails[0][:2] == ("hello@meridian.example", ["elise@meridian.example"])
    assert mail["From"] == "Meridian <hello@meridian.example>"
    assert mail["To"] == "Élise Marchand <elise@meridian.example>"
    assert mail["Reply-To"] == "zoe@northwind.example"
    assert mail["Subject"] == "Zoë Lund: Asked for prices 2 minutes ago"
    assert mail["Date"].datetime == NOW
    for kind in ("plain", "html"):
        text = part(mail, kind)
        for needed in (
            "Clicked 3 links in 7 days",
            "clicked the forecast guide",
            "Northwind",
            "Head of Supply",
        ):
            assert needed in text
        assert "https://go.meridian.example/h/token" in text


def test_no_holiday_notice_of_a_rep_goes_to_the_contact(office: PostOffice) -> None:
    mail = told(office, create_notice())
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["List-Unsubscribe"] is None


def test_a_repetition_has_the_same_id_and_no_touch_has_it(office: PostOffice) -> None:
    for notice in (create_notice(), create_notice(), create_notice(handoff_id=8)):
        create_target(office.port).tell(notice)
    first, again, other = [email.message_from_bytes(raw)["Message-ID"] for _, _, raw in office.mails]
    assert first == again != other
    assert first.startswith("<h7.")
    assert first.endswith("@meridian.example>")
    assert first.removeprefix("<h") != message_id_for(KEY, 7, "meridian.example").removeprefix("<t")


@pytest.mark.parametrize(
    ("news", "says"), [("withdrawn", "was not what it seemed"), ("flagged", "may not hold")]
)
def test_b10_news_of_a_handoff_answers_its_mail_and_says_why(
    office: PostOffice, news: News, says: str
) -> None:
    why = "no longer a person's: clicked (machine: <b>5 links</b>)"
    for notice in (create_notice(), create_notice(news=news, reason=why)):
        create_target(office.port).tell(notice)
    first, mail = (email.message_from_bytes(raw, policy=email.policy.default) for _, _, raw in office.mails)
    assert mail["In-Reply-To"] == mail["References"] == first["Message-ID"]
    assert mail["Message-ID"] != first["Message-ID"]
    assert mail["Subject"] == f"Re: {first['Subject']}"
    assert mail["Auto-Submitted"] == "auto-generated"
    plain, html = part(mail, "plain"), part(mail, "html")
    for text in (plain, html):
        assert says in text
        assert "Asked for prices 2 minutes ago" in text
        assert "https://go.meridian.example/h/token" in text
    assert "machine: <b>5 links</b>" in plain
    assert "<b>5 links" not in html


def test_the_signed_bytes_are_sent(office: PostOffice) -> None:
    create_target(office.port, lambda message: b"DKIM-Signature: v=1\r\n" + message).tell(create_notice())
    assert office.mails[0][2].startswith(b"DKIM-Signature: v=1\r\n")


def test_x05_what_a_contact_wrote_is_shown_escaped(office: PostOffice) -> None:
    script = "<script>alert(1)</script>"
    notice = create_notice(
        contact_name=script,
        contact_title=script,
        contact_company=script,
        contact_email='"<script>"@northwind.example',
        because=(script,),
        timeline=(script,),
        why_now=script,
    )
    assert "<script" not in part(told(office, notice), "html")


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        (
            "Zoë\r\nBcc: all@northwind.example",
            "Zoë Bcc: all@northwind.example: Asked for prices 2 minutes ago",
        ),
        ("Zoë\x00\x1b[2J", "Handoff 7"),
        ("=?utf-8?q?a=0ABcc:_x@y.z?=", "Handoff 7"),
        ("Z" * 20_000, "Z" * 200),
    ],
)
def test_x08_a_hostile_name_neither_injects_nor_stops_the_handoff(
    office: PostOffice, name: str, subject: str
) -> None:
    mail = told(office, create_notice(contact_name=name))
    assert mail["Subject"] == subject
    assert mail["Bcc"] is None
    assert office.mails[0][1] == ["elise@meridian.example"]


def test_an_address_that_the_server_cannot_carry_does_not_stop_the_handoff(office: PostOffice) -> None:
    mail = told(office, create_notice(contact_email="zoë@northwind.example"))
    assert mail["Reply-To"] is None
    assert "zoë@northwind.example" in part(mail, "plain")


def test_a_domain_that_is_not_ascii_can_be_replied_to(office: PostOffice) -> None:
    mail = told(office, create_notice(contact_email="zoe@bücher.example"))
    assert mail["Reply-To"] == "zoe@xn--bcher-kva.example"


@pytest.mark.parametrize("answer", ["450 4.2.1 try later", "550 5.1.1 no such user"])
def test_a_refused_recipient_is_not_delivered(office: PostOffice, answer: str) -> None:
    office.to_recipient = answer
    with pytest.raises(NotDelivered, match=answer):
        create_target(office.port).tell(create_notice())
    assert office.mails == []


def test_a_refused_message_is_not_delivered(office: PostOffice) -> None:
    office.to_message = "554 5.7.1 looks like spam"
    with pytest.raises(NotDelivered, match="554 5.7.1 looks like spam"):
        create_target(office.port).tell(create_notice())


def test_no_server_is_not_delivered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NotDelivered, match="refused"):
        create_target(port).tell(create_notice())


def test_a_mail_that_may_have_been_sent_is_tried_again_under_the_same_id(office: PostOffice) -> None:
    office.to_message = None
    for _ in range(2):
        with pytest.raises(NotDelivered):
            create_target(office.port).tell(create_notice())
    first, second = (email.message_from_bytes(raw) for _, _, raw in office.mails)
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize(
    "changes",
    [
        {"rep": Rep("elise", "nobody", "Élise Marchand")},
        {"rep": Rep("elise", "elise@meridian.example", "Élise\nBcc: a@b.example")},
        {"sender": Mailbox("main", "a b@meridian.example", "Meridian", 500)},
    ],
)
def test_x08_a_mail_that_cannot_be_built_is_not_delivered(
    office: PostOffice, changes: dict[str, Any]
) -> None:
    with pytest.raises(NotDelivered):
        create_target(office.port).tell(create_notice(**changes))
    assert office.mails == []

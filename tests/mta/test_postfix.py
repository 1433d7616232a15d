"""The program between real mail servers: Postfix carries its mails out and brings back what comes."""

import os
import shutil
import signal
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest

from tests.installation import Installation, free_port, new_folder, wait_until, write_workspace
from tests.mta.postfix import Postfix, running_postfix

pytestmark = [
    pytest.mark.xdist_group("mta"),
    pytest.mark.skipif(shutil.which("postfix") is None, reason="Postfix is not installed"),
    pytest.mark.skipif(
        shutil.which("openssl") is None, reason="openssl, for a certificate, is not installed"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Postfix"),
]
NAMES = ("jane", "omar", "lena", "maya")
PEOPLE = {name: f"{name}@acme.example" for name in (*NAMES, "nobody")} | {"kim": "kim@dead.example"}
OURS = ("hello.meridian.example", "sales.meridian.example")


@dataclass(frozen=True)
class World:
    """Our installation and the mail server that it sends by and gets replies from."""

    nurture: Installation
    postfix: Postfix

    def first_mail(self, name: str) -> EmailMessage:
        """The first mail that arrives for NAME@acme.example."""
        wait_until(lambda: self.postfix.inbox(name), 10, self.said)
        return self.postfix.inbox(name)[0]

    def enrollment(self, address: str) -> tuple[Any, ...]:
        """State and end reason of a contact's first enrollment."""
        return self.nurture.rows(
            "SELECT e.state, e.end_reason FROM enrollments e JOIN contacts c ON c.id = e.contact_id "
            "WHERE c.email = %s ORDER BY e.id",
            address,
        )[0]

    def stopped(self, address: str) -> bool:
        """Whether the first sequence of a contact has been stopped."""
        return bool(self.enrollment(address)[0] == "stopped")

    def send(self, message: EmailMessage) -> None:
        """Hands a mail to Postfix, as a mail program does."""
        with smtplib.SMTP("127.0.0.1", self.postfix.port, timeout=10) as client:
            client.send_message(message)

    def said(self) -> str:
        return f"{self.postfix.log()}\n{self.nurture.log()}"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with new_folder() as folder:
        (folder / "postfix").mkdir()
        lmtp_port = free_port()
        with running_postfix(folder / "postfix", NAMES, OURS, lmtp_port) as postfix:
            nurture = Installation(
                folder,
                SMTP_URL=f"smtp+starttls://127.0.0.1:{postfix.port}?verify=no",
                LMTP_LISTEN=f"127.0.0.1:{lmtp_port}",
            )
            try:
                nurture.start()
                nurture.do("workspace", "apply", str(write_workspace(folder)))
                nurture.import_contacts(
                    *(f"{address},{name.capitalize()},Doe,Acme" for name, address in PEOPLE.items())
                )
                yield World(nurture, postfix)
            finally:
                nurture.end()


def test_the_first_mail_arrives_whole_and_over_tls(world: World) -> None:
    mail = world.first_mail("jane")
    assert "using TLS" in mail["Received"]
    assert mail["From"] == "Nora Lindqvist <nora@hello.meridian.example>"
    assert mail["To"] == "Jane Doe <jane@acme.example>"
    assert mail["Return-Path"].startswith("<b-") and mail["Return-Path"].endswith("@hello.meridian.example>")
    assert mail["Message-ID"].endswith("@hello.meridian.example>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<{world.nurture.url}/u/" in mail["List-Unsubscribe"]
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert all("Hi Jane," in part.get_content() for part in mail.iter_parts())
    assert not mail.defects


def test_a_reply_stops_the_sequence_within_two_seconds(world: World) -> None:
    mail = world.first_mail("omar")
    assert world.enrollment("omar@acme.example") == ("active", None)
    world.send(reply_to(mail, "omar@acme.example", "Could you send me your prices?\n\nOmar"))
    took = wait_until(lambda: world.stopped("omar@acme.example"), 10, world.said)
    assert took < 2
    assert world.enrollment("omar@acme.example")[1] == "replied"
    [(kind, matched_by, text, intents)] = world.nurture.rows(
        "SELECT kind, matched_by, new_text, intents FROM inbound_mails WHERE from_address LIKE 'omar@%%'"
    )
    assert (kind, matched_by) == ("reply", "thread")
    assert text.startswith("Could you send me your prices?") and "forecast" not in text
    assert "pricing_request" in [intent["name"] for intent in intents]
    explained = world.nurture.do("explain", "omar@acme.example")
    assert "left lead-education: replied" in explained
    assert "asked-for-pricing" in explained and "opportunity" in explained


def test_a_reply_waits_in_postfix_while_the_door_is_shut(world: World) -> None:
    mail = world.first_mail("lena")
    door = world.nurture.part_pids()["inbound"]
    os.kill(door, signal.SIGKILL)
    world.send(reply_to(mail, "lena@acme.example", "Thanks, but we are not interested.\n\nLena"))
    wait_until(lambda: world.stopped("lena@acme.example"), 15, world.said)
    assert world.nurture.part_pids()["inbound"] != door
    assert len(world.nurture.rows("SELECT 1 FROM inbound_mails WHERE from_address LIKE 'lena@%%'")) == 1


def test_a_bounce_that_postfix_writes_suppresses_the_address(world: World) -> None:
    wait_until(lambda: suppression(world, "kim@dead.example"), 10, world.said)
    assert suppression(world, "kim@dead.example") == [("bounced", "report")]
    assert world.enrollment("kim@dead.example") == ("stopped", "bounce: 5.1.1 userunknown")


def test_a_recipient_that_postfix_refuses_is_suppressed(world: World) -> None:
    wait_until(lambda: suppression(world, "nobody@acme.example"), 10, world.said)
    assert suppression(world, "nobody@acme.example") == [("bounced", "smtp")]
    state, reason = world.enrollment("nobody@acme.example")
    assert state == "stopped" and "550 5.1.1" in reason and "User unknown" in reason


def test_a_mail_to_the_unsubscribe_address_unsubscribes(world: World) -> None:
    mail = world.first_mail("maya")
    [address] = [uri[8:-1] for uri in mail["List-Unsubscribe"].split(", ") if uri.startswith("<mailto:")]
    request = EmailMessage()
    request["From"] = "maya@acme.example"
    request["To"], _, subject = address.partition("?subject=")
    request["Subject"] = subject
    world.send(request)
    wait_until(lambda: suppression(world, "maya@acme.example"), 10, world.said)
    assert suppression(world, "maya@acme.example") == [("unsubscribed", "list-unsubscribe mail")]


def reply_to(mail: EmailMessage, sender: str, text: str) -> EmailMessage:
    """A reply as mail programs write it: threaded, with the old mail quoted below."""
    body = mail.get_body(("plain",))
    assert body is not None
    quoted = "\n".join(f"> {line}" for line in body.get_content().splitlines())
    reply = EmailMessage()
    reply["From"], reply["To"] = sender, mail["From"]
    reply["Subject"] = f"Re: {mail['Subject']}"
    reply["Message-ID"] = make_msgid(domain="acme.example")
    reply["In-Reply-To"] = reply["References"] = mail["Message-ID"]
    reply.set_content(f"{text}\n\nOn {mail['Date']}, {mail['From']} wrote:\n{quoted}\n")
    return reply


def suppression(world: World, address: str) -> list[tuple[Any, ...]]:
    """Why and by what an address gets no mail."""
    return world.nurture.rows(
        "SELECT s.reason, s.source FROM suppressions s JOIN contacts c USING (email_hash) WHERE c.email = %s",
        address,
    )

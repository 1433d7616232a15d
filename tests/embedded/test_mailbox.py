"""The development mailbox over real SMTP and HTTP."""

import json
import signal
import smtplib
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from pathlib import Path
from typing import Any

import pytest

from nurture.embedded.errors import EmbeddedError
from nurture.embedded.mail_store import MailStore
from nurture.embedded.mailbox import Mailbox

REFUSED = {"Gone@there.example": "550 5.1.1 no such user", "later": "451 4.7.1 try later"}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with Mailbox(tmp_path / "mails", refuse=REFUSED) as box:
        yield box


def mail(subject: str = "Hello", html: str | None = None, text: str = "Good day.\n") -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Nurture <us@here.example>"
    message["To"] = "ann@there.example"
    message["Subject"] = subject
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def send(mailbox: Mailbox, message: EmailMessage | bytes, to: str = "ann@there.example") -> None:
    content = message if isinstance(message, bytes) else message.as_bytes()
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as client:
        client.sendmail("bounce@here.example", [to], content)


def get(mailbox: Mailbox, path: str, host: str | None = None) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(mailbox.url + path, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode(errors="replace")


def test_a_mail_is_stored_as_it_came_and_shown(mailbox: Mailbox) -> None:
    message = mail("Grüße", html="<p>Good <b>day</b></p>")
    send(mailbox, message)
    (stored,) = mailbox.messages()
    assert stored.raw() == message.as_bytes()
    assert (stored.sender, stored.recipients) == ("bounce@here.example", ("ann@there.example",))
    assert stored.subject == "Grüße"
    assert stored.parsed()["To"] == "ann@there.example"
    assert "Grüße" in get(mailbox, "/")[2]
    page = get(mailbox, "/messages/1")[2]
    assert "Grüße" in page
    assert "Good day." in page
    assert "bounce@here.example" in page
    assert "<p>Good <b>day</b></p>" in get(mailbox, "/messages/1.html")[2]
    status, headers, raw = get(mailbox, "/messages/1.eml")
    assert (status, headers["Content-Type"]) == (200, "message/rfc822")
    assert raw.encode() == message.as_bytes()


def test_programs_read_what_came_after_a_number(mailbox: Mailbox) -> None:
    for number in range(3):
        send(mailbox, mail(f"Mail {number}"))
    found = json.loads(get(mailbox, "/messages.json?after=1")[2])
    assert [(item["seq"], item["subject"]) for item in found] == [(2, "Mail 1"), (3, "Mail 2")]
    assert found[0]["from"] == "bounce@here.example"
    assert found[0]["to"] == ["ann@there.example"]
    assert found[0]["received_at"].endswith("+00:00")
    assert found[0]["url"] == f"{mailbox.url}/messages/2"
    assert get(mailbox, "/messages.json?after=x")[0] == 400


def test_the_list_is_searched_by_recipient_newest_first(mailbox: Mailbox) -> None:
    for number, to in enumerate(("ann@there.example", "bob@there.example", "ann@else.example")):
        send(mailbox, mail(f"Mail {number}"), to)
    page = get(mailbox, "/?to=ANN%40")[2]
    assert "Mail 1" not in page
    assert page.index("Mail 2") < page.index("Mail 0")
    older = get(mailbox, "/?before=2")[2]
    assert "Mail 0" in older
    assert "Mail 2" not in older


def test_a_long_list_leads_to_older_mails(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox:
        store = MailStore(tmp_path)
        for number in range(101):
            store.add("a@b.example", ["ann@there.example"], mail(f"Mail {number}.").as_bytes())
    with Mailbox(tmp_path) as mailbox:
        page = get(mailbox, "/?to=ann")[2]
        assert "Mail 100." in page
        assert "Mail 0." not in page
        assert 'href="/?to=ann&amp;before=2"' in page
        assert "Mail 0." in get(mailbox, "/?to=ann&before=2")[2]


def test_x05_everything_that_came_in_is_escaped(mailbox: Mailbox) -> None:
    message = mail(SCRIPT, text=SCRIPT)
    message["X-Evil"] = SCRIPT
    message.add_attachment(b"x", maintype="image", subtype="png", filename=SCRIPT)
    send(mailbox, message, to=f'"{SCRIPT}"@there.example')
    for path in ("/", "/messages/1", "/?to=%3Cscript%3E", "/?to=%22%3E%3Cscript%3Ealert(1)"):
        status, headers, page = get(mailbox, path)
        assert status == 200
        assert "<script" not in page
        assert "script" in page
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "script-src" not in headers["Content-Security-Policy"]


def test_x04_a_mails_html_runs_nothing(mailbox: Mailbox) -> None:
    send(
        mailbox,
        mail(html=f"<html><head></head><body>{SCRIPT}<a href='https://a.example'>a</a></body></html>"),
    )
    page = get(mailbox, "/messages/1")[2]
    assert SCRIPT not in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    _, headers, html = get(mailbox, "/messages/1.html")
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; script-src 'none'; ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert '<head><base target="_blank"></head>' in html


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8025", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:99", 200),
        ("mail.attacker.example", 403),
        ("127.0.0.1.attacker.example", 403),
        ("localhost@attacker.example", 403),
        ("attacker.example#localhost", 403),
    ],
)
def test_x10_only_loopback_names_are_answered(mailbox: Mailbox, host: str, status: int) -> None:
    assert get(mailbox, "/messages.json", host)[0] == status


def test_refused_addresses_get_their_reply(mailbox: Mailbox) -> None:
    for address, code in (("gone@THERE.example", 550), ("Later@any.example", 451)):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(mailbox, mail(), address)
        assert refused.value.recipients[address][0] == code
    assert mailbox.messages() == []


def test_a_refusal_must_be_a_reply(tmp_path: Path) -> None:
    for reply in ("no", "250 yes", "550 a\r\n250 b"):
        with pytest.raises(EmbeddedError, match="is no refusal"):
            Mailbox(tmp_path, refuse={"a@b.example": reply}).__enter__()


def test_utf8_addresses_and_eight_bit_bodies_arrive(mailbox: Mailbox) -> None:
    message = mail("Žluťoučký").as_bytes(policy=SMTPUTF8)
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as client:
        client.ehlo()
        for extension in ("smtputf8", "8bitmime", "pipelining"):
            assert client.has_extn(extension) == (extension != "pipelining")
        client.sendmail("us@here.example", ["žofie@there.example"], message, ["SMTPUTF8", "BODY=8BITMIME"])
    (stored,) = mailbox.messages()
    assert stored.recipients == ("žofie@there.example",)
    assert stored.raw() == message
    assert stored.subject == "Žluťoučký"
    assert "žofie" in get(mailbox, "/")[2]


def test_the_size_limit_is_said_and_kept(mailbox: Mailbox) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(25 * 1024 * 1024)
        code, _ = client.docmd("MAIL", f"FROM:<a@b.example> SIZE={26 * 1024 * 1024}")
    assert code == 552


def test_many_mails_on_one_connection(mailbox: Mailbox) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as client:
        for number in range(200):
            client.sendmail("us@here.example", ["ann@there.example"], mail(str(number)).as_bytes())
    assert [stored.subject for stored in mailbox.messages()] == [str(number) for number in range(200)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all\r\n",
        b"Subject: =?bogus?q?=ff?=\r\nContent-Type: text/html; charset=nonsense\r\n\r\n<p>\xff\r\n",
        b"Content-Type: multipart/mixed; boundary=\r\nFrom: @@@<<\r\nSubject: \xff\xfe\r\n\r\n--\r\n",
        b"Content-Type: multipart/mixed\r\nTo: a@[\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n" * 2000,
    ],
)
def test_r10_broken_mails_are_shown_too(mailbox: Mailbox, raw: bytes) -> None:
    send(mailbox, raw)
    assert get(mailbox, "/")[0] == 200
    assert get(mailbox, "/messages/1")[0] == 200
    assert get(mailbox, "/messages/1.html")[0] in (200, 404)
    assert get(mailbox, "/messages/1.eml")[0] == 200


def test_what_is_not_there_is_404(mailbox: Mailbox) -> None:
    send(mailbox, mail())
    for path in ("/messages/2", "/messages/0.eml", "/messages/x", "/messages/1.html", "/../etc/passwd", "/a"):
        assert get(mailbox, path)[0] == 404, path


def test_a_restart_keeps_the_mails_and_counts_on(tmp_path: Path) -> None:
    for subject in ("first", "second"):
        with Mailbox(tmp_path) as mailbox:
            send(mailbox, mail(subject))
    with Mailbox(tmp_path) as mailbox:
        assert [(stored.seq, stored.subject) for stored in mailbox.messages()] == [
            (1, "first"),
            (2, "second"),
        ]


def test_a_write_that_was_cut_short_is_no_mail_and_no_obstacle(tmp_path: Path) -> None:
    MailStore(tmp_path).add("a@b.example", ["c@d.example"], b"whole")
    (tmp_path / "0000000002.eml").write_bytes(b"without envelope")
    (tmp_path / "0000000003.json").write_bytes(b"")
    (tmp_path / "0000000004.eml.part").write_bytes(b"ha")
    store = MailStore(tmp_path)
    assert [stored.seq for stored in store.after(0)] == [1]
    assert store.add("a@b.example", ["c@d.example"], b"next").seq == 5


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    store = MailStore(tmp_path, kept=3)
    for _ in range(5):
        store.add("a@b.example", ["c@d.example"], b"x")
    assert [stored.seq for stored in store.after(0)] == [3, 4, 5]
    assert len(list(tmp_path.iterdir())) == 6
    assert store.get(2) is None


def test_an_open_connection_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox:
        client = smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10)
    client.close()


def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=rf"port {port}: .*--smtp-port"):
            Mailbox(tmp_path, smtp_port=port).__enter__()
        with pytest.raises(EmbeddedError, match=rf"port {port}: .*--http-port"):
            Mailbox(tmp_path, http_port=port).__enter__()


PROCESS = """
import sys
from nurture.embedded.mailbox import main
main(sys.argv[1:])
"""


def test_as_a_process_it_serves_until_sigterm(run: Callable[..., Any], tmp_path: Path) -> None:
    arguments = ["--smtp-port", "0", "--http-port", "0", "--folder", str(tmp_path / "mails")]
    script = run(PROCESS, *arguments, "--refuse", "gone@there.example=550 5.1.1 no such user")
    script.says("page http://127.0.0.1:")
    port = int(script.text().split("smtp 127.0.0.1:")[1].split(",")[0])
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail("us@here.example", ["ann@there.example"], mail().as_bytes())
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("us@here.example", ["gone@there.example"], mail().as_bytes())
    script.send(signal.SIGTERM)
    assert script.process.wait(10) == 0
    assert len(MailStore(tmp_path / "mails").after(0)) == 1

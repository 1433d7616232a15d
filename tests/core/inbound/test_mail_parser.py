import base64
import time
import tracemalloc
from datetime import UTC, datetime

import pytest

from nurture.core.inbound.bounce import read_bounce
from nurture.core.inbound.html_text import text_of_html
from nurture.core.inbound.mail_parser import MAX_RAW_BYTES, parse_mail, read_mailbox

MULTIPART = b"""\
Return-Path: <bounce+1@example.com>
Delivered-To: reply+abc@go.example.com
From: =?utf-8?q?Ann_M=C3=BCller?= <ann@Example.ORG>
To: Sales <sales@go.example.com>, other@example.com
Cc: third@example.com
Subject: =?utf-8?b?UmU6IPCfkYs=?= =?iso-8859-1?q?_Gr=FC=DFe?=
Message-ID: <1@mail.example.org>
In-Reply-To: <sent-1@go.example.com>
References: <sent-0@go.example.com>
 <sent-1@go.example.com>
Date: Tue, 3 Feb 2026 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_x"

--=_x
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe, bitte ein=
 Angebot
--=_x
Content-Type: text/html

<p>not this</p>
--=_x--
"""


def test_a_mail_is_read_whole() -> None:
    mail = parse_mail(MULTIPART)
    assert (mail.from_name, mail.from_address) == ("Ann Müller", "ann@example.org")
    assert mail.subject == "Re: 👋 Grüße"
    assert mail.message_id == "1@mail.example.org"
    assert mail.in_reply_to == ("sent-1@go.example.com",)
    assert mail.references == ("sent-0@go.example.com", "sent-1@go.example.com")
    assert mail.to_addresses == (
        "sales@go.example.com",
        "other@example.com",
        "third@example.com",
        "reply+abc@go.example.com",
    )
    assert mail.date == datetime(2026, 2, 3, 9, tzinfo=UTC)
    assert mail.text.strip() == "Grüße, bitte ein Angebot"
    assert mail.parts == ("text/plain", "text/html")
    assert mail.fault is None
    assert mail.header("return-path") == "<bounce+1@example.com>"


def test_the_digest_is_of_the_bytes() -> None:
    assert parse_mail(MULTIPART).digest == parse_mail(MULTIPART).digest
    assert parse_mail(MULTIPART).digest != parse_mail(MULTIPART + b"\n").digest


def test_line_ends_do_not_matter() -> None:
    assert parse_mail(MULTIPART.replace(b"\n", b"\r\n")).text == parse_mail(MULTIPART).text


def test_html_alone_is_read_as_text_with_quotations_marked() -> None:
    markup = (
        "<html><head><style>p{}</style></head><body><p>Hello&nbsp;<b>there</b></p><!-- no -->"
        "<div>a<br>b</div><blockquote><p>old</p></blockquote><script>x</script></body></html>"
    )
    mail = parse_mail(b"From: a@example.org\nContent-Type: text/html\n\n" + markup.encode())
    assert mail.text == "Hello there\n\na\nb\n> old"


def test_several_text_parts_are_joined_and_attachments_left_out() -> None:
    mail = parse_mail(
        b"From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n"
        b"Content-Type: text/plain\nContent-Disposition: attachment; filename=x\n\nno\n--b\n\ntwo\n--b--\n"
    )
    assert mail.text.split() == ["one", "two"]


def test_a_report_gives_its_fields_and_the_original_headers() -> None:
    mail = parse_mail(
        b"From: MAILER-DAEMON@example.org\nContent-Type: multipart/report; boundary=b\n\n--b\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
        b"Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n--b\n"
        b"Content-Type: text/rfc822-headers\n\nReturn-Path: <us@example.com>\nTo: a@example.org\n"
        b"Message-ID: <sent@example.com>\n--b--\n"
    )
    assert mail.delivery_status[0] == {"reporting-mta": "dns; mx"}
    assert mail.delivery_status[1]["final-recipient"] == "rfc822; a@example.org"
    assert mail.original is not None
    assert mail.original.message_id == "sent@example.com"
    assert mail.original.to_addresses == ("a@example.org",)
    assert mail.original.return_path == "us@example.com"


@pytest.mark.parametrize(
    "value, expected",
    [
        ('"Doe, Jane" <jane@example.org>', ("Doe, Jane", "jane@example.org")),
        ("jane@example.org", ("", "jane@example.org")),
        ("Evil <victim@example.org> <me@example.net>", ("Evil <victim@example.org>", "me@example.net")),
        ("nobody", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_mailbox_is_split(value: str, expected: tuple[str, str]) -> None:
    assert read_mailbox(value) == expected


def test_a_boundary_that_is_wrong_in_the_header_is_found_in_the_body() -> None:
    mail = parse_mail(
        b"From: a@example.org\nContent-Type: multipart/mixed; boundary=no\n\n"
        b"--yes\nContent-Type: text/plain\n\nfound\n--yes--\n"
    )
    assert mail.text.strip() == "found"


def nested(levels: int) -> bytes:
    head = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (i, i) for i in range(levels)
    )
    return b"From: a@example.org\n" + head + b"\ndeep\n"


HOSTILE = {
    "nested": nested(10_000),
    "nested rfc822": b"From: a@example.org\n" + b"Content-Type: message/rfc822\n\n" * 10_000,
    "flat parts": b"From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\n\nx\n" * 10_000,
    "50 MB": b"From: a@example.org\n\n" + b"x" * 50_000_000,
    "1 MB header": b"From: a@example.org\nX-Long: " + b"y" * 1_000_000 + b"\n\nhello",
    "100,000 fields": b"From: a@example.org\n" + b"X: y\n" * 100_000 + b"\nhello",
    "encoded words": b"From: a@example.org\nSubject: " + b"=?utf-8?q?a?= " * 70_000 + b"\n\nhello",
    "comments": b"From: " + b"(" * 200_000 + b"\n\nhello",
    "angles": b"From: " + b"<" * 200_000 + b"\n\nhello",
    "nuls": b"From: a@example.org\nSubject: a\0b\n\nhe\0llo" + b"\0" * 100_000,
    "unclosed html": b"From: a@example.org\nContent-Type: text/html\n\n" + b"<!" * 500_000,
    "html comments": b"From: a@example.org\nContent-Type: text/html\n\n" + b"<!--" * 250_000,
    "html tags": b"From: a@example.org\nContent-Type: text/html\n\n" + b"<a " * 300_000,
    "punycode": b"From: a@example.org\nContent-Type: text/plain; charset=punycode\n\n" + b"a" * 400_000,
    "boundaries": b"From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b" * 300_000,
    "one line": b"\xff\xfe" * 100_000,
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_r10_hostile_mail_costs_bounded_time_and_memory(name: str) -> None:
    raw = HOSTILE[name]
    tracemalloc.start()
    begin = time.process_time()
    mail = parse_mail(raw)
    spent = time.process_time() - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spent < 2
    assert peak < 4 * len(raw) + 20_000_000
    assert "\0" not in mail.text + mail.subject


@pytest.mark.parametrize("name", ["nested", "flat parts", "50 MB", "1 MB header", "nothing"])
def test_r10_what_cannot_be_read_whole_says_so(name: str) -> None:
    assert parse_mail(HOSTILE[name]).fault


def test_r10_the_sender_of_a_mail_that_is_too_big_is_still_known() -> None:
    assert parse_mail(HOSTILE["50 MB"]).from_address == "a@example.org"
    assert len(HOSTILE["50 MB"]) > MAX_RAW_BYTES


@pytest.mark.parametrize("charset", ["x-unknown", "utf-8", "zlib", "us-ascii", "utf-16", "\x00", "idna"])
def test_r10_any_charset_gives_text(charset: str) -> None:
    raw = f"From: a@example.org\nContent-Type: text/plain; charset={charset}\n\n".encode() + b"caf\xe9"
    assert parse_mail(raw).text


def test_an_unknown_charset_falls_back_to_what_the_bytes_are() -> None:
    head = b"From: a@example.org\nContent-Type: text/plain; charset=x-unknown\n\n"
    assert parse_mail(head + "café".encode()).text == "café"
    assert parse_mail(head + b"caf\xe9").text == "café"


def test_broken_base64_gives_what_can_be_read() -> None:
    body = base64.b64encode(b"hello there, this is fine")[:-3] + b"*"
    raw = b"From: a@example.org\nContent-Transfer-Encoding: base64\n\n" + body
    assert parse_mail(raw).text.startswith("hello there, this is")


@pytest.mark.parametrize("cut", range(0, len(MULTIPART), 37))
def test_r10_a_mail_cut_anywhere_is_read(cut: int) -> None:
    parse_mail(MULTIPART[:cut])
    parse_mail(MULTIPART[cut:])


def test_lists_and_cells_stay_apart() -> None:
    assert text_of_html("<ul><li>a</li><li>b</li></ul><table><tr><td>c</td><td>d</td></tr></table>") == (
        "- a\n- b\nc d"
    )


@pytest.mark.parametrize(
    "mail",
    [
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
        b"Subject: =?utf-7?q?a+2AA-b?=\n\nx\n--b--\n",
        b"Content-Type: text/plain; charset=utf-7\n\nFinal-Recipient: rfc822;a+2AA-b@example.org\n",
        b"References: =?utf-7?q?<a+2AA-=40b>?=\n\nx\n",
    ],
)
def test_r10_no_lone_surrogate_gets_in(mail: bytes) -> None:
    parsed = parse_mail(b"From: a@example.org\n" + mail)
    read_bounce(parsed)
    told = repr((parsed.subject, parsed.text, parsed.references, parsed.original))
    assert "\\ud800" not in told

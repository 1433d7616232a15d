"""Hostile MIME (R10): bounded time and memory, put aside with a reason, and the next one is read."""

import base64
import time
import tracemalloc

import pytest

from nurture.core.inbound.mail_parser import parse_mail
from nurture.core.inbound.mime import MAX_DEPTH, MAX_PARTS, decode_bytes, dissect, first, read_fields, text_of

HEAD = b"From: a@example.org\n"
NEXT = HEAD + b"Subject: next\n\nThe next one is read."


def _nested(levels: int, subtype: str) -> bytes:
    one = 'Content-Type: multipart/{}; boundary="b{}"\n\n--b{}\n'
    return HEAD + "".join(one.format(subtype, i, i) for i in range(levels)).encode() + b"\ndeep\n"


def _in_base64(body: bytes) -> bytes:
    return b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(body)


HOSTILE = {
    "10,000 nested mixed": _nested(10_000, "mixed"),
    "10,000 nested alternative": _nested(10_000, "alternative"),
    "10,000 parts of one boundary": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * 10_000,
    "50 MB": HEAD + b"\n" + b"a line of text\n" * 3_400_000,
    "20 MB in one line": HEAD + b"\n" + b"x" * 20_000_000,
    "20 MB of base64": HEAD + _in_base64(b"x" * 15_000_000),
    "1 MB header": HEAD + b"X-Long: " + b"y" * 1_000_000 + b"\n\nhello",
    "1 MB folded header": HEAD + b"X-Long: y\n" + b" y\n" * 330_000 + b"\nhello",
    "1 MB boundary": HEAD + b'Content-Type: multipart/mixed; boundary="' + b"b" * 1_000_000 + b'"\n\nx',
    "NULs": HEAD + b"Subject: \0\0\n\n" + b"\0" * 1_000_000,
    "no end of header": HEAD + b"X: y\n" * 50_000,
    "only boundaries": HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 300_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_r10_hostile_mime_costs_bounded_time_and_memory_and_the_next_is_read(name: str) -> None:
    raw = HOSTILE[name]
    tracemalloc.start()
    begin = time.process_time()
    mail = parse_mail(raw)
    spent = time.process_time() - begin
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert spent < 2
    assert peak < 4 * len(raw) + 20_000_000
    assert "\0" not in mail.text + mail.subject
    assert mail.from_address == "a@example.org"
    assert parse_mail(NEXT).text == "The next one is read."


@pytest.mark.parametrize(
    "name",
    [
        "10,000 nested mixed",
        "10,000 nested alternative",
        "10,000 parts of one boundary",
        "50 MB",
        "1 MB header",
    ],
)
def test_r10_what_was_not_read_whole_goes_to_quarantine(name: str) -> None:
    assert parse_mail(HOSTILE[name]).fault


@pytest.mark.parametrize(
    "charset", ["x-unknown", "utf-8", "zlib", "rot13", "\0", "", "a" * 500, "utf-16", "idna"]
)
@pytest.mark.parametrize("body", [b"caf\xe9", b"\xff\xfe", b"\0\0\0", "café".encode()])
def test_r10_any_charset_gives_text(charset: str, body: bytes) -> None:
    decode_bytes(body, charset).encode("utf-8")


def test_r10_limits_are_said() -> None:
    assert str(MAX_DEPTH) in (dissect(_nested(MAX_DEPTH + 5, "mixed")).fault or "")
    many = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * (MAX_PARTS + 5)
    assert str(MAX_PARTS) in (dissect(many).fault or "")
    assert len(dissect(many).parts) <= MAX_PARTS


def test_parts_come_in_order_with_their_text() -> None:
    raw = (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n"
        + _in_base64(b"two")
        + b"--b--"
    )
    assert [text_of(part).strip() for part in dissect(raw).parts] == ["one", "two"]


def test_a_field_that_repeats_keeps_its_order_and_a_folded_one_is_whole() -> None:
    fields = read_fields(b"Received: a\nSubject: =?utf-8?q?caf=C3=A9?=\n and more\nReceived: b")
    assert fields["received"] == ("a", "b")
    assert first(fields, "subject") == "café and more"
    assert first(fields, "date") == ""

import dataclasses
import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.core.letter.message import (
    Letter,
    MessageError,
    build_message,
    check_size,
    message_id_for,
    needs_smtputf8,
    verify_message,
    wire_address,
)

PLAIN = Letter(
    from_name="Ada Lovelace",
    from_address="ada@engine.example",
    to_name="Charles",
    to_address="charles@mill.example",
    subject="Your engine",
    html="<p>Hello</p>\n",
    text="Hello\n",
    message_id="<t1.abc@engine.example>",
    date=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
)
BULK = dataclasses.replace(
    PLAIN,
    list_id="nurture.engine.example",
    list_unsubscribe_url="https://t.example/u/token",
    list_unsubscribe_mailto="leave+token@engine.example?subject=unsubscribe",
    extra={"Feedback-ID": "1:seq:nurture"},
)


def letter(**changes: object) -> Letter:
    return dataclasses.replace(BULK, **changes)  # type: ignore[arg-type]


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert not message.defects
    return message


def raw_value(raw: bytes, name: str) -> str:
    """The value of a field with its folding undone, otherwise byte by byte."""
    head = raw.partition(b"\r\n\r\n")[0].decode()
    lines = [line for line in head.replace("\r\n ", " ").split("\r\n") if line.startswith(f"{name}: ")]
    assert len(lines) == 1
    return lines[0].removeprefix(f"{name}: ")


def texts(raw: bytes) -> dict[str, str]:
    parts = [part for part in parsed(raw).walk() if not part.is_multipart()]
    return {part.get_content_type(): part.get_content().replace("\r\n", "\n").rstrip("\n") for part in parts}


def test_d01_a_marketing_mail_has_every_list_field() -> None:
    raw = build_message(BULK)
    assert raw_value(raw, "List-Unsubscribe") == (
        "<https://t.example/u/token>, <mailto:leave+token@engine.example?subject=unsubscribe>"
    )
    assert raw_value(raw, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert raw_value(raw, "List-Id") == "<nurture.engine.example>"
    assert raw_value(raw, "Message-ID") == "<t1.abc@engine.example>"
    assert raw_value(raw, "Date") == "Sun, 01 Mar 2026 09:30:00 +0000"
    assert raw_value(raw, "MIME-Version") == "1.0"
    assert raw_value(raw, "Feedback-ID") == "1:seq:nurture"
    assert raw_value(raw, "From") == "Ada Lovelace <ada@engine.example>"


def test_d01_a_long_unsubscribe_url_stays_whole() -> None:
    url = "https://t.example/u/" + "Ab_-9" * 100
    raw = build_message(letter(list_unsubscribe_url=url))
    assert f"List-Unsubscribe: <{url}>,\r\n <mailto:".encode() in raw


@pytest.mark.parametrize(
    "url", ["http://t.example/u/x", "mailto:a@b", "//t.example", "http://127.evil.example/"]
)
def test_d01_the_unsubscribe_url_is_https(url: str) -> None:
    with pytest.raises(MessageError, match="https"):
        build_message(letter(list_unsubscribe_url=url))


def test_d01_a_loopback_address_may_do_without_https() -> None:
    for url in ("http://127.0.0.1:8000/u/x", "http://localhost/u/x", "http://[::1]:1/u/x"):
        assert url.encode() in build_message(letter(list_unsubscribe_url=url))


def test_d01_a_mail_to_the_own_team_has_no_list_fields() -> None:
    raw = build_message(PLAIN)
    assert parsed(raw).keys() == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
    ]


def test_d05_a_follow_up_names_the_whole_thread() -> None:
    ids = tuple(f"<t{number}.{'a' * 32}@engine.example>" for number in range(12))
    raw = build_message(letter(in_reply_to=ids[-1], references=ids))
    assert raw_value(raw, "In-Reply-To") == ids[-1]
    assert raw_value(raw, "References").split(" ") == list(ids)
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_d05_a_long_message_id_is_never_encoded() -> None:
    long_id = f"<{'x' * 120}@{'y' * 60}.example>"
    raw = build_message(letter(in_reply_to=long_id, references=(long_id, "<a@b>")))
    assert raw_value(raw, "In-Reply-To") == long_id
    assert raw_value(raw, "References") == f"{long_id} <a@b>"


@pytest.mark.parametrize("wrong", ["a@b", "<a@b> <c@d>", "<a b@c>", "<a@b>\r\nBcc: x@y", "<>", "<ü@x>"])
def test_d05_ids_must_be_ids(wrong: str) -> None:
    changes: list[dict[str, object]] = [{"message_id": wrong}, {"in_reply_to": wrong}]
    changes.append({"references": ("<a@b>", wrong)})
    for change in changes:
        with pytest.raises(MessageError):
            build_message(letter(**change))


def test_d06_html_that_would_be_clipped_is_a_fault() -> None:
    assert check_size("x" * 99_000) is None
    assert check_size("é" * 49_500) is None
    fault = check_size("é" * 49_500 + "x")
    assert fault is not None
    assert "99,001 bytes" in fault
    assert check_size("xx", limit=1) is not None


@pytest.mark.parametrize("body", ["x" * 5_000, "ü" * 5_000, "日本語" * 2_000, " \t" * 3_000, "=" * 2_000])
def test_d07_lines_are_short_and_end_in_crlf(body: str) -> None:
    raw = build_message(letter(html=f"<p>{body}</p>", text=body))
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.isascii()
    assert raw.endswith(b"--\r\n")
    assert texts(raw) == {"text/plain": body, "text/html": f"<p>{body}</p>"}


def test_d07_the_text_stands_before_the_html() -> None:
    assert list(texts(build_message(BULK))) == ["text/plain", "text/html"]
    assert texts(build_message(letter(html="")))["text/plain"] == "Hello"
    assert parsed(build_message(letter(html=""))).get_content_type() == "text/plain"


def test_d07_names_and_domains_outside_ascii() -> None:
    raw = build_message(
        letter(from_name="Jörg Müller, GmbH", to_name='Ann "The" O\\Neil', to_address="ann@Bücher.example")
    )
    assert raw.isascii()
    message = parsed(raw)
    assert message["From"].addresses[0].display_name == "Jörg Müller, GmbH"
    assert message["To"].addresses[0].display_name == 'Ann "The" O\\Neil'
    assert message["To"].addresses[0].addr_spec == "ann@xn--bcher-kva.example"
    assert not needs_smtputf8(letter(to_address="ann@bücher.example"))


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("a@example.com", "a@example.com"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@例え。テスト", "a@xn--r8jz45g.xn--zckzah"),
        ("a@ｅxample.com", "a@example.com"),
        ("ü@x.example", "ü@x.example"),
        ('"a b"@x.example', '"a b"@x.example'),
        ("o'neil+tag@x.example", "o'neil+tag@x.example"),
    ],
)
def test_d07_addresses_on_the_wire(address: str, wire: str) -> None:
    assert wire_address(address) == wire


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@x.example",
        "a@",
        "a b@x.example",
        "a@x..example",
        "a@-x.example",
        "a@x.example>",
        "a@x example",
    ]
    + ["a@b@x.example", "a,b@x.example", "<a@x.example", ".a@x.example", "a.@x.example", "a\x00@x.example"]
    + [
        "a@x.example\r\n",
        "a\r\nb@x.example",
        f"{'a' * 65}@x.example",
        f"a@{'x' * 64}.example",
        '"a"b"@x.example',
    ]
    + [
        "a@ü x.example",
        "a@☃.example",
        "a\u2028@x.example",
        "a@" + ".".join(["x" * 60] * 5),
        "a\ud800@x.example",
    ],
)
def test_x08_wrong_addresses_are_refused(address: str) -> None:
    for change in ({"to_address": address}, {"from_address": address}):
        with pytest.raises(MessageError):
            build_message(letter(**change))


def test_d07_local_parts_outside_ascii_need_smtputf8() -> None:
    abroad = letter(to_address="jörg@bücher.example", to_name="Jörg")
    assert needs_smtputf8(abroad)
    raw = build_message(abroad)
    assert raw_value(raw, "To").endswith("<jörg@xn--bcher-kva.example>")


def test_d07_subjects_are_folded_and_come_back_whole() -> None:
    for subject in ("word " * 60, "Straße und Größe " * 30, "x" * 400, "a  b   c " * 20, "", "x" * 2_000):
        raw = build_message(letter(subject=subject))
        assert parsed(raw)["Subject"] == subject.strip()
        assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_d07_the_date_is_aware() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert raw_value(build_message(letter(date=datetime(2026, 3, 1, tzinfo=east))), "Date").endswith("+0530")
    with pytest.raises(MessageError, match="time zone"):
        build_message(letter(date=datetime(2026, 3, 1)))  # noqa: DTZ001


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert build_message(BULK) == build_message(letter())
    other = build_message(letter(message_id="<t2.abc@engine.example>"))
    assert parsed(other).get_boundary() != parsed(build_message(BULK)).get_boundary()


def test_message_ids_are_steady_and_keyed() -> None:
    first = message_id_for(b"key", 123, "bücher.example")
    assert first == message_id_for(b"key", 123, "bücher.example")
    assert re.fullmatch(r"<t123\.[0-9a-f]{32}@xn--bcher-kva\.example>", first)
    assert (
        len({first, message_id_for(b"yek", 123, "x.example"), message_id_for(b"key", 124, "x.example")}) == 3
    )


ENCODED_CONTROLS = [
    "=?utf-8?q?a=0ABcc:_x@y.z?=",
    "=?utf-8?Q?a=0d=0aBcc:_x?=",
    "=?utf-8?b?YQpCY2M6IHg=?=",
    "=?utf-8?B?YQpCY2M6IHg?=",
    "=?utf-7?q?+AAo-Bcc?=",
    "=?utf-8*en?q?=00?=",
    "=?iso-8859-1?q?=85?=",
    "=?utf-8?q?=E2=80=A8?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3F=3D0A=3F=3D?=",
    "=?no-such?q?x?=",
    "=?punycode?q?x?=",
    "=?utf-8?q?=FF?=",
]
CONTROLS = [
    "\r\nBcc: x@y.z",
    "\n",
    "\r",
    "\0",
    "\t",
    "\x0b",
    "\x1b[0m",
    "\x7f",
    "\x85",
    "\x9f",
    "\u2028",
    "\u2029",
]


@pytest.mark.parametrize("poison", [f"a{control}b" for control in CONTROLS] + ENCODED_CONTROLS + ["\ud800"])
def test_x08_controls_are_refused_in_every_field(poison: str) -> None:
    whole: list[dict[str, object]] = [{name: poison} for name in ("from_name", "to_name", "subject")]
    urls: list[dict[str, object]] = [
        {"list_unsubscribe_url": f"https://x/{poison}"},
        {"list_id": poison},
        {"extra": {poison: "x"}},
        {"extra": {"Feedback-ID": poison}},
    ]
    addresses: list[dict[str, object]] = [
        {name: f"{poison}@x.example"} for name in ("from_address", "to_address", "reply_to")
    ]
    for change in [*whole, *addresses, *urls]:
        with pytest.raises(MessageError) as caught:
            build_message(letter(**change))
        assert "Bcc" not in str(caught.value)


def test_x08_an_encoded_word_in_a_name_is_shown_as_it_stands() -> None:
    literal = "=?utf-8?q?hello_world?= and more"
    message = parsed(build_message(letter(subject=literal, to_name=literal)))
    assert message["Subject"] == literal
    assert message["To"].addresses[0].display_name == literal


@pytest.mark.parametrize(
    "name", ["Bcc", "TO", "Content-Type", "dkim-signature", "Resent-To", "", "A B", "A:", "Ä"]
)
def test_x08_extra_fields_cannot_take_the_place_of_ours(name: str) -> None:
    with pytest.raises(MessageError, match="name that is not allowed"):
        build_message(letter(extra={name: "x"}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Bcc: x@y.example\r\nSubject: "),
        (b"Subject: Your", b"Subject: Your\r\nX-More: "),
        (b"Subject: Your engine\r\n", b""),
        (b"Subject: Your", b"Subject: Your\r\n\r\n"),
        (b"Subject: Your", b"Subject: =?utf-8?q?a=0ABcc:?="),
        (b"From: ", b"from "),
    ],
)
def test_x08_the_final_bytes_hold_no_other_field(old: bytes, new: bytes) -> None:
    raw = build_message(BULK)
    verify_message(raw, BULK)
    verify_message(b"DKIM-Signature: v=1\r\n" + raw, BULK)
    with pytest.raises(MessageError):
        verify_message(raw.replace(old, new, 1), BULK)


@pytest.mark.parametrize("bare", [b"a\nb", b"a\rb", b"\n\r", b"\r\r\n", b"\n.\r\n", b"\r\n.\n", b"\r"])
def test_x09_bare_line_ends_are_refused(bare: bytes) -> None:
    with pytest.raises(MessageError, match="bare CR or LF"):
        verify_message(build_message(BULK) + bare, BULK)


def test_x09_bodies_are_freed_of_controls_and_bare_line_ends() -> None:
    body = "a\0b\x08c\rd\ne\r\n.\r\nf\tg\x1b\x0b\x0c\x7f\ud800\n.\r"
    for html in (body, ""):
        raw = build_message(letter(text=body, html=html))
        verify_message(raw, letter(text=body, html=html))
        assert texts(raw)["text/plain"] == "abc\nd\ne\n.\nf\tg?\n."


def test_d07_a_line_over_998_bytes_is_refused() -> None:
    with pytest.raises(MessageError, match="998"):
        verify_message(build_message(BULK) + b"x" * 999 + b"\r\n", BULK)


TEXT = st.one_of(
    st.text(max_size=80),
    st.text('ab ü,;<>@"\\=?_()日', max_size=120),
    st.lists(st.sampled_from(["=?", "?=", "utf-8", "?q?", "?b?", "=0A", "a", "=20", "YQo=", " "])).map(
        "".join
    ),
)


@given(TEXT, TEXT, TEXT, TEXT)
def test_x08_no_text_makes_another_field(name: str, subject: str, value: str, body: str) -> None:
    written = letter(
        from_name=name, to_name=name, subject=subject, extra={"X-Note": value}, text=body, html=f"<p>{body}"
    )
    try:
        raw = build_message(written)
    except MessageError:
        return
    message = parsed(raw)
    names = ["From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe"]
    assert message.keys() == [*names, "List-Unsubscribe-Post", "X-Note", "MIME-Version", "Content-Type"]
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [address.addr_spec for address in message["To"].addresses] == ["charles@mill.example"]
    assert str(
        email.header.make_header(email.header.decode_header(raw_value(raw, "Subject")))
    ) == subject.strip(" ")

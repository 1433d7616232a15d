import base64
import dataclasses
import re
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from dkim.crypto import parse_pem_private_key

from nurture.core.letter.message import Letter, build_message, verify_message
from nurture.mail.dkim import DkimSigner

KEY = (Path(__file__).parent / "dkim_key.pem").read_bytes()
LETTER = Letter(
    from_name="Ada",
    from_address="ada@engine.example",
    to_name="Jörg",
    to_address="joerg@mill.example",
    subject="A long subject that has to be folded because it does not fit on a single line of the head",
    html="<p>Hello</p>",
    text="Hello ü\n.\n\n\n",
    message_id="<t1.abc@engine.example>",
    date=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    reply_to="reply@engine.example",
    in_reply_to="<t0.abc@engine.example>",
    references=("<t0.abc@engine.example>",),
    list_id="nurture.engine.example",
    list_unsubscribe_url="https://t.example/u/" + "x" * 150,
    list_unsubscribe_mailto="leave@engine.example",
    extra={"Feedback-ID": "1:2:3:nurture"},
)


def public_record() -> bytes:
    """The DNS record of the key: RSAPublicKey in DER (RFC 8017 §A.1.1), written out by hand."""
    key = parse_pem_private_key(KEY)
    numbers = b"".join(der(0x02, b"\0" + as_bytes(key[name])) for name in ("modulus", "publicExponent"))
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der(0x30, numbers))


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def as_bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def is_valid(message: bytes, domain: str = "engine.example") -> bool:
    def record(name: bytes, timeout: int = 5) -> bytes | None:
        assert name == f"s1._domainkey.{domain}.".encode()
        return public_record()

    try:
        return bool(dkim.DKIM(message).verify(dnsfunc=record))
    except dkim.ValidationError:
        return False


def signed(letter: Letter = LETTER) -> bytes:
    return DkimSigner("engine.example", "s1", KEY).sign(build_message(letter))


def signed_fields(message: bytes) -> list[str]:
    signature = message.partition(b"\r\nFrom:")[0].decode()
    found = re.search(r"\bh=([^;]+);", signature)
    assert found is not None
    return re.sub(r"\s", "", found[1]).split(":")


def test_d01_the_signature_is_valid_and_covers_the_list_fields() -> None:
    message = signed()
    assert is_valid(message)
    assert message.startswith(b"DKIM-Signature: ")
    assert b"c=relaxed/relaxed" in message
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(signed_fields(message))
    verify_message(message, LETTER)


def test_every_field_that_is_there_is_signed_and_the_telling_ones_once_more() -> None:
    names = ["from", "from", "to", "to", "subject", "subject", "date", "message-id", "mime-version"]
    assert signed_fields(signed()) == [
        *names,
        *["content-type", "reply-to", "in-reply-to", "references", "list-id"],
        *["list-unsubscribe", "list-unsubscribe-post"],
    ]
    bare = dataclasses.replace(
        LETTER, reply_to=None, in_reply_to=None, references=(), list_id=None, list_unsubscribe_url=None
    )
    plain = dataclasses.replace(bare, list_unsubscribe_mailto=None)
    assert signed_fields(signed(plain)) == [*names, "content-type"]
    assert is_valid(signed(plain))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello", b"Hallo"),
        (b"https://t.example/u/", b"https://evil.example/u/"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=No"),
        (b"\r\nSubject:", b"\r\nSubject: other\r\nSubject:"),
        (b"\r\nTo:", b"\r\nTo: other@x.example\r\nTo:"),
        (b"\r\nFrom:", b"\r\nFrom: other@x.example\r\nFrom:"),
        (b"ada@engine.example", b"eve@engine.example"),
        (b"<t1.abc", b"<t2.abc"),
    ],
)
def test_a_change_on_the_way_breaks_the_signature(old: bytes, new: bytes) -> None:
    message = signed()
    assert old in message
    assert not is_valid(message.replace(old, new, 1))


def test_folding_again_on_the_way_does_not() -> None:
    assert is_valid(signed().replace(b">,\r\n <mailto", b">, <mailto", 1))


def test_a_domain_outside_ascii_and_a_key_with_crlf() -> None:
    signer = DkimSigner("bücher.example", "s1", KEY.replace(b"\n", b"\r\n"))
    message = signer.sign(build_message(LETTER))
    assert is_valid(message, "xn--bcher-kva.example")


def test_what_cannot_sign_is_refused_at_the_start() -> None:
    for key in (b"", b"secret", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", KEY[:300]):
        with pytest.raises(ValueError, match="RSA private key") as caught:
            DkimSigner("engine.example", "s1", key)
        assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match="selector"):
        DkimSigner("engine.example", "s 1", KEY)
    with pytest.raises(ValueError, match="domain"):
        DkimSigner("engine example", "s1", KEY)

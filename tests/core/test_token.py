"""Tokens: one spelling each, one purpose each, and every key that ever signed still verifies."""

import base64
import hmac
from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.core.token import MAX_TOKEN_LENGTH, Keyring, Purpose, Token

NEW, OLD, FOREIGN = (
    "Zk3vQ8pLr7TxWm2nYb5cHd9fJg4sKa6e",
    "pX7uN4rBq9wEe2yTi5oZa8sDf1gHj3kL",
    "mV6tG1yCz0xQn8bRk4jWh2dLf7sPe9aU",
)
RING = Keyring([NEW])
URL_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CLICK = Token(Purpose.CLICK, 7, 9, 2, "https://example.com/pricing?a=1&b=ü#top")

text_without_controls = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200)
tokens = st.builds(
    Token,
    purpose=st.sampled_from(Purpose),
    contact_id=st.integers(0, 2**64 - 1),
    message_id=st.integers(0, 2**64 - 1),
    link=st.integers(0, 2**16 - 1),
    destination=text_without_controls,
)


@given(tokens)
def test_what_is_signed_is_what_is_verified(token: Token) -> None:
    text = RING.sign(token)
    assert RING.verify(text, token.purpose) == token
    assert set(text) <= set(URL_CHARACTERS)


@given(tokens, st.sampled_from(Purpose))
def test_x17_no_purpose_stands_for_another(token: Token, purpose: Purpose) -> None:
    assert (RING.verify(RING.sign(token), purpose) is not None) == (purpose is token.purpose)


@pytest.mark.parametrize("purpose", Purpose)
def test_x17_a_token_is_laid_out_as_promised_and_keyed_for_its_purpose(purpose: Purpose) -> None:
    # Written out by hand: a change here would make the links of every mail already sent worthless.
    key = hmac.digest(NEW.encode(), b"nurture/" + purpose.name.lower().encode(), "sha256")
    body = bytes([1, sha256(NEW.encode()).digest()[0], purpose])
    body += (7).to_bytes(8) + (9).to_bytes(8) + (2).to_bytes(2) + "https://example.com/ü".encode()
    text = _text(body + hmac.digest(key, body, "sha256")[:16])
    assert RING.sign(Token(purpose, 7, 9, 2, "https://example.com/ü")) == text
    assert RING.verify(text, purpose) == Token(purpose, 7, 9, 2, "https://example.com/ü")


def test_x17_a_changed_purpose_byte_needs_the_other_purposes_key() -> None:
    raw = bytearray(_raw(RING.sign(CLICK)))
    for purpose in Purpose:
        raw[2] = purpose
        assert (RING.verify(_text(raw), purpose) is None) == (purpose is not Purpose.CLICK)


def test_t07_no_bit_of_a_token_may_change() -> None:
    raw = _raw(RING.sign(CLICK))
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert RING.verify(_text(flipped), Purpose.CLICK) is None, bit


def test_t07_no_character_of_a_token_may_change_be_missing_or_be_added() -> None:
    text = RING.sign(CLICK)
    for place in range(len(text)):
        assert RING.verify(text[:place], Purpose.CLICK) is None
        assert RING.verify(text[:place] + text[place + 1 :], Purpose.CLICK) is None
        for character in URL_CHARACTERS + "=+/ .\n\0é\udc80":
            if character != text[place]:
                changed = text[:place] + character + text[place + 1 :]
                assert RING.verify(changed, Purpose.CLICK) is None, (place, character)
                assert RING.verify(text[:place] + character + text[place:], Purpose.CLICK) is None


@pytest.mark.parametrize(("length", "count"), [(0, 16), (1, 4), (2, 1)])
def test_t07_a_token_has_one_spelling_only(length: int, count: int) -> None:
    text = RING.sign(Token(Purpose.OPEN, 1, 2, 3, "x" * length))
    raw = _raw(text)
    spellings = [text[:-1] + last for last in URL_CHARACTERS if _raw(text[:-1] + last) == raw]
    assert [RING.verify(spelling, Purpose.OPEN) is not None for spelling in spellings].count(True) == 1
    assert len(spellings) == count
    for other in (text + "=", text + "==", "=" + text, text + "\n", " " + text, text.replace("_", "/") + "~"):
        assert RING.verify(other, Purpose.OPEN) is None


def test_t07_the_standard_alphabet_is_another_spelling() -> None:
    texts = [RING.sign(Token(Purpose.OPEN, number)) for number in range(64)]
    respelled = [text.replace("-", "+").replace("_", "/") for text in texts]
    assert any(text != other for text, other in zip(texts, respelled, strict=True))
    for text, other in zip(texts, respelled, strict=True):
        assert (RING.verify(other, Purpose.OPEN) is not None) == (text == other)


@given(st.one_of(st.text(max_size=200), st.text(URL_CHARACTERS, max_size=200)), st.sampled_from(Purpose))
def test_t07_garbage_is_none_and_never_an_error(text: str, purpose: Purpose) -> None:
    assert RING.verify(text, purpose) is None
    assert RING.verify_return_path(text) is None


def test_t07_a_foreign_keyring_verifies_nothing() -> None:
    foreign = Keyring([FOREIGN])
    assert foreign.verify(RING.sign(CLICK), Purpose.CLICK) is None
    assert foreign.verify_return_path(RING.sign_return_path(5)) is None


def test_t07_oversized_text_is_refused_both_ways() -> None:
    longest = RING.sign(Token(Purpose.CLICK, 1, destination="x" * (MAX_TOKEN_LENGTH * 3 // 4 - 37)))
    assert len(longest) == MAX_TOKEN_LENGTH
    assert RING.verify(longest, Purpose.CLICK) is not None
    assert RING.verify(longest + "A", Purpose.CLICK) is None
    assert RING.verify("A" * 10_000_000, Purpose.CLICK) is None
    with pytest.raises(ValueError, match="too long"):
        RING.sign(Token(Purpose.CLICK, 1, destination="x" * 4000))


@pytest.mark.parametrize(
    "token",
    [
        Token(Purpose.OPEN, -1),
        Token(Purpose.OPEN, 2**64),
        Token(Purpose.OPEN, 1, -1),
        Token(Purpose.OPEN, 1, 2**64),
        Token(Purpose.CLICK, 1, 1, 2**16),
        Token(Purpose.CLICK, 1, 1, 1, "https://example.com/\r\nSet-Cookie: a=b"),
        Token(Purpose.CLICK, 1, 1, 1, "https://example.com/\0"),
        Token(Purpose.CLICK, 1, 1, 1, "https://example.com/\udc80"),
    ],
)
def test_what_does_not_fit_a_token_is_not_signed(token: Token) -> None:
    with pytest.raises(ValueError, match=r"."):
        RING.sign(token)


def test_after_a_rotation_old_keys_verify_and_the_new_one_signs() -> None:
    before, after = Keyring([OLD]), Keyring([NEW, OLD])
    assert after.verify(before.sign(CLICK), Purpose.CLICK) == CLICK
    assert after.verify_return_path(before.sign_return_path(5)) == 5
    assert after.sign(CLICK) == Keyring([NEW]).sign(CLICK) != before.sign(CLICK)
    assert before.verify(after.sign(CLICK), Purpose.CLICK) is None
    assert Keyring([NEW, FOREIGN]).verify(before.sign(CLICK), Purpose.CLICK) is None


def test_secrets_that_share_a_key_id_all_verify() -> None:
    seen: dict[int, str] = {}
    for number in range(300):
        secret = f"{NEW}-{number}"
        ring = Keyring([secret])
        key_id = _raw(ring.sign(CLICK))[1]
        if key_id in seen:
            both = Keyring([secret, seen[key_id]])
            assert both.verify(ring.sign(CLICK), Purpose.CLICK) == CLICK
            assert both.verify(Keyring([seen[key_id]]).sign(CLICK), Purpose.CLICK) == CLICK
            return
        seen[key_id] = secret
    pytest.fail("300 secrets have 256 key ids, so two must share one")


@given(st.integers(0, 2**64 - 1))
def test_d10_a_return_path_is_short_and_survives_a_change_of_case(message_id: int) -> None:
    text = RING.sign_return_path(message_id)
    assert text == text.lower()
    assert text.isalnum()
    assert len(f"b-{text}") <= 64
    assert RING.verify_return_path(text) == RING.verify_return_path(text.upper()) == message_id


def test_d10_a_forged_return_path_is_none() -> None:
    text = RING.sign_return_path(123_456)
    for place in range(len(text)):
        assert RING.verify_return_path(text[:place]) is None
        for character in "abcdefghijklmnopqrstuvwxyz234567=018ſıé ":
            if character != text[place]:
                forged = text[:place] + character + text[place + 1 :]
                assert RING.verify_return_path(forged) is None, (place, character)


def test_d10_a_return_path_is_no_token_and_the_other_way_round() -> None:
    for purpose in Purpose:
        assert RING.verify(RING.sign_return_path(7), purpose) is None
        assert RING.verify_return_path(RING.sign(Token(purpose, 7))) is None


@pytest.mark.parametrize("message_id", [-1, 2**64])
def test_d10_a_return_path_needs_a_message_id(message_id: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        RING.sign_return_path(message_id)


def test_x17_derived_keys_differ_by_name_and_secret_and_are_no_purposes_key() -> None:
    names = ["message-id", "webhook", "return-path", *(purpose.name.lower() for purpose in Purpose)]
    keys = Counter(Keyring([secret]).derive(name) for secret in (NEW, OLD) for name in names)
    assert set(keys.values()) == {1}
    assert {len(key) for key in keys} == {32}
    assert keys.keys().isdisjoint(RING._signing.values())
    assert Keyring([NEW, OLD]).derive_each("webhook") == (
        Keyring([NEW]).derive("webhook"),
        Keyring([OLD]).derive("webhook"),
    )


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "secret",
        "change-me",
        NEW[:31],
        " " * 40,
        "x" * 40,
        "ab" * 20,
        "secret" * 8,
        "secret-secret-secret-secret-secret-secret",
        "supersecretsupersecretsupersecretsup",
        "change-me-to-something-long-and-random-9f",
        "CHANGE_ME_CHANGE_ME_please_0192837465",
        "replace me with a long random string, ok?",
        "0123456789abcdefghijklmnopqrstuvwxyz",
        "0123456789abcdef0123456789abcdef",
        "Zk3vQ8pLr7Zk3vQ8pLr7Zk3vQ8pLr7Zk3v",
    ],
)
def test_x17_a_default_or_weak_secret_refuses_to_start(secret: str) -> None:
    for secrets in ([secret], [NEW, secret]):
        with pytest.raises(ValueError, match="secret key") as caught:
            Keyring(secrets)
        assert not secret.strip() or len(secret) < 10 or secret not in str(caught.value)


def test_x17_no_secret_refuses_to_start() -> None:
    with pytest.raises(ValueError, match="none is set"):
        Keyring([])


@given(st.binary(min_size=24, max_size=48).filter(lambda raw: len(set(raw)) > 16))
def test_random_secrets_are_accepted(raw: bytes) -> None:
    Keyring([base64.urlsafe_b64encode(raw).decode()])


def test_a_keyring_does_not_show_its_secrets() -> None:
    assert NEW not in repr(RING)
    assert NEW not in str(RING)


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def _text(raw: bytes | bytearray) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

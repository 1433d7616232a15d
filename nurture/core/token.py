"""Signed tokens: what a link, a pixel or a return path carries, provable without a database.

A token is base64url without padding (RFC 4648 §5) of: version, key id, purpose (one byte each),
contact id and message id (uint64), link number (uint16), destination (UTF-8), and the first 16 bytes
of HMAC-SHA256 over all of that (RFC 2104 §5), keyed for its purpose alone.
"""

import binascii
import hmac
import re
import struct
from base64 import b32decode, b32encode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from itertools import pairwise

VERSION = 1
MAX_TOKEN_LENGTH = 4096  # characters
MIN_SECRET_LENGTH = 32  # characters

_BODY = struct.Struct(">BBBQQH")
_MAC_SIZE = 16
_RETURN_PATH = struct.Struct(">BBQ")
_RETURN_PATH_MAC_SIZE = 10
_RETURN_PATH_LENGTH = 32  # 20 bytes are exactly 32 base32 characters: no spare bits, no padding

_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_MIN_DISTINCT_CHARACTERS = 8
_PLACEHOLDERS = ("changeme", "replaceme", "placeholder", "yoursecret", "secretkeyhere", "insecure")


class Purpose(IntEnum):
    """What a token may do. Numbers are part of mails already sent: add new ones, never reuse one."""

    OPEN = 1
    CLICK = 2
    PRICING = 3
    UNSUBSCRIBE = 4
    PREFERENCES = 5
    HANDOFF = 6


@dataclass(frozen=True, slots=True)
class Token:
    """The content of a token. Ids are unsigned 64-bit, `link` unsigned 16-bit; 0 means none."""

    purpose: Purpose
    contact_id: int
    message_id: int = 0
    link: int = 0
    destination: str = ""


class Keyring:
    """The secrets of a workspace: the first signs, all of them verify.

    Raises ValueError, in a sentence for the operator, for a secret that is missing, short or guessable.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("A secret key is needed to sign links, and none is set.")
        for secret in secrets:
            _refuse_weak(secret)
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._key_id = _key_id(self._secrets[0])
        self._signing = {purpose: _purpose_key(self._secrets[0], purpose) for purpose in Purpose}
        self._verifying = _keys_by_header(self._secrets)
        self._return_path_keys = self.derive_each("return-path")

    def sign(self, token: Token) -> str:
        """Return the token as text for a URL.

        Raises ValueError for an id out of range and for a destination that is too long or holds controls.
        """
        if _CONTROLS.search(token.destination):
            raise ValueError("A link's destination holds a control character.")
        try:
            body = _BODY.pack(
                VERSION, self._key_id, token.purpose, token.contact_id, token.message_id, token.link
            )
        except struct.error as error:
            raise ValueError(f"An id or link number of this token is out of range: {error}.") from error
        body += token.destination.encode()
        text = _encode(body + _mac(self._signing[token.purpose], body))
        if len(text) > MAX_TOKEN_LENGTH:
            raise ValueError(f"The destination is too long for a link ({len(token.destination)} characters).")
        return text

    def verify(self, text: str, purpose: Purpose) -> Token | None:
        """Return the content, or None for anything but the one spelling of a token signed for `purpose`."""
        raw = _decode(text)
        if raw is None or len(raw) < _BODY.size + _MAC_SIZE or raw[2] != purpose:
            return None
        body, mac = raw[:-_MAC_SIZE], raw[-_MAC_SIZE:]
        for key in self._verifying.get(raw[:3], ()):
            if hmac.compare_digest(_mac(key, body), mac):
                _, _, _, contact_id, message_id, link = _BODY.unpack_from(body)
                return Token(purpose, contact_id, message_id, link, body[_BODY.size :].decode())
        return None

    def sign_return_path(self, message_id: int) -> str:
        """Return 32 lower-case base32 characters; mail systems may change their case (RFC 5321 §2.4)."""
        try:
            body = _RETURN_PATH.pack(VERSION, self._key_id, message_id)
        except struct.error as error:
            raise ValueError(f"Message id {message_id} is out of range.") from error
        return b32encode(body + _return_path_mac(self._return_path_keys[0], body)).decode().lower()

    def verify_return_path(self, text: str) -> int | None:
        """Return the message id, or None for anything but a return path that this keyring signed."""
        if len(text) != _RETURN_PATH_LENGTH or not text.isascii():
            return None
        try:
            raw = b32decode(text, casefold=True)
        except binascii.Error:
            return None
        body, mac = raw[: _RETURN_PATH.size], raw[_RETURN_PATH.size :]
        if not any(hmac.compare_digest(_return_path_mac(key, body), mac) for key in self._return_path_keys):
            return None
        return int.from_bytes(body[2:])

    def derive(self, name: str) -> bytes:
        """Return the 32-byte key for another use, such as `message-id`; it signs and is never a token's."""
        return self.derive_each(name)[0]

    def derive_each(self, name: str) -> tuple[bytes, ...]:
        """Return the 32-byte keys for another use, one per secret: the first signs, all verify."""
        return tuple(_derived_key(secret, f"use/{name}") for secret in self._secrets)


def _refuse_weak(secret: str) -> None:
    if len(secret) < MIN_SECRET_LENGTH:
        raise ValueError(
            f"A secret key has {len(secret)} characters and needs at least {MIN_SECRET_LENGTH}; "
            "make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    letters = "".join(filter(str.isalnum, secret)).casefold()
    if any(placeholder in letters for placeholder in _PLACEHOLDERS):
        raise ValueError("A secret key is still the placeholder of an example; set one of your own.")
    if len(set(secret)) < _MIN_DISTINCT_CHARACTERS or _repeats(secret) or _counts_up(secret):
        raise ValueError("A secret key repeats or counts and can be guessed; set a random one.")


def _repeats(secret: str) -> bool:
    return any(secret[period:] == secret[:-period] for period in range(1, len(secret) // 2 + 1))


def _counts_up(secret: str) -> bool:
    steps = sum(ord(after) - ord(before) == 1 for before, after in pairwise(secret))
    return steps > len(secret) // 2


def _keys_by_header(secrets: tuple[bytes, ...]) -> dict[bytes, tuple[bytes, ...]]:
    # A key id is one byte, so two secrets may share one: every header leads to all keys it could mean.
    keys: dict[bytes, tuple[bytes, ...]] = {}
    for secret in dict.fromkeys(secrets):
        for purpose in Purpose:
            header = bytes((VERSION, _key_id(secret), purpose))
            keys[header] = (*keys.get(header, ()), _purpose_key(secret, purpose))
    return keys


def _key_id(secret: bytes) -> int:
    return sha256(secret).digest()[0]


def _purpose_key(secret: bytes, purpose: Purpose) -> bytes:
    return _derived_key(secret, purpose.name.lower())


def _derived_key(secret: bytes, name: str) -> bytes:
    return hmac.digest(secret, b"nurture/" + name.encode(), "sha256")


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:_MAC_SIZE]


def _return_path_mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:_RETURN_PATH_MAC_SIZE]


def _encode(raw: bytes) -> str:
    return b64encode(raw).translate(_TO_URLSAFE).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    if len(text) > MAX_TOKEN_LENGTH or not text.isascii():
        return None
    try:
        raw = binascii.a2b_base64(text.encode().translate(_TO_STANDARD) + b"==")
    except binascii.Error:
        return None
    # The decoder skips foreign characters and spare bits; writing it again proves the only spelling.
    return raw if _encode(raw) == text else None

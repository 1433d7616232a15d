"""Signs mail with DKIM (RFC 6376), so that a receiver knows which domain answers for it."""

import re
from collections import Counter
from typing import Final

import dkim
from dkim.crypto import UnparsableKeyError, parse_pem_private_key

from nurture.core.letter.header import wire_domain

_SIGNED: Final = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"reply-to",
    b"in-reply-to",
    b"references",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
_OVERSIGNED: Final = (b"from", b"to", b"subject")
"""Named once more than they occur: a second one, added on the way, breaks the signature (§8.15)."""

_SELECTOR: Final = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_FIELD_NAME: Final = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)
_SMALLEST_KEY_BITS: Final = 1024


class DkimSigner:
    """Signs for `domain` with the RSA key whose public half stands at `selector._domainkey.domain`."""

    def __init__(self, domain: str, selector: str, key_pem: bytes) -> None:
        """Raises ValueError if the key, the domain or the selector cannot be used; never shows the key."""
        if not _SELECTOR.fullmatch(selector):
            raise ValueError(
                "the DKIM selector is a DNS name made of letters, digits and hyphens: correct it"
            )
        self._domain = wire_domain(domain).encode()
        self._selector = selector.encode()
        self._key = key_pem.replace(b"\r\n", b"\n")
        _check_key(self._key)

    def sign(self, message: bytes) -> bytes:
        """The message with its DKIM-Signature in front: rsa-sha256, relaxed/relaxed, the fields above."""
        signature: bytes = dkim.DKIM(message).sign(
            self._selector,
            self._domain,
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=_fields_to_sign(message),
        )
        return signature + message


def _fields_to_sign(message: bytes) -> list[bytes]:
    head = message.partition(b"\r\n\r\n")[0]
    present = Counter(name.lower() for name in _FIELD_NAME.findall(head))
    return [name for name in _SIGNED for _ in range(present[name] + (name in _OVERSIGNED))]


def _check_key(key_pem: bytes) -> None:
    try:
        key = parse_pem_private_key(key_pem)
    except (UnparsableKeyError, ValueError, IndexError, TypeError):
        raise ValueError("the DKIM key cannot be read: give an RSA private key in PEM") from None
    if key["modulus"].bit_length() < _SMALLEST_KEY_BITS:
        raise ValueError(f"the DKIM key has fewer than {_SMALLEST_KEY_BITS} bits: make one of 2048")

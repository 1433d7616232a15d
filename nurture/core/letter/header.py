"""Header fields of a mail: values checked (X08), encoded (RFC 2047) and folded (RFC 5322 §2.2.3).

The standard library's policies re-parse every value, and encode a long URL or message id as if it were
prose; here structured values are folded only between their parts.
"""

import re
import unicodedata
from base64 import b64decode
from collections.abc import Iterable, Sequence
from email.charset import Charset
from itertools import chain, repeat
from typing import Final

MAX_VALUE: Final = 10_000
_FOLD_AT: Final = 76
_ENCODED_WORD: Final = 75
_LONGEST_PLAIN: Final = 500

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED: Final = re.compile(r"=\?([^?]{1,60})\?([bBqQ])\?(.{0,1000}?)\?=", re.DOTALL)
_TEXT_CHARSET: Final = re.compile("utf|iso-|us-ascii|windows-|cp|koi8|shift|euc|gb|big5", re.IGNORECASE)
_Q_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_LOCAL_PART: Final = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~\x80-\U0010ffff]|\\[ -~])*"')
_PLAIN_PHRASE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_HOST_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_DOTS: Final = re.compile("[.\u3002\uff0e\uff61]")
_UTF8: Final = Charset("utf-8")


class MessageError(ValueError):
    """A mail that must not be sent as it is; says which field and why, never its content."""


def refuse_controls(field: str, value: str) -> None:
    """Raise MessageError if `value` holds a control character, also one inside an encoded word (X08)."""
    if len(value) > MAX_VALUE:
        raise MessageError(f"{field} is longer than {MAX_VALUE:,} characters: shorten it")
    if _CONTROLS.search(value):
        raise MessageError(f"{field} holds a control character or a line break: remove it")
    for charset, encoding, encoded in _ENCODED.findall(value):
        refuse_controls(field, _decoded(field, charset, encoding, encoded))


def wire_address(address: str) -> str:
    """An address as SMTP and headers take it: the domain as A-labels (RFC 5891), the local part as it is.

    Raises MessageError if it is not `local@domain` (RFC 5321 §4.1.2, lengths of §4.5.3.1).
    """
    local, _, domain = address.rpartition("@")
    if not _LOCAL_PART.fullmatch(local) or _CONTROLS.search(local) or len(local.encode()) > 64:
        raise MessageError("an address is not valid before its @: correct it")
    return f"{local}@{wire_domain(domain)}"


def wire_domain(domain: str) -> str:
    """A domain in ASCII, non-ASCII labels as `xn--…`. Raises MessageError if it cannot be one."""
    ascii_domain = ".".join(_ascii_label(label) for label in _DOTS.split(domain))
    if len(ascii_domain) > 253:
        raise MessageError("a domain is longer than 253 characters: correct it")
    return ascii_domain


def prose(field: str, text: str) -> str:
    """The folded value of an unstructured field such as Subject."""
    text = text.strip()
    if _is_plain(text):
        return fold(field, re.split(r" (?=[^ ])", text))
    return fold(field, _encoded_words(text, len(field) + 2))


def mailbox(field: str, name: str, address: str) -> str:
    """The folded value of From, To or Reply-To: `name <address>`, or the address alone without a name."""
    name, address = name.strip(), wire_address(address)
    if not name:
        return fold(field, [address])
    if not _is_plain(name):
        words = _encoded_words(name, len(field) + 2)
    elif _PLAIN_PHRASE.fullmatch(name):
        words = name.split()
    else:
        words = re.split(r" (?=[^ ])", '"' + re.sub(r'(["\\])', r"\\\1", name) + '"')
    return fold(field, [*words, f"<{address}>"])


def fold(field: str, words: Iterable[str]) -> str:
    """Join `words` by blanks, with line ends before those that would pass column 76."""
    lines: list[str] = []
    line, room = "", _FOLD_AT - len(field) - 2
    for word in words:
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, _FOLD_AT - 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text and len(text) <= _LONGEST_PLAIN


def _encoded_words(text: str, offset: int) -> Sequence[str]:
    lengths = chain([_FOLD_AT - offset], repeat(_ENCODED_WORD))
    return [word for word in _UTF8.header_encode_lines(text, lengths) if word]


def _decoded(field: str, charset: str, encoding: str, encoded: str) -> str:
    try:
        if not _TEXT_CHARSET.match(charset):
            raise LookupError(charset)
        if encoding in "bB":
            raw = b64decode(encoded.encode() + b"==")
        else:
            raw = _Q_ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), encoded.encode())
        return raw.decode(charset.partition("*")[0])
    except (LookupError, ValueError):
        raise MessageError(f"{field} holds an encoded word that cannot be read: remove it") from None


def _ascii_label(label: str) -> str:
    if not label.isascii():
        label = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).lower())
        if not all(character == "-" or unicodedata.category(character)[0] in "LMN" for character in label):
            raise MessageError("a domain holds a character that no domain may have: correct it")
        if not label.isascii():
            label = "xn--" + label.encode("punycode").decode("ascii")
    if not _HOST_LABEL.fullmatch(label):
        raise MessageError("an address has no valid domain after its @: correct it")
    return label

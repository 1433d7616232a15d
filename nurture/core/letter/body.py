"""The body of a mail: text and HTML, encoded so that no byte of them can be taken for structure."""

import binascii
import hashlib
import re
from base64 import encodebytes
from typing import Final

_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END: Final = re.compile("\r\n?")
_ASCII: Final = bytes(range(128))


def build_body(html: str, text: str, message_id: str) -> tuple[list[tuple[str, str]], bytes]:
    """The content fields of the head, and the body with CRLF and lines of at most 76 (RFC 2045 §6).

    multipart/alternative with the plain text first (RFC 2046 §5.1.4), its boundary made from the
    `message_id`; text/plain alone when `html` is empty.
    """
    if not html:
        encoding, body = _encoded(text)
        return [("Content-Type", _type("plain")), ("Content-Transfer-Encoding", encoding)], body
    # Neither quoted-printable nor base64 can contain "=_", so no part can end the multipart early.
    boundary = f"=_{hashlib.sha256(message_id.encode(errors='replace')).hexdigest()[:32]}"
    parts = _part(boundary, "plain", text) + _part(boundary, "html", html)
    closing = f"--{boundary}--\r\n".encode()
    return [("Content-Type", f'multipart/alternative;\r\n boundary="{boundary}"')], parts + closing


def _part(boundary: str, kind: str, text: str) -> bytes:
    encoding, body = _encoded(text)
    head = f"--{boundary}\r\nContent-Type: {_type(kind)}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


def _type(kind: str) -> str:
    return f'text/{kind}; charset="utf-8"'


def _encoded(text: str) -> tuple[str, bytes]:
    """The transfer encoding that is about the shorter one, and the text in it, ending with CRLF."""
    plain = _CONTROLS.sub("", _LINE_END.sub("\n", text)).removesuffix("\n") + "\n"
    raw = plain.encode(errors="replace")
    non_ascii = len(raw.translate(None, _ASCII))
    if 6 * non_ascii > len(raw):
        return "base64", encodebytes(raw.replace(b"\n", b"\r\n")).replace(b"\n", b"\r\n")
    return "quoted-printable", binascii.b2a_qp(raw, istext=True).replace(b"\n", b"\r\n")

"""The bytes of a message taken apart: header fields, leaf parts and their text, in bounded time and memory.

Written by hand because the standard parser recurses with the nesting of a message and looks at every line
once per level: a hostile message of ten thousand levels must cost no more than a plain one (R10).
"""

import binascii
import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header

MAX_HEAD_BYTES = 256_000
MAX_FIELDS = 1_000
MAX_FIELD_CHARS = 16_000
MAX_DEPTH = 25
MAX_PARTS = 500
MAX_TEXT_BYTES = 400_000

Fields = Mapping[str, tuple[str, ...]]

_FIELD = re.compile(rb"^([!-9;-~]{1,100})[ \t]*:")
_PARAMETER = re.compile(r';\s*([\w*-]{1,40})\s*=\s*(?:"([^"]{0,500})"|([^\s;"]{1,500}))')
_GUESSED_BOUNDARY = re.compile(rb"^--([^\n]{0,199}[^ \t\n])[ \t]*+\n(?=[Cc]ontent-[TtDd])", re.MULTILINE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# What is only true as it was written: a server removes a forged one by its bytes, not by what they stand for.
_AS_WRITTEN = {"authentication-results"}
_SLOW_OR_ODD_CODECS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"}


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the MIME tree. `body` is still in its transfer encoding, with LF line ends."""

    content_type: str
    parameters: Mapping[str, str]
    fields: Fields
    body: bytes

    @property
    def is_attachment(self) -> bool:
        return first(self.fields, "content-disposition").lower().startswith("attachment")


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Top-level fields, the leaves in order, and what was wrong (None: nothing)."""

    fields: Fields
    parts: tuple[Part, ...]
    fault: str | None


def dissect(raw: bytes) -> Anatomy:
    """Take a message (RFC 5322, RFC 2045) apart. Never raises; a limit that was hit is the `fault`."""
    head, body = split_head(_with_line_ends(raw))
    # A lone CR ends no line for the servers on the way: it must not begin a field that they have not seen.
    head, body = head.replace(b"\r", b" "), body.replace(b"\r", b"\n")
    fault = f"header over {MAX_HEAD_BYTES} bytes" if len(head) > MAX_HEAD_BYTES else None
    fields = read_fields(head)
    parts: list[Part] = []
    for found in _leaves(fields, body):
        if isinstance(found, str):
            fault = fault or found
        else:
            parts.append(found)
    return Anatomy(fields, tuple(parts), fault)


def _with_line_ends(raw: bytes) -> bytes:
    """LF for CRLF, and for CR where there is no other line end."""
    lines = raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
    return lines if b"\n" in lines else lines.replace(b"\r", b"\n")


def split_head(raw: bytes) -> tuple[bytes, bytes]:
    """The header block and the body, LF line ends; a leading mbox line and blank lines are passed over."""
    raw = raw.lstrip(b"\n")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    head, _, body = raw.partition(b"\n\n")
    return head, body


def read_fields(head: bytes) -> Fields:
    """Header fields by lower-case name, in order, unfolded, encoded words (RFC 2047) decoded.

    A line that is no field continues the one before, as broken mailers mean it. What is beyond the limits
    is dropped.
    """
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in _unfold(head[:MAX_HEAD_BYTES]):
        read = _as_written if name in _AS_WRITTEN else _readable
        fields[name] = (*fields.get(name, ()), read(value[:MAX_FIELD_CHARS]))
    return fields


def _unfold(head: bytes) -> list[tuple[str, bytes]]:
    found: list[tuple[str, list[bytes]]] = []
    for line in head.split(b"\n"):
        match = _FIELD.match(line)
        if match:
            if len(found) == MAX_FIELDS:
                break
            found.append((match[1].decode("ascii").lower(), [line[match.end() :].strip()]))
        elif found:
            found[-1][1].append(line.strip())
    return [(name, b" ".join(lines)) for name, lines in found]


def _as_written(value: bytes) -> str:
    return _CONTROLS.sub("\ufffd", decode_bytes(value, "utf-8")).strip()


def _readable(value: bytes) -> str:
    text = decode_bytes(value, "utf-8")
    if "=?" in text:
        try:
            pieces = decode_header(text)
        except (HeaderParseError, ValueError):
            pieces = [(text, None)]
        text = "".join(p if isinstance(p, str) else decode_bytes(p, c or "utf-8") for p, c in pieces)
    return _CONTROLS.sub("", text.replace("\n", " ")).strip()


def _leaves(fields: Fields, body: bytes) -> Iterator[Part | str]:
    """Leaves in order; a text instead of a part says which limit cut the walk short."""
    waiting = [(fields, body, "text/plain", 0)]
    made = 0
    while waiting:
        fields, body, default_type, depth = waiting.pop()
        part = _part(fields, body, default_type)
        children = _children(part) if depth < MAX_DEPTH else []
        if depth == MAX_DEPTH and part.content_type.startswith("multipart/"):
            yield f"nested deeper than {MAX_DEPTH} levels"
        if not children:
            yield part
            continue
        made += len(children)
        if made > MAX_PARTS:
            yield f"more than {MAX_PARTS} parts"
            children = children[: max(0, MAX_PARTS - made + len(children))]
        inner = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        waiting.extend((*_head_of_part(child), inner, depth + 1) for child in reversed(children))


def _part(fields: Fields, body: bytes, default_type: str) -> Part:
    declared = first(fields, "content-type")
    content_type = declared.split(";", 1)[0].strip().lower()
    if content_type.count("/") != 1:
        content_type = default_type
    parameters = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(declared)}
    return Part(content_type, parameters, fields, body)


def _children(part: Part) -> list[bytes]:
    """The bodies between the boundaries (RFC 2046 §5.1.1).

    A boundary that does not occur is guessed from the body; none at all means that the part is a leaf.
    """
    if not part.content_type.startswith("multipart/"):
        return []
    declared = part.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
    children = _between(part.body, declared) if declared else []
    if not children and (guess := _GUESSED_BOUNDARY.search(part.body)):
        children = _between(part.body, guess[1])
    return children


def _between(body: bytes, boundary: bytes) -> list[bytes]:
    lines = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*$", re.MULTILINE)
    marks: list[tuple[int, int]] = []
    for match in lines.finditer(body):
        marks.append((match.start(), match.end() + 1))
        if match[1] is not None or len(marks) > MAX_PARTS + 1:
            break
    else:
        marks.append((len(body), len(body)))
    return [body[after:end] for (_, after), (end, _) in zip(marks, marks[1:], strict=False)]


def _head_of_part(raw: bytes) -> tuple[Fields, bytes]:
    if raw.startswith(b"\n"):
        return {}, raw[1:]
    head, _, body = raw.partition(b"\n\n")
    return read_fields(head), body


def text_of(part: Part, limit: int = MAX_TEXT_BYTES) -> str:
    """The decoded text of a leaf, at most `limit` bytes of it, without NUL; wrong bytes are replaced."""
    body = part.body[: limit * 2]
    encoding = first(part.fields, "content-transfer-encoding").lower()
    if encoding.startswith("base64"):
        body = _from_base64(body)
    elif encoding.startswith("quoted-printable"):
        body = binascii.a2b_qp(body)
    text = decode_bytes(body[:limit], part.parameters.get("charset", "utf-8"))
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _from_base64(body: bytes) -> bytes:
    symbols = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
    usable = symbols[: len(symbols) - (len(symbols) % 4 == 1)]
    return binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))


def decode_bytes(body: bytes, charset: str) -> str:
    """Text of `body`; an unknown or false charset falls back to UTF-8, then Windows-1252.

    Without lone surrogates, which UTF-7 can bring in and no encoder lets out again.
    """
    return _decoded(body, charset).encode("utf-8", "replace").decode()


def _decoded(body: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        try:
            codec = codecs.lookup(name)
            if codec._is_text_encoding and codec.name not in _SLOW_OR_ODD_CODECS:
                return body.decode(codec.name)
        except (LookupError, ValueError):
            continue
    known = charset.lower().replace("_", "-").startswith(("utf", "iso-2022", "euc", "gb", "big5", "shift"))
    try:
        return body.decode(charset if known else "windows-1252", "replace")
    except (LookupError, ValueError):
        return body.decode("windows-1252", "replace")


def first(fields: Fields, name: str) -> str:
    """The first value of the field, or the empty string."""
    return (fields.get(name) or ("",))[0]

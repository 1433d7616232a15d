"""The text of one of the marketer's files, or the fault that says why it cannot be read."""

import re
from pathlib import Path

from nurture.workspace.faults import Notes, Place

MAX_BYTES = 1_000_000

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\u2028\u2029\ud800-\udfff\ufeff]")


def read_source(path: Path, notes: Notes) -> str | None:
    """The text of `path` with LF line ends; None after noting why not (missing, empty, not UTF-8 …)."""
    top = Place(str(path), 1)
    if not path.is_file():
        notes.fault(top, "this file is missing: add it")
        return None
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        notes.fault(top, f"this file cannot be read ({error.strerror}): check its permissions")
        return None
    if len(raw) > MAX_BYTES:
        notes.fault(top, f"this file is larger than {MAX_BYTES:,} bytes: split or shorten it")
        return None
    return _decode(raw, top, notes)


def _decode(raw: bytes, top: Place, notes: Notes) -> str | None:
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        notes.fault(Place(top.file, line), "this is not UTF-8: save the file with the encoding UTF-8")
        return None
    control = _CONTROLS.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        notes.fault(Place(top.file, line), f"remove the control character {control[0]!a}")
        return None
    if not text.strip():
        notes.fault(top, "this file is empty: fill it or remove it")
        return None
    return text

"""A comma-separated file (RFC 4180 and what spreadsheets make of it) as a stream of rows.

Bytes come in as chunks, rows go out one by one; memory stays bounded whatever the file holds.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count

MAX_COLUMNS = 200
MAX_FIELD_CHARS = 64 * 1024
MAX_RECORD_CHARS = 1024 * 1024

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_OTHER_KINDS = {
    b"PK\x03\x04": "a spreadsheet (such as .xlsx) or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xfe\x00\x00": "UTF-32 text",
}
_SAVE_AGAIN = "Save or export it again as CSV UTF-8."
_BAD_BYTE = re.compile("[\udc80-\udcff]")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\s*', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"?')


class BadFile(ValueError):
    """A file that cannot be read as CSV. `row` is where, if known; the message says what to change."""

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(f"Row {row}: {message}" if row else message)
        self.row = row


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank. `number` counts from 1, the header and blank rows too, as spreadsheets do."""

    number: int
    cells: list[str]


def guess_encoding(chunks: Iterable[bytes]) -> str:
    """The codec of a whole file: what its byte order mark says, else UTF-8, else Windows-1252.

    Raises BadFile for other kinds of files, for bytes that fit no codec and for a mixture of two.
    """
    stream = iter(chunks)
    start = next(stream, b"")
    if not start:
        raise BadFile("The file is empty.")
    for magic, kind in _OTHER_KINDS.items():
        if start.startswith(magic):
            raise BadFile(f"The file is {kind}, not CSV. {_SAVE_AGAIN}")
    if start[:4].count(0) == 2:
        raise BadFile(f"The file looks like UTF-16 without a byte order mark. {_SAVE_AGAIN}")
    marked = next((codec for bom, codec in _BOMS.items() if start.startswith(bom)), None)
    return "utf-16" if marked == "utf-16" else _utf8_or_1252(chain([start], stream), marked)


def read_rows(chunks: Iterable[bytes], encoding: str) -> Iterator[Row]:
    """The rows that are not blank, the header first; raises BadFile with the row.

    The separator (comma, semicolon or tab) is the one most frequent in the first line, or what a first
    line like `sep=;` says (that line is no row).
    """
    blank, delimiter, lines = _separator(_lines(chunks, encoding))
    record = _RecordLines(lines)
    reader = csv.reader(record, delimiter=delimiter)
    for number in count(blank + 1):
        record.begin(number)
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _too_long("field", MAX_FIELD_CHARS, number) from error
        if cells is None:
            return
        _check_size(cells, record.length, number)
        if any(map(str.strip, cells)):
            yield Row(number, cells)


class _RecordLines:
    """Lines for the csv module, counted per record: it alone knows where one ends, but has no limits."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.begin(0)

    def begin(self, row: int) -> None:
        self.row, self.length = row, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            if self.length:
                raise BadFile(
                    'a quote (") opens a field here and is never closed: close or remove it.', self.row
                )
            raise StopIteration
        self.length += len(line)
        if self.length > MAX_RECORD_CHARS:
            raise _too_long("row", MAX_RECORD_CHARS, self.row)
        if "\0" in line:
            raise BadFile(
                f"there is a NUL character: the file is damaged or not text. {_SAVE_AGAIN}", self.row
            )
        return line


def _utf8_or_1252(chunks: Iterable[bytes], marked: str | None) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    foreign = faults = line = first_fault = 0
    for chunk, final in _ended(chunks):
        text = decoder.decode(chunk, final)
        if not text.isascii():
            fault = _BAD_BYTE.search(text)
            if fault and not faults:
                first_fault = line + text.count("\n", 0, fault.start()) + 1
            faults += len(_BAD_BYTE.findall(text)) if fault else 0
            foreign += len(text) - len(text.encode("ascii", "ignore"))
        line += text.count("\n")
    if faults and (marked or foreign - faults >= faults):
        raise BadFile(f"Line {first_fault} is not UTF-8, though the rest of the file is. {_SAVE_AGAIN}")
    return "cp1252" if faults else marked or "utf-8"


def _lines(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Lines with their "\\n" (from CR LF, LF or CR); one that is too long comes in pieces."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    rest = ""
    try:
        for chunk, final in _ended(chunks):
            for line in io.StringIO(rest + decoder.decode(chunk, final), newline="\n"):
                rest = line
                if line.endswith("\n") or len(line) > MAX_RECORD_CHARS:
                    rest = ""
                    yield line
    except UnicodeDecodeError as error:
        tried = "not UTF-16" if encoding == "utf-16" else "neither UTF-8 nor Windows-1252"
        raise BadFile(f"The file holds bytes that are {tried}. {_SAVE_AGAIN}") from error
    if rest:
        yield rest


def _ended(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The chunks, none the last, and an empty last one."""
    return chain(((chunk, False) for chunk in chunks), [(b"", True)])


def _separator(lines: Iterator[str]) -> tuple[int, str, Iterator[str]]:
    """How many blank lines come first, the separator, and all lines from the header on."""
    for blank, first in enumerate(lines):
        said = _SEPARATOR_LINE.fullmatch(first)
        if said:
            return blank, said[1], lines
        if first.strip():
            bare = _QUOTED.sub("", first)
            return blank, max(",;\t", key=bare.count), chain([first], lines)
    raise BadFile("The file has no rows.")


def _check_size(cells: list[str], length: int, number: int) -> None:
    if len(cells) > MAX_COLUMNS:
        raise BadFile(f"there are {len(cells)} columns, more than {MAX_COLUMNS}: leave some out.", number)
    if length > MAX_FIELD_CHARS and max(map(len, cells)) > MAX_FIELD_CHARS:
        raise _too_long("field", MAX_FIELD_CHARS, number)


def _too_long(what: str, limit: int, row: int) -> BadFile:
    return BadFile(
        f'a {what} is longer than {limit // 1024} kB: shorten it, or close a quote (") that is left open.',
        row,
    )

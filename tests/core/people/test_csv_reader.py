import csv
import io
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.core.people.csv_reader import (
    MAX_COLUMNS,
    MAX_FIELD_CHARS,
    MAX_RECORD_CHARS,
    BadFile,
    guess_encoding,
    read_rows,
)

MEGABYTE = 1 << 20


def chunks(content: bytes, size: int = 7) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def read(content: bytes, size: int = 7) -> list[tuple[int, list[str]]]:
    encoding = guess_encoding(chunks(content, size))
    return [(row.number, row.cells) for row in read_rows(chunks(content, size), encoding)]


def fail(pieces: Iterable[bytes]) -> BadFile:
    """The fault that reading ends with."""
    with pytest.raises(BadFile) as caught:
        for _ in read_rows(iter(pieces), "utf-8"):
            pass
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("size", [1024, 5])
def test_encodings_line_ends_and_separators(encoding: str, newline: str, separator: str, size: int) -> None:
    rows = [["email", "name"], ["jö@x.de", "Jörg €"], ["b@x.de", f"two{newline}lines"]]
    lines = [separator.join(rows[0]), separator.join(rows[1]), f'b@x.de{separator}"two{newline}lines"']
    mark = "\ufeff" if encoding.startswith("utf-16-") else ""
    content = (mark + newline.join(lines) + newline).encode(encoding)
    rows[2][1] = "two\nlines"
    assert read(content, size) == list(enumerate(rows, 1))


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    content = b'\n\nemail,note\n\na@x.de,"1\n2\n3"\n , \n,,\nb@x.de'
    assert read(content) == [
        (3, ["email", "note"]),
        (5, ["a@x.de", "1\n2\n3"]),
        (8, ["b@x.de"]),
    ]


def test_a_separator_line_is_no_row() -> None:
    assert read(b"sep=;\r\nemail;name, first\r\n") == [(1, ["email", "name, first"])]
    assert read(b'"sep=,"\nemail;a,b\n') == [(1, ["email;a", "b"])]


def test_the_separator_is_not_looked_for_in_quotes() -> None:
    assert read(b'"a,b,c,d";email\n1;2\n')[0] == (1, ["a,b,c,d", "email"])
    assert read(b'email;"one,\ntwo,three"\n1;2\n')[1] == (2, ["1", "2"])
    assert read(b"email\na@x.de\n")[1] == (2, ["a@x.de"])


def test_stray_quotes_are_kept() -> None:
    assert read(b'name,size\nACME "the" Co,5" disk\n')[1] == (2, ['ACME "the" Co', '5" disk'])
    assert read(b'name,x\n"say ""hi""",1\n')[1] == (2, ['say "hi"', "1"])


def test_the_encoding_is_decided_over_the_whole_file() -> None:
    plain = b"a@x.de,Jane\n" * 20_000
    assert guess_encoding(chunks(plain, 65536)) == "utf-8"
    assert guess_encoding(chunks(plain + "Jörg".encode(), 65536)) == "utf-8"
    assert guess_encoding(chunks(plain + "Jörg".encode("cp1252"), 65536)) == "cp1252"
    assert read(b"email,name\na@x.de,J\xf6rg\nb@x.de,M\xfcller \x80")[2] == (3, ["b@x.de", "Müller €"])


def test_two_encodings_in_one_file_are_never_mixed() -> None:
    utf8 = "Jörg,Müller\n".encode()
    for content in (utf8 * 3 + "Jörg".encode("cp1252"), b"\xef\xbb\xbf" + b"a\n" * 3 + b"J\xf6rg"):
        with pytest.raises(BadFile, match="Line 4 is not UTF-8, though the rest of the file is"):
            guess_encoding(chunks(content))


def test_bytes_of_no_encoding() -> None:
    with pytest.raises(BadFile, match="neither UTF-8 nor Windows-1252"):
        read(b"email\nJ\xf6rg \x81\n")
    with pytest.raises(BadFile, match="not UTF-16"):
        read("\ufeffemail\n".encode("utf-16-le") + b"\x00\xd8a\x00")
    with pytest.raises(BadFile, match="not UTF-16"):
        read("\ufeffemail\n".encode("utf-16-le") + b"a")


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04\x14", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        ("email".encode("utf-32"), "UTF-32"),
        ("email".encode("utf-16-le"), "UTF-16 without"),
        ("email".encode("utf-16-be"), "UTF-16 without"),
    ],
)
def test_other_kinds_of_files_are_told(start: bytes, kind: str) -> None:
    with pytest.raises(BadFile, match=kind) as caught:
        guess_encoding([start + b"x" * 100])
    assert "as CSV UTF-8" in str(caught.value)


def test_nothing_to_read() -> None:
    with pytest.raises(BadFile, match="empty"):
        guess_encoding([])
    with pytest.raises(BadFile, match="no rows"):
        read(b"\n \n\r\n")


HEADER = b"email,name\na@x.de,Jane\n"


@pytest.mark.parametrize(
    ("pieces", "row", "says"),
    [
        ([HEADER, b"b@x.de,J\0ane\n"], 3, "NUL"),
        ([HEADER, b'b@x.de,"Jane\nc@x.de,Jim\n'], 3, "never closed"),
        ([HEADER, b'"'], 3, "never closed"),
        ([HEADER, b'b@x.de,"', *repeat(b"abc\n" * 1000, 300)], 3, "longer than .* close a quote"),
        ([HEADER, *repeat(b"x," * 500_000, 2)], 3, "row is longer than 1024 kB"),
        ([*repeat(b"x," * 500_000, 2)], 1, "row is longer than 1024 kB"),
        ([HEADER, b"x," * MAX_COLUMNS, b"x\n"], 3, f"{MAX_COLUMNS + 1} columns"),
        ([HEADER, b"\n", b"x" * (MAX_FIELD_CHARS + 1), b"\n"], 4, "field is longer than 64 kB"),
    ],
)
def test_x16_a_bomb_gives_the_row(pieces: list[bytes], row: int, says: str) -> None:
    with pytest.raises(BadFile, match=f"^Row {row}: .*{says}"):
        raise fail(pieces)
    assert fail(pieces).row == row


@pytest.mark.parametrize(
    "piece", [b"x" * 65536, b'"' + b"x\n" * 32768, b"x," * 32768, b'"",' * 20000, b'""' * 32768]
)
def test_x16_memory_is_bounded_whatever_comes(piece: bytes) -> None:
    endless = chain([HEADER], repeat(piece, 2000))
    tracemalloc.start()
    assert fail(endless).row == 3
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * MEGABYTE


def test_x16_memory_is_flat_for_many_rows() -> None:
    tracemalloc.start()
    count = sum(1 for _ in read_rows(chain([HEADER], repeat(b"a@x.de,J\xc3\xb6rg\n" * 1000, 50)), "utf-8"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_002
    assert peak < 2 * MEGABYTE


def test_the_longest_row_is_taken() -> None:
    fields = ["x" * MAX_FIELD_CHARS] * (MAX_RECORD_CHARS // MAX_FIELD_CHARS - 1)
    assert read((",".join(fields) + "\n").encode(), 65536) == [(1, fields)]


CELL = st.text(st.sampled_from('ab",;\t\n ä€日'), max_size=6)


@settings(derandomize=True, database=None, deadline=None)
@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=6), st.integers(1, 40))
def test_what_the_csv_module_writes_is_read(rows: list[list[str]], size: int) -> None:
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(["email", "name"])
    writer.writerows(rows)
    told = [row for row in rows if any(cell.strip() for cell in row)]
    assert [cells for _, cells in read(written.getvalue().encode(), size)[1:]] == told

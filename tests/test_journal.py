"""The journal: nothing acknowledged is lost, whoever dies, fills the disk, forks or cleans up meanwhile."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.journal import Journal, is_closed, list_journals, read_records, remove_if_done

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(records=st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=6))
def test_what_is_appended_is_read(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with _open(folder) as journal:
        for record in records:
            journal.append(record)
    assert _read_all(folder) == records


def test_a_record_is_one_line_of_ascii_with_its_checksum(tmp_path: Path) -> None:
    with _open(tmp_path) as journal:
        journal.append({"g": "ü\n\r\u2028\udc80\0", "n": 1})
    (path,) = list_journals(tmp_path, "hits")
    assert path.read_bytes() == b'6bdf7aee {"g":"\\u00fc\\n\\r\\u2028\\udc80\\u0000","n":1}\n'
    assert path.stat().st_mode & 0o077 == 0


def test_the_folder_of_a_journal_is_its_owners_alone(tmp_path: Path) -> None:
    with _open(tmp_path / "data" / "journal"):
        assert (tmp_path / "data" / "journal").stat().st_mode & 0o777 == 0o700


def test_a_reader_takes_whole_lines_from_where_it_left_off(tmp_path: Path) -> None:
    with _open(tmp_path) as journal:
        journal.append({"n": 1})
        (path,) = list_journals(tmp_path, "hits")
        first = read_records(path, 0)
        assert (first.records, first.bad, first.end) == ([{"n": 1}], 0, path.stat().st_size)
        assert read_records(path, first.end).end == first.end
        journal.append({"n": 2})
        assert read_records(path, first.end).records == [{"n": 2}]


@pytest.mark.parametrize("limit", [1, 7, 16, 17, 18, 100, 10_000])
def test_a_small_limit_still_moves_on_by_whole_lines(tmp_path: Path, limit: int) -> None:
    expected = [{"n": number, "long": "x" * (number % 7) ** 3} for number in range(50)]
    with _open(tmp_path) as journal:
        for record in expected:
            journal.append(record)
    (path,) = list_journals(tmp_path, "hits")
    records: list[dict[str, Any]] = []
    offset = 0
    while (chunk := read_records(path, offset, limit)).end > offset:
        records, offset = records + chunk.records, chunk.end
    assert records == expected
    assert offset == path.stat().st_size


def test_an_unfinished_last_line_waits(tmp_path: Path) -> None:
    whole = _line_of(tmp_path / "made", {"n": 1})
    path = tmp_path / "hits-a-1-b.log"
    for length in range(len(whole)):
        path.write_bytes(whole + whole[:length])
        chunk = read_records(path, 0)
        assert (chunk.records, chunk.bad, chunk.end) == ([{"n": 1}], 0, len(whole))
        assert read_records(path, chunk.end).end == chunk.end


def test_every_damaged_byte_is_noticed_and_costs_its_own_line_only(tmp_path: Path) -> None:
    line = _line_of(tmp_path / "made", {"n": 1, "u": "https://example.com"})
    path = tmp_path / "hits-a-1-b.log"
    for place in range(len(line) - 1):
        damaged = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
        path.write_bytes(line + damaged + line)
        chunk = read_records(path, 0)
        assert len(chunk.records) == 2, damaged
        assert chunk.bad >= 1
        assert chunk.end == path.stat().st_size


@given(junk=st.binary(max_size=300))
def test_junk_in_a_file_is_skipped(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    folder = tmp_path_factory.mktemp("journal")
    line = _line_of(folder / "made", {"n": 1})
    path = folder / "hits-a-1-b.log"
    path.write_bytes(junk + b"\n" + line)
    chunk = read_records(path, 0)
    assert chunk.records == [{"n": 1}]
    assert chunk.bad == len([piece for piece in junk.split(b"\n") if piece])


def test_a_line_that_is_no_object_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "hits-a-1-b.log"
    path.write_bytes(b"4c2f32b8 [1]\n")
    assert read_records(path, 0).records == []
    assert read_records(path, 0).bad == 1


@pytest.mark.parametrize("record", [{"n": float("nan")}, {"n": object()}, {"n": b"bytes"}])
def test_what_is_not_json_writes_nothing(tmp_path: Path, record: dict[str, Any]) -> None:
    with _open(tmp_path) as journal:
        with pytest.raises((TypeError, ValueError)):
            journal.append(record)
        journal.append({"n": 1})
    assert _read_all(tmp_path) == [{"n": 1}]


@pytest.mark.parametrize("name", ["", "Hits", "a-b", "../a", "a/b", "*"])
def test_a_name_that_could_mean_another_journal_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Journal(tmp_path, name)


def test_a_folder_is_made_and_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    with _open(tmp_path / "a" / "b") as journal:
        journal.append({"n": 1})
    assert _read_all(tmp_path / "a" / "b") == [{"n": 1}]
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Journal(tmp_path / "file", "hits")
    assert list_journals(tmp_path / "missing", "hits") == []


def test_journals_in_one_folder_stay_apart(tmp_path: Path) -> None:
    for name in ("hits", "receipts"):
        journal = Journal(tmp_path, name)
        journal.append({"name": name})
        journal.close()
    assert [_read_all(tmp_path, name) for name in ("hits", "receipts")] == [
        [{"name": "hits"}],
        [{"name": "receipts"}],
    ]


def test_a_file_is_closed_when_its_writer_lets_go(tmp_path: Path) -> None:
    with _open(tmp_path) as journal:
        journal.append({"n": 1})
        (path,) = list_journals(tmp_path, "hits")
        assert not is_closed(path)
        assert not remove_if_done(path, path.stat().st_size)
        assert path.exists()
    assert is_closed(path)
    assert not remove_if_done(path, 0)
    assert path.exists()
    assert remove_if_done(path, path.stat().st_size)
    assert not path.exists()
    assert is_closed(path)
    assert not remove_if_done(path, 0)


def test_a_closed_journal_opens_another_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "hits")
    for number in range(2):
        journal.append({"n": number})
        journal.close()
        journal.close()
    assert len(list_journals(tmp_path, "hits")) == 2


def test_a_torn_last_piece_does_not_keep_a_closed_file(tmp_path: Path) -> None:
    line = _line_of(tmp_path / "made", {"n": 1})
    path = tmp_path / "hits-a-1-b.log"
    path.write_bytes(line + line[:-1])
    assert remove_if_done(path, read_records(path, 0).end)
    assert not path.exists()


def test_rotation_closes_the_old_file_and_loses_nothing(tmp_path: Path) -> None:
    with _open(tmp_path, max_bytes=100) as journal:
        for number in range(20):
            journal.append({"n": number})
        paths = list_journals(tmp_path, "hits")
        assert len(paths) == 4
        assert sorted(is_closed(path) for path in paths) == [False, True, True, True]
    assert all(path.stat().st_size <= 100 for path in paths)
    assert sorted(record["n"] for record in _read_all(tmp_path)) == list(range(20))


def test_threads_share_a_journal(tmp_path: Path) -> None:
    with _open(tmp_path, max_bytes=10_000) as journal:

        def work(worker: int) -> None:
            for number in range(200):
                journal.append({"w": worker, "n": number})

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    records = sorted((record["w"], record["n"]) for record in _read_all(tmp_path))
    assert records == [(worker, number) for worker in range(8) for number in range(200)]


def test_with_sync_every_record_is_read_back(tmp_path: Path) -> None:
    with _open(tmp_path, sync=True, max_bytes=60) as journal:
        for number in range(10):
            journal.append({"n": number})
    assert len(_read_all(tmp_path)) == 10


FORK = """
journal = Journal(folder, "hits")
journal.append({"by": "parent", "n": 1})
started, go_on = os.pipe(), os.pipe()
child = os.fork()
if not child:
    os.write(started[1], b".")
    os.read(go_on[0], 1)
    journal.append({"by": "child"})
    os._exit(0)
os.read(started[0], 1)
journal.append({"by": "parent", "n": 2})
parents = list_journals(folder, "hits")[0]
journal.close()
print(is_closed(parents))
os.write(go_on[1], b".")
print(os.waitpid(child, 0)[1], len(list_journals(folder, "hits")))
"""


def test_a_forked_child_writes_its_own_file_and_holds_no_lock_of_its_parent(tmp_path: Path) -> None:
    assert _run(FORK, tmp_path).stdout.split() == ["True", "0", "2"]
    assert len(_read_all(tmp_path)) == 3
    for path in list_journals(tmp_path, "hits"):
        assert len({record["by"] for record in read_records(path, 0).records}) == 1


FORK_WHILE_LOCKED = """
journal = Journal(folder, "hits")
journal.append({"n": 1})
journal._lock.acquire()
child = os.fork()
if not child:
    journal.append({"n": 2})
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""


def test_a_fork_in_the_middle_of_another_threads_record_does_not_block_the_child(tmp_path: Path) -> None:
    assert _run(FORK_WHILE_LOCKED, tmp_path).stdout.split() == ["0"]
    assert len(_read_all(tmp_path)) == 2


SIZE_LIMIT = """
import resource
journal = Journal(folder, "hits")
journal.append({"n": 0})
size = list_journals(folder, "hits")[0].stat().st_size
for limit, number in ((size + 5, 1), (size + 5, 2), (resource.RLIM_INFINITY, 3)):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        journal.append({"n": number})
        print("kept", number)
    except JournalFull as error:
        print("full", number)
journal.append({"n": 4})
"""


def test_t06_a_short_write_is_said_and_spoils_no_other_record(tmp_path: Path) -> None:
    assert _run(SIZE_LIMIT, tmp_path).stdout.split() == ["full", "1", "full", "2", "kept", "3"]
    (path,) = list_journals(tmp_path, "hits")
    chunk = read_records(path, 0)
    assert (chunk.records, chunk.bad) == ([{"n": 0}, {"n": 3}, {"n": 4}], 1)
    assert remove_if_done(path, chunk.end)


CUT_EVERYWHERE = """
import resource
line = len(b'01234567 {"n":1}\\n')
for cut in range(1, line):
    journal = Journal(folder, "hits")
    journal.append({"n": 0})
    resource.setrlimit(resource.RLIMIT_FSIZE, (line + cut, resource.RLIM_INFINITY))
    try:
        journal.append({"n": 1})
    except JournalFull:
        print("full")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.append({"n": 2})
"""


def test_t06_a_record_said_to_be_lost_stays_lost_wherever_it_was_torn(tmp_path: Path) -> None:
    assert _run(CUT_EVERYWHERE, tmp_path).stdout.split() == ["full"] * 16
    for path in list_journals(tmp_path, "hits"):
        chunk = read_records(path, 0)
        assert (chunk.records, chunk.bad) == ([{"n": 0}, {"n": 2}], 1), path.read_bytes()


FULL_DISK = """
journal = Journal(folder, "hits", max_bytes=1 << 14)
kept = 0
try:
    while True:
        journal.append({"n": kept, "x": "x" * 200})
        kept += 1
except JournalFull:
    pass
(folder / "ballast").unlink()
journal.append({"n": kept, "x": ""})
records = [record for path in list_journals(folder, "hits") for record in read_records(path, 0).records]
print(sorted(record["n"] for record in records) == list(range(kept + 1)), kept > 100)
"""


def test_t06_a_full_disk_is_said_and_writing_goes_on_once_there_is_room(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=128k tmpfs {tmp_path} && head -c 32768 /dev/zero > {tmp_path}/ballast"
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "sh", "-c", mount]).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    command = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    assert _run(FULL_DISK, tmp_path, command).stdout.split() == ["True", "True"]


WRITE_FOR_EVER = """
journal = Journal(folder, "hits", max_bytes=20_000)
for number in range(10**9):
    journal.append({"n": number, "x": "x" * 500})
    os.write(1, b"%d\\n" % number)
"""


def test_a_killed_writer_loses_no_acknowledged_record(tmp_path: Path) -> None:
    process = subprocess.Popen(_command(WRITE_FOR_EVER, tmp_path), stdout=subprocess.PIPE)
    assert process.stdout
    acknowledged = [process.stdout.readline() for _ in range(300)]
    process.send_signal(signal.SIGKILL)
    acknowledged += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    chunks = [read_records(path, 0) for path in list_journals(tmp_path, "hits")]
    kept = sorted(record["n"] for chunk in chunks for record in chunk.records)
    assert kept == list(range(len(kept)))
    # The last of the lines may itself be torn, and one more record may be written and not yet said.
    assert len(kept) - 1 <= len([line for line in acknowledged if line.endswith(b"\n")]) <= len(kept)
    assert sum(chunk.bad for chunk in chunks) == 0
    assert all(is_closed(path) for path in list_journals(tmp_path, "hits"))


REMOVED_BEFORE_LOCKED = """
import sys
removed = []

def remove_the_file_before_its_first_lock(event, arguments):
    if event == "fcntl.flock" and not removed:
        removed.extend(list_journals(folder, "hits"))
        print(is_closed(removed[0]), remove_if_done(removed[0], 0))

sys.addaudithook(remove_the_file_before_its_first_lock)
journal = Journal(folder, "hits")
journal.append({"n": 1})
print(removed[0].exists())
"""


def test_a_file_removed_before_its_writer_could_lock_it_is_made_anew(tmp_path: Path) -> None:
    assert _run(REMOVED_BEFORE_LOCKED, tmp_path).stdout.split() == ["True", "True", "False"]
    assert _read_all(tmp_path) == [{"n": 1}]


OPEN_AND_CLOSE = """
for number in range(400):
    journal = Journal(folder, "hits")
    journal.append({"n": number})
    journal.close()
"""


def test_removing_files_loses_nothing_of_writers_that_are_just_opening_them(tmp_path: Path) -> None:
    process = subprocess.Popen(_command(OPEN_AND_CLOSE, tmp_path))
    seen: list[int] = []
    offsets: dict[Path, int] = {}
    while process.poll() is None or list_journals(tmp_path, "hits"):
        for path in list_journals(tmp_path, "hits"):
            # An offset read before the record is there, as a reader has it that is a moment late.
            if remove_if_done(path, offsets.get(path, 0)):
                continue
            chunk = read_records(path, offsets.get(path, 0))
            seen += [record["n"] for record in chunk.records]
            offsets[path] = chunk.end
    assert process.returncode == 0
    assert sorted(seen) == list(range(400))


@contextmanager
def _open(folder: Path, **options: Any) -> Iterator[Journal]:
    journal = Journal(folder, "hits", **options)
    try:
        yield journal
    finally:
        journal.close()


def _read_all(folder: Path, name: str = "hits") -> list[dict[str, Any]]:
    chunks = [read_records(path, 0) for path in list_journals(folder, name)]
    assert sum(chunk.bad for chunk in chunks) == 0
    return [record for chunk in chunks for record in chunk.records]


def _line_of(folder: Path, record: dict[str, Any]) -> bytes:
    with _open(folder) as journal:
        journal.append(record)
    (path,) = list_journals(folder, "hits")
    line = path.read_bytes()
    path.unlink()
    return line


def _run(
    script: str, folder: Path, command: tuple[str, ...] | list[str] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *_command(script, folder)], capture_output=True, text=True, check=True, timeout=30
    )


def _command(script: str, folder: Path) -> list[str]:
    prelude = (
        "import os\nfrom pathlib import Path\n"
        "from nurture.journal import *\n"
        f"folder = Path({os.fspath(folder)!r})\n"
    )
    return [sys.executable, "-c", prelude + script]

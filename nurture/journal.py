"""The durable append-only log: what is in it survives the death of its writer.

Each process writes files of its own, `<name>-<host>-<pid>-<random>.log`, and holds an exclusive lock on
the one it writes. A record is one line: CRC-32 of the payload (8 hex digits), a space, the payload (JSON
in ASCII), a newline. A reader takes whole lines only and keeps the offset after the last of them.
"""

import errno
import fcntl
import json
import os
import re
import secrets
import socket
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

MAX_BYTES = 64 << 20

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TEAR = b"~\n"  # spoils a torn piece, so that a line that lacked only its newline stays refused
_NEWLINE = ord("\n")
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class JournalFull(OSError):
    """The disk, a quota or a file size limit left no room: the record is not in the journal."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole records, how many lines were skipped as damaged, and the offset (bytes) after the last line."""

    records: list[dict[str, Any]]
    bad: int
    end: int


class Journal:
    """The writing end. Threads may share it; a forked child opens a file of its own at its first record.

    `max_bytes` is the size after which the next file is opened. With `sync`, every record is on the disk
    before `append` returns and survives loss of power too.
    """

    _lock: threading.Lock
    _fd: int
    _size: int
    _torn: bool

    def __init__(self, folder: Path, name: str, *, max_bytes: int = MAX_BYTES, sync: bool = False) -> None:
        """Make the folder if needed. ValueError for a wrong name, OSError if the folder cannot be written."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"A journal's name has lower-case letters, digits and _ only, not {name!r}.")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "The folder of the journal cannot be written", str(folder))
        self._folder, self._name, self._max_bytes, self._sync = folder, name, max_bytes, sync
        self._start_without_file()
        _journals.add(self)

    def append(self, record: dict[str, Any]) -> None:
        """Write one record with one `write(2)`; when this returns, the death of the process cannot lose it.

        Raises JournalFull when there is no room, another OSError when the disk fails, and TypeError or
        ValueError, before anything is written, when the record is not JSON.
        """
        payload = _encode(record).encode("ascii")
        line = b"%08x %b\n" % (crc32(payload), payload)
        with self._lock:
            try:
                self._write(line)
            except OSError as error:
                if error.errno in _FULL:
                    raise JournalFull(error.errno, error.strerror) from error
                raise

    def close(self) -> None:
        """Let go of the file, so that a reader may finish it. A later `append` opens another."""
        with self._lock:
            self._let_go()

    def _write(self, line: bytes) -> None:
        if self._fd < 0 or self._size + len(line) > self._max_bytes:
            self._open_next()
        if self._torn:
            line = _TEAR + line
        written = os.write(self._fd, line)
        if written:
            self._size += written
            self._torn = line[written - 1] != _NEWLINE
        if written < len(line):
            raise OSError(errno.ENOSPC, f"Only {written} of {len(line)} bytes had room in the journal")
        if self._sync:
            _sync_data(self._fd)

    def _open_next(self) -> None:
        fd = _create_locked(self._folder, self._name)
        self._let_go()
        self._fd = fd
        if self._sync:
            _sync_folder(self._folder)

    def _let_go(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._size, self._torn = -1, 0, False

    def _start_without_file(self) -> None:
        self._lock = threading.Lock()
        self._fd = -1
        self._size = 0
        self._torn = False

    def _forget_parent(self) -> None:
        # At once, not at the next record: an inherited descriptor keeps the parent's lock alive after it.
        inherited = self._fd
        self._start_without_file()
        if inherited >= 0:
            os.close(inherited)


def list_journals(folder: Path, name: str) -> list[Path]:
    """Return the files of this journal by all its writers, in the order of their names."""
    return sorted(folder.glob(f"{name}-*.log"))


def read_records(path: Path, offset: int, limit_bytes: int = 1 << 20) -> Chunk:
    """Read whole lines from `offset`: about `limit_bytes`, and at least one line if one is there.

    Damaged lines are skipped and counted; an unfinished last line is left for the next call.
    """
    lines = _read_whole_lines(path, offset, limit_bytes)
    parsed = [_parse(line) for line in lines.split(b"\n") if line]
    records = [record for record in parsed if record is not None]
    return Chunk(records, len(parsed) - len(records), offset + len(lines))


def is_closed(path: Path) -> bool:
    """Tell whether no writer holds this file any more; true also when it is gone."""
    try:
        with path.open("rb") as file:
            return _try_lock(file.fileno(), fcntl.LOCK_SH)
    except FileNotFoundError:
        return True


def remove_if_done(path: Path, offset: int) -> bool:
    """Delete the file if its writer is gone and no whole line follows `offset`; tell whether it did.

    The lock is held meanwhile: a writer that has made the file and not locked it yet will find it gone and
    make another, so nothing is written into a deleted file.
    """
    try:
        with path.open("rb") as file:
            if not _try_lock(file.fileno(), fcntl.LOCK_EX) or _read_whole_lines(path, offset, 1 << 16):
                return False
            path.unlink()
            return True
    except FileNotFoundError:
        return False


def _create_locked(folder: Path, name: str) -> int:
    host = re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())
    while True:
        path = folder / f"{name}-{host}-{os.getpid()}-{secrets.token_hex(6)}.log"
        fd = os.open(path, os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            still_there = os.fstat(fd).st_nlink > 0
        except OSError:
            os.close(fd)
            raise
        if still_there:
            return fd
        os.close(fd)  # a reader took it for an abandoned one and removed it


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _try_lock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_whole_lines(path: Path, offset: int, limit_bytes: int) -> bytes:
    data = b""
    with path.open("rb") as file:
        file.seek(offset)
        while piece := file.read(limit_bytes):
            data += piece
            if b"\n" in piece:
                break
    return data[: data.rfind(b"\n") + 1]


def _parse(line: bytes) -> dict[str, Any] | None:
    payload = line[9:]
    if line[:9] != b"%08x " % crc32(payload):
        return None
    try:
        record = json.loads(payload)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def _start_child() -> None:
    for journal in _journals:
        journal._forget_parent()


os.register_at_fork(after_in_child=_start_child)

"""Where an installation keeps its data and its sockets, and who may use them."""

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from nurture.embedded.errors import EmbeddedError, FolderInUse

# Linux allows 107 bytes, macOS 103.
LONGEST_SOCKET_PATH = 103
# libpq splits a host at commas, PostgreSQL its setting at commas and quotes.
SAFE_SOCKET_FOLDER = re.compile(r"[\w./ @%+~=:-]+")
# Not $TMPDIR: every shell must find the same socket for the same data.
SHORT_FOLDERS = Path("/tmp")  # noqa: S108


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Holds `folder/lock` for this process; the kernel lets go of it however the process ends.

    Raises FolderInUse, naming the holder, when another living process has it; EmbeddedError when the
    folder cannot be used at all.
    """
    with _open_lock(folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(_in_use_message(folder)) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _open_lock(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return open(folder / "lock", "a+", encoding="ascii")
    except OSError as error:
        raise EmbeddedError(f"cannot use {folder}: {error.strerror}; choose another with --data") from error


def _in_use_message(folder: Path) -> str:
    holder = (folder / "lock").read_text(encoding="ascii").strip() or "unknown"
    return (
        f"{folder} is in use by another nurture (process {holder}): stop that one, "
        "or choose another folder with --data"
    )


def socket_folder(folder: Path, socket_name: str) -> Path:
    """The folder for a server's socket: the data folder, or a short one where that path is too long."""
    folder = folder.resolve()
    fits = len(os.fsencode(folder / socket_name)) <= LONGEST_SOCKET_PATH
    if fits and SAFE_SOCKET_FOLDER.fullmatch(str(folder)):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return SHORT_FOLDERS.resolve() / f"nurture-{name}"


def make_private_folder(folder: Path, owner: int) -> None:
    """Makes `folder` one that only the user id `owner` (and root) can enter; parents are made as usual.

    Raises EmbeddedError where somebody else was there first: /tmp is everybody's.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
        raise EmbeddedError(f"{folder} belongs to user id {found.st_uid}, not {owner}: remove it or chown it")
    if found.st_uid != owner:
        os.chown(folder, owner, -1, follow_symlinks=False)
    folder.chmod(0o700)


def open_way_to(folder: Path) -> None:
    """Lets every user pass through (not list) the folders above `folder`, where they could not."""
    for parent in folder.resolve().parents:
        mode = stat.S_IMODE(parent.stat().st_mode)
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)

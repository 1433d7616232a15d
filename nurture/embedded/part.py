"""One part of an installation: what to run, and the process that runs it now."""

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from nurture.embedded.child import child_command

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 10.0
# A life this long forgives all earlier deaths.
STEADY_SECONDS = 30.0
# A variable that all descendants inherit: a worker's job may have a process group of its own.
MARKER = "NURTURE_PART"


@dataclass(frozen=True)
class Part:
    """A command to keep running.

    env: variables added to the supervisor's own.
    stop_signal: asks it to end; after stop_seconds it is killed with all it started.
    death_signal: what the kernel sends it when the supervisor dies without a word (Linux).
    user: the system user to become, when the supervisor is root.
    ready: returns when the part can be used, raises when it gave up; called once, in a thread.
    """

    name: str
    command: list[str]
    env: Mapping[str, str] | None = None
    stop_signal: int = signal.SIGTERM
    user: str | None = None
    stop_seconds: float = 10
    ready: Callable[[], None] | None = None
    death_signal: int = signal.SIGTERM


class Running:
    """A part's process, started again whenever it ends."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.deaths = 0
        self.start_at: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._marker = uuid.uuid4().hex
        self._log = structlog.get_logger().bind(part=part.name)

    def start(self) -> None:
        """From the main thread: the kernel ties the process to the thread that forks it."""
        part = self.part
        line = child_command(part.command, death_signal=part.death_signal, user=part.user)
        env = {**os.environ, **(part.env or {}), MARKER: self._marker}
        self.start_at = None
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603
            line, env=env, start_new_session=True, stdin=subprocess.DEVNULL
        )
        self._log.info("part started", pid=self._process.pid)

    def tend(self) -> None:
        """Notices that the process ended, and starts it again when its delay is over."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            self._bury(now)
        if self.start_at is not None and now >= self.start_at:
            self.start()

    def stop(self) -> None:
        """Asks, waits, and kills what remains of the part."""
        self.start_at = None
        process = self._process
        if process is not None:
            process.send_signal(self.part.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                process.wait(self.part.stop_seconds)
        self.kill()
        if process is not None:
            status = process.wait()
            self._process = None
            self._log.info("part stopped", status=status)

    def kill(self) -> None:
        """Ends the process and all that it started, at once."""
        if self._process is not None:
            _kill_group(self._process.pid)
        for pid in _marked_processes(self._marker):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def _bury(self, now: float) -> None:
        """Kills the rest of the group, which may hold its port, and plans the next start."""
        assert self._process is not None  # noqa: S101
        _kill_group(self._process.pid)
        lived = now - self._started_at
        self.deaths = 1 if lived >= STEADY_SECONDS else self.deaths + 1
        delay = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** (self.deaths - 1))
        self.start_at = now + delay
        status = self._process.returncode
        self._log.warning(
            "part ended", status=status, lived_seconds=round(lived, 1), restart_in_seconds=delay
        )
        self._process = None


def _kill_group(leader: int) -> None:
    # macOS answers EPERM for a group of zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _marked_processes(marker: str) -> Iterator[int]:
    """Everything a part ever started, in whatever group, session or under whatever parent (Linux)."""
    wanted = marker.encode()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted in environ.read_bytes():
                yield int(environ.parent.name)

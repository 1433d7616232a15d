"""Keeps the parts of one installation running, and leaves none behind.

A part is tied to the supervisor three ways: it is asked to stop when the supervisor stops; what is left of
it is killed after that; and the kernel signals it when the supervisor is killed (`child.py`).
"""

import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from types import FrameType, TracebackType
from typing import Any, Self

from nurture.embedded.errors import PartFailed
from nurture.embedded.folders import lock_folder
from nurture.embedded.part import Part, Running

__all__ = ["Part", "PartFailed", "Supervisor", "lock_folder"]

DEATHS_BEFORE_READY = 5
# SIGCHLD wakes us; this bounds the wait should one be missed.
LONGEST_WAIT_SECONDS = 1.0
# Wrappers such as make and uv pass one Ctrl-C on twice.
ECHO_SECONDS = 0.5


class Supervisor:
    """`with Supervisor() as s: s.start(part); …; s.run_forever()`, in the main thread.

    Until `stop` it owns SIGINT, SIGTERM, SIGHUP and SIGCHLD: the first SIGINT, SIGTERM or SIGHUP asks
    everything to stop (also a `start` that is waiting), a further Ctrl-C kills at once.
    """

    def __init__(self) -> None:
        self._children: list[Running] = []
        self._stop_asked_at: float | None = None
        self._earlier_handlers: dict[int, Any] = {}
        self._wake_reader: socket.socket
        self._wake_writer: socket.socket

    def __enter__(self) -> Self:
        self._take_signals()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def stopping(self) -> bool:
        """True once a signal or `stop` has asked for the end: start nothing more."""
        return self._stop_asked_at is not None

    def start(self, part: Part) -> None:
        """Starts a part and returns when it is ready; does nothing once stopping.

        Raises PartFailed when it ends five times before it is ready, or its `ready` gives up.
        """
        self._take_signals()
        if self.stopping:
            return
        child = Running(part)
        self._children.append(child)
        child.start()
        if part.ready is not None:
            self._await_ready(child, part.ready)

    def run_forever(self) -> None:
        """Starts again what ends; returns when a signal asks for it."""
        self._take_signals()
        while not self.stopping:
            self._wait()
            self._tend()

    def stop(self) -> None:
        """Stops the parts, last started first, and gives the signals back. May be called twice."""
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()
        with ExitStack() as last_first:
            last_first.callback(self._give_signals_back)
            for child in self._children:
                last_first.callback(child.stop)

    def _await_ready(self, child: Running, ready: Callable[[], None]) -> None:
        name = child.part.name
        outcome: Future[None] = Future()
        threading.Thread(target=self._run_ready, args=(ready, outcome), name=name, daemon=True).start()
        while not self.stopping and not outcome.done():
            self._wait()
            self._tend()
            if child.deaths >= DEATHS_BEFORE_READY:
                raise PartFailed(
                    f"{name} ended {child.deaths} times without getting ready; see its output above"
                )
        if outcome.done() and (error := outcome.exception()):
            raise PartFailed(f"{name} did not get ready: {error}") from error

    def _run_ready(self, ready: Callable[[], None], outcome: Future[None]) -> None:
        try:
            ready()
        except Exception as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(None)
        self._wake()

    def _tend(self) -> None:
        for child in self._children:
            if not self.stopping:
                child.tend()

    def _wait(self) -> None:
        now = time.monotonic()
        moments = [child.start_at for child in self._children if child.start_at is not None]
        timeout = min([LONGEST_WAIT_SECONDS, *(max(0.0, moment - now) for moment in moments)])
        select.select([self._wake_reader], [], [], timeout)
        with suppress(BlockingIOError):
            self._wake_reader.recv(4096)

    def _wake(self) -> None:
        with suppress(OSError):
            self._wake_writer.send(b"\0")

    def _take_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "the supervisor's parts die with the thread that starts them: use the main thread"
            )
        if self._earlier_handlers:
            return
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        handlers = {
            signal.SIGINT: self._on_stop,
            signal.SIGTERM: self._on_stop,
            signal.SIGCHLD: self._on_child,
        }
        for number, handler in handlers.items():
            self._earlier_handlers[number] = signal.signal(number, handler)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
            self._earlier_handlers[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._on_stop)

    def _give_signals_back(self) -> None:
        if not self._earlier_handlers:
            return
        for number, handler in self._earlier_handlers.items():
            signal.signal(number, handler)
        self._earlier_handlers.clear()
        self._children.clear()
        self._wake_reader.close()
        self._wake_writer.close()

    def _on_child(self, number: int, frame: FrameType | None) -> None:
        self._wake()

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
        elif number == signal.SIGINT and now - self._stop_asked_at > ECHO_SECONDS:
            for child in self._children:
                child.kill()
        self._wake()

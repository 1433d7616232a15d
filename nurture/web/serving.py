"""Serves the site by granian."""

import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from nurture.settings import Settings
from nurture.web import main

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS: Final = 16
GRACE_SECONDS: Final = 5

Build = Callable[[Settings, int], "WSGIApplication"]


def serve(settings: Settings, build: Build = main.build) -> None:
    """Serve until SIGTERM or SIGINT: this process listens, one child of it works with many threads.

    `build(settings, pid of this process)` runs in the child. Ends the process with status 1 when the child
    dies, so that whoever supervises it starts both again. OSError when the address cannot be listened on.
    """
    host, port = settings.web_listen
    _try_address(host, port)
    if sys.platform == "linux":
        # Python 3.14 would start a process beside the worker that outlives a killed master.
        multiprocessing.set_start_method("fork", force=True)
    server = Granian(
        "nurture",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        blocking_threads=THREADS,
        websockets=False,
        log_level=LogLevels.error,
        workers_kill_timeout=GRACE_SECONDS,
    )
    server.serve(target_loader=partial(build, settings, os.getpid()), wrap_loader=False)


def _try_address(host: str, port: int) -> None:
    # granian shares its port (SO_REUSEPORT), so a second installation would silently take half the requests.
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise OSError(
                error.errno, f"cannot listen on {host}:{port} (WEB_LISTEN): {error.strerror}"
            ) from None

"""The fast path behind the real server, in a process group of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from nurture.core.token import Keyring, Purpose, Token
from nurture.journal import list_journals, read_records

SECRET = "Zk3vQ8pLr7TxWm2nYb5cHd9fJg4sKa6e"
RING = Keyring([SECRET])
URL = "https://example.com/pricing?a=1&b=%20x#top"
PIXEL = f"/o/{RING.sign(Token(Purpose.OPEN, 7, 9))}.gif"
LINK = f"/c/{RING.sign(Token(Purpose.CLICK, 7, 9, 2, URL))}"

SERVED = """
import os, resource
from pathlib import Path
from nurture.core.token import Keyring
from nurture.journal import Journal
from nurture.web.hits import Hits

drops = []

def application(environ, start_response):
    if environ["PATH_INFO"] == "/fill-the-disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(drops)).encode()]

# more

served = Hits(
    application,
    keyring=Keyring([os.environ["SECRET"]]),
    journal=Journal(Path(os.environ["JOURNAL"]), "hits"),
    dropped=lambda: drops.append(1),
)
"""


class Server:
    """One granian process group on a loopback port of its own."""

    def __init__(self, folder: Path, more: str = "", *, threads: int = 16) -> None:
        (folder / "served.py").write_text(SERVED.replace("# more", more))
        self.journal, self.log = folder / "journal", folder / "granian.log"
        self.port = _free_port()
        arguments = [
            "--interface",
            "wsgi",
            "--blocking-threads",
            str(threads),
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "served:served",
        ]
        paths = [str(folder), str(Path(__file__).parents[2])]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "granian", *arguments],
                env=os.environ
                | {"PYTHONPATH": os.pathsep.join(paths), "SECRET": SECRET, "JOURNAL": str(self.journal)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_it_answers()

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        answer = (
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )
        connection.close()
        return answer

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def recorded(self) -> list[dict[str, Any]]:
        return [record for path in list_journals(self.journal, "hits") for record in _records(path)]

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.get("/")
                return
            except OSError:
                time.sleep(0.02)
        self.kill()
        pytest.fail(f"The server did not start: {self.log.read_text()}")


def _records(path: Path) -> Iterator[dict[str, Any]]:
    offset = 0
    while (chunk := read_records(path, offset)).end > offset:
        assert chunk.bad == 0
        yield from chunk.records
        offset = chunk.end


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

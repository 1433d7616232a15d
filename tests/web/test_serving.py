"""The site behind its real server, as processes: started, read, stopped, and killed without warning."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from nurture.core.token import Keyring, Purpose, Token
from nurture.embedded.child import child_command
from nurture.journal import list_journals, read_records

SECRET = "Zk3vQ8pLr7TxWm2nYb5cHd9fJg4sKa6e"
LINK = f"/c/{Keyring([SECRET]).sign(Token(Purpose.CLICK, 7, 9, 2, 'https://example.com/'))}"
SERVED = """
import os
from nurture.settings import from_env
from nurture.web.serving import serve

serve(from_env(os.environ))
"""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Site:
    """`serve` in a process of its own, on a loopback port."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.log, self.port = folder / "web.log", int(environ["WEB_LISTEN"].rpartition(":")[2])
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                child_command([sys.executable, "-c", SERVED], death_signal=signal.SIGKILL),
                cwd=Path(__file__).parents[2],
                env=os.environ | environ,
                stdout=log,
                stderr=log,
            )

    def get(self, path: str, method: str = "GET", body: bytes | None = None) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, body)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())

    def answers(self) -> bool:
        with suppress(OSError):
            return self.get("/healthz").status == 200
        return False

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def environ(tmp_path: Path, database_url: str, redis_url: str) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "DATA_DIR": str(tmp_path / "data"),
        "BASE_URL": "http://go.acme.example",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": SECRET,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "WEB_LISTEN": f"127.0.0.1:{port}",
    }


@pytest.fixture
def site(tmp_path: Path, environ: dict[str, str]) -> Iterator[Site]:
    site = Site(tmp_path, environ)
    wait_until(lambda: site.answers() or site.process.poll() is not None, site.log)
    yield site
    if site.process.poll() is None:
        site.process.kill()
    site.process.wait()


def test_it_serves_pages_and_links_from_one_worker(site: Site, environ: dict[str, str]) -> None:
    assert site.get("/readyz").status == 200
    answer = site.get(LINK)
    assert (answer.status, answer.headers["location"]) == (302, "https://example.com/")
    sheet = site.get("/style.css")
    assert (sheet.status, sheet.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert site.get("/p/nothing", "POST", b"x" * 70_000).status == 404
    assert b"nurture_database_up 1.0" in site.get("/metrics").body
    (worker,) = site.workers()
    (journal,) = list_journals(Path(environ["DATA_DIR"]) / "journal", "hits")
    assert f"-{worker.pid}-" in journal.name
    assert [record["k"] for record in read_records(journal, 0).records] == ["click"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quickly_with_open_connections_and_leaves_nothing(
    site: Site, stop: signal.Signals
) -> None:
    workers = site.workers()
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        site.process.send_signal(stop)
        assert site.process.wait(10) == 0
        assert time.monotonic() - began < 7
    assert not any(worker.is_running() for worker in workers)


def test_the_worker_dies_with_its_master(site: Site) -> None:
    workers = site.workers()
    site.process.kill()
    wait_until(lambda: not any(is_alive(worker) for worker in workers), site.log)


def test_the_master_ends_when_its_worker_died(site: Site) -> None:
    (worker,) = site.workers()
    worker.kill()
    assert site.process.wait(10) == 1


def test_a_port_that_is_taken_is_said(site: Site, environ: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    second = Site(folder, environ)
    try:
        assert second.process.wait(20) == 1
    finally:
        second.process.kill()
    assert (
        f"cannot listen on 127.0.0.1:{site.port} (WEB_LISTEN): Address already in use"
        in second.log.read_text()
    )
    assert site.answers()


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def wait_until(holds: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)

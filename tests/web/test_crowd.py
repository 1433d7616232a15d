"""Slow visitors never take the threads that pixels and links need (T02, T03)."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from nurture.web.crowd import Crowd
from tests.web.served import LINK, PIXEL, Server

SLOW_APPLICATION = """
from nurture.web.crowd import Crowd

def slow(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]

application = Crowd(slow, 2)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, SLOW_APPLICATION, threads=4)
    yield server
    server.kill()


def test_t03_pixels_and_links_are_answered_while_slow_bodies_hold_every_place(server: Server) -> None:
    with ExitStack() as held:
        for _ in range(8):
            slow = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            slow.sendall(b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
        wait_until_full(server)
        assert [server.get(path)[0] for path in [PIXEL, LINK] * 10] == [200, 302] * 10
    assert len(server.recorded()) == 20


def test_more_than_there_are_places_for_are_told_to_come_again() -> None:
    entered, leave = Event(), Event()

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        entered.set()
        leave.wait(10)
        start_response("200 OK", [])
        return [b""]

    answers: list[str] = []
    crowd = Crowd(application, 1)
    inside = Thread(target=lambda: list(crowd({}, lambda status, headers: answers.append(status))))  # type: ignore
    inside.start()
    entered.wait(10)
    list(crowd({}, lambda status, headers: answers.append(status)))  # type: ignore
    leave.set()
    inside.join()
    list(crowd({}, lambda status, headers: answers.append(status)))  # type: ignore
    assert answers == ["503 Service Unavailable", "200 OK", "200 OK"]


def wait_until_full(server: Server) -> None:
    for _ in range(200):
        if server.get("/")[0] == 503:
            return
    pytest.fail("there is still a place")

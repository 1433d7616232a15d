"""Pixels and links behind the real server, in another process, that is killed without warning."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.journal import is_closed, list_journals
from tests.web.served import LINK, PIXEL, URL, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.kill()


def test_t04_a_hit_answered_just_before_the_server_is_killed_is_in_the_journal(server: Server) -> None:
    hits = [server.get(path)[0] for path in [PIXEL, LINK] * 20]
    server.kill()
    assert hits == [200, 302] * 20
    recorded = server.recorded()
    assert [record["k"] for record in recorded] == ["open", "click"] * 20
    assert {(record["m"], record["c"], record["a"]) for record in recorded} == {(9, 7, "127.0.0.1")}
    assert abs(recorded[-1]["t"] - time.time()) < 60
    (path,) = list_journals(server.journal, "hits")
    _wait_until_closed(path)


def test_t09_the_server_adds_no_cookie_and_keeps_the_headers(server: Server) -> None:
    status, headers, body = server.get(PIXEL, **{"User-Agent": "Mozilla/5.0"})
    assert (status, headers["content-type"], headers["content-length"]) == (200, "image/gif", "43")
    assert headers["cache-control"] == "no-store, no-cache, must-revalidate, max-age=0"
    assert len(body) == 43
    status, headers, body = server.get(LINK)
    assert (status, headers["location"], headers["content-length"], body) == (302, URL, "0", b"")
    assert (headers["referrer-policy"], headers["x-robots-tag"]) == ("no-referrer", "noindex, nofollow")
    assert "set-cookie" not in headers
    assert [record["g"] for record in server.recorded()] == ["Mozilla/5.0", ""]


def test_t07_t08_heads_and_bad_tokens_leave_no_record(server: Server) -> None:
    status, headers, body = server.get(PIXEL, "HEAD")
    assert (status, headers["content-length"], body) == (200, "43", b"")
    status, headers, body = server.get(LINK, "HEAD")
    assert (status, headers["location"], body) == (302, URL, b"")
    for bad in ("", "x", LINK[3:-1], PIXEL[3:-4], "%00%ff%0d%0aLocation:%20x", "%C3%A9", "x" * 6000):
        status, headers, _ = server.get(f"/c/{bad}")
        assert (status, "location" in headers) == (404, False)
        status, _, body = server.get(f"/o/{bad[:-1]}.gif")
        assert (status, len(body)) == (200, 43)
    status, headers, _ = server.get(LINK, "POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert server.recorded() == []


def test_t06_a_full_disk_serves_on_and_counts_what_it_dropped(server: Server) -> None:
    assert server.get(LINK)[0] == 302
    server.get("/fill-the-disk")
    assert [server.get(path)[0] for path in (PIXEL, LINK, LINK)] == [200, 302, 302]
    assert server.get("/")[2] == b"3"
    assert len(server.recorded()) == 1


def test_raw_bytes_in_headers_are_answered_and_kept_as_text(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        head = f"GET {LINK} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: ".encode()
        connection.sendall(head + b"Z\xc3\xbcrich\xff\xfe\r\nVia: \x80\x81\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 302")
    (hit,) = server.recorded()
    assert hit["x"] == "GET"
    assert hit["h"].keys() <= {"via"}


def _wait_until_closed(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not is_closed(path):
        assert time.monotonic() < deadline
        time.sleep(0.01)

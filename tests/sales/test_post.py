"""X06: posting ends in time, and leads nowhere but to the judged address."""

import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from nurture.core.delivery import NotDelivered
from nurture.sales.post import Timeouts
from tests.sales.receiver import Exchange, Receiver, create_notice, create_target, receiving, refusal, status

SHORT = Timeouts(0.4, 0.4)
CERTIFICATE = Path(__file__).with_name("hooks.pem")


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    """Nothing here may take long, whatever a receiver does."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 6


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(status(204)) as running:
        yield running


def leads_to(*hosts: str) -> Callable[..., list[Any]]:
    """A resolver whose answer to the first question is the first host, and so on."""
    answers = iter(hosts)

    def resolve(host: str, port: int, *, type: int) -> list[Any]:
        return socket.getaddrinfo(next(answers), port, type=type)

    return resolve


def test_x06_an_answer_in_drips_is_cut() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(500):
            exchange.wfile.write(b"x")
            exchange.over.wait(0.02)

    with receiving(answer) as receiver:
        assert refusal(create_target(timeouts=SHORT), receiver.url) == "127.0.0.1 did not answer in time"


def test_x06_no_answer_is_cut() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.over.wait(30)

    with receiving(answer) as receiver:
        assert refusal(create_target(timeouts=SHORT), receiver.url) == "127.0.0.1 did not answer in time"


def test_x06_endless_headers_are_cut() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not exchange.over.is_set():
            exchange.wfile.write(b"X-More: and more\r\n" * 1000)

    with receiving(answer) as receiver:
        assert refusal(create_target(), receiver.url) == "127.0.0.1 gave an answer that is no HTTP"


def test_x06_endless_interim_answers_are_cut() -> None:
    def answer(exchange: Exchange) -> None:
        for _ in range(200_000):
            exchange.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # Newer Pythons count them and give up before the time is over.
    cut = {"127.0.0.1 did not answer in time", "127.0.0.1 gave an answer that is no HTTP"}
    with receiving(answer) as receiver:
        assert refusal(create_target(timeouts=SHORT), receiver.url) in cut


@pytest.mark.parametrize("coding", [b"", b"Transfer-Encoding: chunked\r\n"])
def test_x06_an_endless_body_is_read_64_kb_far(coding: bytes) -> None:
    sent: list[int] = []

    def answer(exchange: Exchange) -> None:
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\n" + coding + b"\r\n")
        while not exchange.over.is_set():
            exchange.wfile.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            sent.append(0x4000)

    with receiving(answer) as receiver:
        create_target(timeouts=Timeouts(total=30)).tell(create_notice(receiver.url))
    assert sum(sent) < 16 * 1024 * 1024


def test_x06_a_slow_body_is_left_behind_and_the_status_counts() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
        for _ in range(500):
            exchange.wfile.write(b"x")
            exchange.over.wait(0.02)

    with receiving(answer) as receiver:
        create_target(timeouts=SHORT).tell(create_notice(receiver.url))


def test_a_small_body_is_read_to_its_end() -> None:
    ended = []

    def answer(exchange: Exchange) -> None:
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
        for _ in range(60):
            exchange.wfile.write(b"x" * 1000)
        # Ends with the other side's close, an error if it has left anything unread.
        ended.append(exchange.rfile.read(1))

    with receiving(answer) as receiver:
        create_target().tell(create_notice(receiver.url))
    assert ended == [b""]


def test_x06_a_receiver_that_never_reads_is_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        notice = create_notice(url, timeline=("x" * 20_000_000,))
        with pytest.raises(NotDelivered, match="did not answer in time"):
            create_target(timeouts=SHORT).tell(notice)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog refuses")
def test_x06_a_connection_that_is_not_taken_is_cut() -> None:
    with ExitStack() as sockets:
        listening = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        target = create_target(timeouts=Timeouts(connect=0.2, total=30))
        assert refusal(target, url) == "127.0.0.1 did not answer in time"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "localhost", "[::ffff:127.0.0.1]"])
def test_x06_loopback_is_refused(host: str, receiver: Receiver) -> None:
    reason = refusal(create_target(allow_private=False), f"http://{host}:{receiver.port}/?key=hunter2")
    assert "leads to an address that is not public" in reason
    assert "hunter2" not in reason
    assert receiver.requests == []


@pytest.mark.parametrize("host", ["169.254.169.254", "0", "[64:ff9b::a9fe:a9fe]", "100.100.100.200"])
def test_x06_metadata_is_refused_even_where_private_is_allowed(host: str) -> None:
    assert "neither public nor" in refusal(create_target(), f"http://{host}/latest")


def test_x06_a_public_name_that_leads_inside_is_refused(receiver: Receiver) -> None:
    target = create_target(allow_private=False, resolve=leads_to("127.0.0.1"))
    assert "not public" in refusal(target, f"http://hooks.example.test:{receiver.port}/")
    assert receiver.requests == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this machine")
def test_x06_the_name_is_looked_up_once(receiver: Receiver) -> None:
    with receiving(status(204), host="127.0.0.2", port=receiver.port) as other:
        target = create_target(resolve=leads_to("127.0.0.1", "127.0.0.2"))
        target.tell(create_notice(f"http://hooks.example.test:{receiver.port}/"))
    assert [request.headers["Host"] for request in receiver.requests] == [
        f"hooks.example.test:{receiver.port}"
    ]
    assert other.requests == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this machine")
def test_the_next_address_is_tried(receiver: Receiver) -> None:
    def resolve(host: str, port: int, *, type: int) -> list[Any]:
        return [
            info for host in ("127.0.0.2", "127.0.0.1") for info in socket.getaddrinfo(host, port, type=type)
        ]

    create_target(resolve=resolve).tell(create_notice(f"http://hooks.example.test:{receiver.port}/"))
    assert len(receiver.requests) == 1


def test_x06_a_name_that_is_not_known_is_not_delivered() -> None:
    def resolve(host: str, port: int, *, type: int) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    reason = refusal(create_target(resolve=resolve), "https://nobody.example.test/")
    assert reason == "nobody.example.test cannot be reached: Name or service not known"


@pytest.mark.parametrize(
    "url", ["ftp://a.com/hunter2", "http://elise:hunter2@a.com/", "http://[hunter2]/", "http://a b/hunter2"]
)
def test_x06_a_url_that_is_none_is_refused_without_quoting_it(url: str) -> None:
    reason = refusal(create_target(), url)
    assert reason.startswith("the webhook's URL")
    assert "hunter2" not in reason


def test_x06_proxies_of_the_environment_are_ignored(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(status(204)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        create_target().tell(create_notice(receiver.url))
    assert (len(receiver.requests), proxy.requests) == (1, [])


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


def test_x06_the_certificate_is_the_names_not_the_addresses() -> None:
    with receiving(status(204), certificate=CERTIFICATE) as receiver:
        target = create_target(resolve=leads_to("127.0.0.1"), tls=trusting())
        target.tell(create_notice(f"https://hooks.example.test:{receiver.port}/"))
        assert receiver.names == ["hooks.example.test"]
        assert receiver.requests[0].headers["Host"] == f"hooks.example.test:{receiver.port}"


@pytest.mark.parametrize(
    ("host", "tls", "reason"),
    [
        ("other.example.test", trusting, "Hostname mismatch"),
        ("hooks.example.test", ssl.create_default_context, "self-signed certificate"),
    ],
)
def test_x06_a_wrong_certificate_is_refused(
    host: str, tls: Callable[[], ssl.SSLContext], reason: str
) -> None:
    with receiving(status(204), certificate=CERTIFICATE) as receiver:
        target = create_target(resolve=leads_to("127.0.0.1"), tls=tls())
        told = refusal(target, f"https://{host}:{receiver.port}/")
        assert told.startswith(f"{host} has no valid certificate: {reason}")
        assert receiver.requests == []


def test_a_server_without_tls_is_told_apart(receiver: Receiver) -> None:
    assert "cannot be reached" in refusal(create_target(), f"https://127.0.0.1:{receiver.port}/")
    assert receiver.requests == []


def test_x06_a_handshake_that_does_not_come_is_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        assert refusal(create_target(timeouts=SHORT), url) == "127.0.0.1 did not answer in time"

"""A handoff, the target under test, and receivers of webhooks: real HTTP servers on loopback."""

import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from nurture.core.delivery import NotDelivered
from nurture.core.handoff import HandoffNotice
from nurture.core.workspace import Mailbox, Rep
from nurture.sales.webhook import WebhookTarget

KEY = bytes(range(32))
SECRET = "whsec_" + b64encode(KEY).decode()


def create_notice(webhook: str | None = None, **changes: Any) -> HandoffNotice:
    notice = HandoffNotice(
        notice_id="handoff-7",
        handoff_id=7,
        rep=Rep("elise", "elise@meridian.example", "Élise Marchand", webhook),
        sender=Mailbox("main", "hello@meridian.example", "Meridian", 500),
        company="Meridian",
        contact_name="Zoë Lund",
        contact_email="zoe@northwind.example",
        contact_title="Head of Supply",
        contact_company="Northwind",
        stage="opportunity",
        why_now="Asked for prices 2 minutes ago",
        because=("Asked for prices", "Clicked 3 links in 7 days"),
        timeline=("12 May: clicked the forecast guide",),
        url="https://go.meridian.example/h/token",
        signal_at=datetime(2026, 5, 12, 9, 30, tzinfo=UTC),
        created_at=datetime(2026, 5, 12, 9, 30, 1, 500_000, tzinfo=UTC),
    )
    return replace(notice, **changes)


def create_target(secret: str = SECRET, *, allow_private: bool = True, **changes: Any) -> WebhookTarget:
    defaults: dict[str, Any] = {"now": lambda: datetime.now(UTC)}
    return WebhookTarget(secret, allow_private=allow_private, **(defaults | changes))


def refusal(target: WebhookTarget, url: str | None) -> str:
    """Why the notice was not delivered."""
    with pytest.raises(NotDelivered) as raised:
        target.tell(create_notice(url))
    return str(raised.value)


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


class Exchange(BaseHTTPRequestHandler):
    """One request; `over` is set when the test has ended."""

    server: "Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(Request(self.path, dict(self.headers), body))
        self.server.answer(self)

    @property
    def over(self) -> threading.Event:
        return self.server.over

    def log_message(self, format: str, *args: Any) -> None:
        pass


Answer = Callable[[Exchange], None]


class Server(ThreadingHTTPServer):
    def __init__(self, host: str, port: int, answer: Answer) -> None:
        super().__init__((host, port), Exchange)
        self.answer = answer
        self.requests: list[Request] = []
        self.over = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A receiver that is cut off says nothing."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A running server: what it was sent, and under which TLS names (SNI)."""

    url: str
    port: int
    requests: list[Request]
    names: list[str | None] = field(default_factory=list)


def status(code: int, **headers: str) -> Answer:
    def answer(exchange: Exchange) -> None:
        exchange.send_response(code)
        for name, value in headers.items():
            exchange.send_header(name, value)
        exchange.end_headers()

    return answer


@contextmanager
def receiving(
    answer: Answer, *, host: str = "127.0.0.1", port: int = 0, certificate: Path | None = None
) -> Iterator[Receiver]:
    """A receiver for the length of the block."""
    server = Server(host, port, answer)
    scheme = "https" if certificate else "http"
    receiver = Receiver(f"{scheme}://{host}:{server.server_port}/", server.server_port, server.requests)
    if certificate:
        server.socket = _encrypted(server.socket, certificate, receiver.names)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _encrypted(plain: Any, certificate: Path, names: list[str | None]) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _, name, __: names.append(name)
    # The handshake belongs to the thread of the exchange, not to the one that accepts.
    return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)

"""One HTTP POST to an address that was judged before, over in bounded time whatever the other side does.

Redirects are not followed, proxies of the environment not used: either would lead past the guard.
"""

import io
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic
from typing import TYPE_CHECKING, Final

from nurture.sales.guard import Endpoint, Resolve, WebAddress, find_endpoints

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MOST_READ: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to look the name up and connect, and for everything together."""

    connect: float = 5
    total: float = 10


@dataclass(frozen=True, slots=True)
class Poster:
    """Posts to public addresses; to private ones too with `allow_private`."""

    allow_private: bool
    resolve: Resolve = socket.getaddrinfo
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    timeouts: Timeouts = Timeouts()

    def post(self, web: WebAddress, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer (RFC 9110 §15).

        The answer's body is read to its end, 64 kB at most, so that the receiver is not cut off, and
        forgotten. Raises guard.Forbidden, OSError (TimeoutError and ssl.SSLError among them) or
        http.client.HTTPException.
        """
        ends_at = monotonic() + self.timeouts.total
        with closing(self._connected(web, ends_at)) as connected:
            connection = self._connection(web)
            connection.auto_open = 0
            connection.sock = _TimedSocket(connected, ends_at)
            connection.request("POST", web.target, body, {**headers, "Connection": "close"})
            with connection.getresponse() as response:
                with suppress(OSError, HTTPException):
                    response.read(MOST_READ)
                return response.status

    def _connection(self, web: WebAddress) -> HTTPConnection:
        if web.secure:
            return HTTPSConnection(web.host, web.port, context=self.tls)
        return HTTPConnection(web.host, web.port)

    def _connected(self, web: WebAddress, ends_at: float) -> socket.socket:
        connect_by = min(ends_at, monotonic() + self.timeouts.connect)
        endpoints = find_endpoints(web, self.resolve, _left(connect_by), allow_private=self.allow_private)
        plain = _first_open(endpoints, connect_by)
        if not web.secure:
            return plain
        try:
            plain.settimeout(_left(ends_at))
            return self.tls.wrap_socket(plain, server_hostname=web.host)
        except BaseException:
            plain.close()
            raise


class _TimedSocket(io.RawIOBase):
    """A socket as http.client wants it, each wait of which ends at the same moment.

    A timeout of the socket itself begins anew with every byte that arrives.
    """

    def __init__(self, connected: socket.socket, ends_at: float) -> None:
        self._connected = connected
        self._ends_at = ends_at

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedSocket(self._connected, self._ends_at))

    def sendall(self, data: "ReadableBuffer") -> None:
        rest = memoryview(data)
        while rest:
            self._connected.settimeout(_left(self._ends_at))
            rest = rest[self._connected.send(rest) :]

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._connected.settimeout(_left(self._ends_at))
        return self._connected.recv_into(buffer)

    def readable(self) -> bool:
        return True


def _first_open(endpoints: list[Endpoint], connect_by: float) -> socket.socket:
    """A connection to the first endpoint that takes one; the time is shared out among them."""
    for waiting in range(len(endpoints), 0, -1):
        try:
            return _open(endpoints[-waiting], _left(connect_by) / waiting)
        except OSError as error:
            failure = error
    raise failure


def _open(endpoint: Endpoint, seconds: float) -> socket.socket:
    opened = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.connect(endpoint.address)
    except BaseException:
        opened.close()
        raise
    return opened


def _left(ends_at: float) -> float:
    left = ends_at - monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left

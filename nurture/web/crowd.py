"""Keeps room for the fast path: only so many requests at a time get to the application behind it."""

from collections.abc import Iterable
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BUSY = b"Too many people at once; try again in a moment.\n"
_BUSY_HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(_BUSY))),
    ("Cache-Control", "no-store"),
    ("Retry-After", "2"),
]


class Crowd:
    """WSGI middleware that lets `places` requests in and answers 503 to more, at once.

    A slow body or a database that stands still holds a place and never the thread that a pixel needs.
    """

    def __init__(self, app: "WSGIApplication", places: int) -> None:
        self._app = app
        self._places = BoundedSemaphore(places)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not self._places.acquire(blocking=False):
            start_response("503 Service Unavailable", _BUSY_HEADERS)
            return [_BUSY]
        try:
            # Pages are small and ready when the application returns, so the place can be given back.
            return self._app(environ, start_response)
        finally:
            self._places.release()

"""The fast path: pixels and links are answered here, in front of the application, from their token alone.

A hit is in the journal before its answer. No database, queue or cookie takes part, so opens are kept and
links lead on while those are down. The address is the peer's: a proxy is made sense of outside of here.
"""

import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nurture.core.token import Keyring, Purpose, Token
from nurture.journal import Journal
from nurture.web.client import read_client

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    b"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_PIXEL_HEADERS = (
    ("Content-Type", "image/gif"),
    ("Content-Length", str(len(_PIXEL))),
    ("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0"),
)
_REDIRECT_HEADERS = (
    ("Content-Length", "0"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
)
_UNKNOWN = b"This link is not complete, or it is not one of ours.\n"
_UNKNOWN_HEADERS = (
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(_UNKNOWN))),
    ("Cache-Control", "no-store"),
    ("X-Robots-Tag", "noindex, nofollow"),
)
_REFUSAL_HEADERS = (("Allow", "GET, HEAD"), ("Content-Length", "0"), ("Cache-Control", "no-store"))

_WEB_ADDRESS = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_VISIBLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class Hits:
    """WSGI middleware for `GET|HEAD /o/<token>.gif` and `GET|HEAD /c/<token>`; the rest goes to `app`.

    `clock` gives seconds since 1970; `dropped` is called for each hit that the journal could not take.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        keyring: Keyring,
        journal: Journal,
        clock: Callable[[], float] = time.time,
        dropped: Callable[[], None],
    ) -> None:
        self._app, self._keyring, self._journal = app, keyring, journal
        self._clock, self._dropped = clock, dropped

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path.startswith("/c/"):
            answer = self._click
        elif path.startswith("/o/") and path.endswith(".gif"):
            answer = self._open
        else:
            return self._app(environ, start_response)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start_response("405 Method Not Allowed", [*_REFUSAL_HEADERS])
            return []
        return answer(path[3:], environ, start_response)

    def _open(
        self, text: str, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        token = self._keyring.verify(text[:-4], Purpose.OPEN)
        if token:
            self._record("open", token, environ)
        start_response("200 OK", [*_PIXEL_HEADERS])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [_PIXEL]

    def _click(
        self, text: str, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        token = self._keyring.verify(text, Purpose.CLICK)
        if not token or not _WEB_ADDRESS.match(token.destination):
            start_response("404 Not Found", [*_UNKNOWN_HEADERS])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [_UNKNOWN]
        self._record("click", token, environ)
        start_response("302 Found", [("Location", _location(token.destination)), *_REDIRECT_HEADERS])
        return []

    def _record(self, kind: str, token: Token, environ: "WSGIEnvironment") -> None:
        if environ["REQUEST_METHOD"] == "HEAD":
            return
        try:
            self._journal.append(_hit(kind, token, self._clock(), environ))
        except OSError:
            self._dropped()


def _hit(kind: str, token: Token, moment: float, environ: "WSGIEnvironment") -> dict[str, Any]:
    client = read_client(environ)
    hit = {
        "k": kind,
        "m": token.message_id,
        "c": token.contact_id,
        "n": token.link,
        "t": moment,
        "a": client.address,
        "g": client.agent,
        "h": client.headers,
        "x": client.method,
    }
    if kind == "click":
        hit["u"] = token.destination
    return hit


def _location(destination: str) -> str:
    if destination.isascii() and destination.isprintable() and " " not in destination:
        return destination
    return quote(destination, safe=_VISIBLE_ASCII)

"""Fetches and posts as a person's browser, a mail program or a gateway does; never follows a redirect."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS: Final = 15.0
_WINDOWS: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_MAC: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_PHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
)
PEOPLE: Final = (
    f"{_WINDOWS} Chrome/142.0.0.0 Safari/537.36",
    f"{_MAC} Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    f"{_PHONE} Version/18.5 Mobile/15E148 Safari/604.1",
)
# Gateways pretend to be browsers.
GATEWAY: Final = f"{_WINDOWS} Chrome/118.0.0.0 Safari/537.36"
APPLE: Final = "Mozilla/5.0"
GMAIL: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"

_NAVIGATION: Final = {
    "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.9",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
}
_IMAGE: Final = {
    "Accept": "image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Dest": "image",
    "Sec-Fetch-Mode": "no-cors",
    "Sec-Fetch-Site": "cross-site",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, header fields by lower-case name, and the body as text."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Browser:
    """One program at one address of this machine (each recipient has their own)."""

    agent: str
    address: str

    def image(self, url: str) -> Answer:
        """Load a picture."""
        return self._request("GET", url, _IMAGE)

    def visit(self, url: str) -> Answer:
        """Open a page, or follow a link as far as its redirect."""
        return self._request("GET", url, _NAVIGATION)

    def post(self, url: str, fields: Mapping[str, str]) -> Answer:
        """Send a form."""
        return self._request("POST", url, _NAVIGATION, urlencode(fields))

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: str | None = None) -> Answer:
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        with closing(self._connect(parts.hostname or "", parts.port or 80)) as connection:
            connection.request(method, target, body, {"User-Agent": self.agent, **headers, **kind})
            response = connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, fields, response.read().decode("utf-8", "replace"))

    def _connect(self, host: str, port: int) -> HTTPConnection:
        connection = HTTPConnection(host, port, timeout=TIMEOUT_SECONDS, source_address=(self.address, 0))
        try:
            connection.connect()
        except OSError:
            # Only Linux has all of 127.0.0.0/8 without being told.
            connection = HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
            connection.connect()
        return connection

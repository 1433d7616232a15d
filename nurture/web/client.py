"""Who asks: what a request tells of the program that made it, as judging reads it."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_USER_AGENT = 512  # characters
MAX_HEADER = 256  # characters
MAX_ADDRESS = 64  # characters

_WITNESSES = tuple(
    (f"HTTP_{name.upper().replace('-', '_')}", name)
    for name in (
        "sec-purpose",
        "purpose",
        "x-purpose",
        "x-moz",
        "sec-fetch-site",
        "sec-fetch-mode",
        "sec-fetch-dest",
        "sec-fetch-user",
        "accept",
        "accept-language",
        "dnt",
        "sec-gpc",
        "from",
        "referer",
        "via",
        "x-requested-with",
    )
)


@dataclass(frozen=True, slots=True)
class Client:
    """A program by its own words: readable text of bounded length. `headers`: those that tell on it."""

    agent: str
    address: str
    method: str
    headers: dict[str, str]

    def told(self) -> dict[str, Any]:
        """The same as the detail of an event."""
        return asdict(self)


def read_client(environ: "WSGIEnvironment") -> Client:
    """The program behind a request. The address is the peer's: a proxy is made sense of outside of here."""
    return Client(
        agent=_readable(environ.get("HTTP_USER_AGENT", ""), MAX_USER_AGENT),
        address=_readable(environ.get("REMOTE_ADDR") or "", MAX_ADDRESS),
        method=environ["REQUEST_METHOD"],
        headers={name: _readable(environ[key], MAX_HEADER) for key, name in _WITNESSES if key in environ},
    )


def _readable(value: str, limit: int) -> str:
    # WSGI gives the bytes of a header as Latin-1. What is kept is text that PostgreSQL can hold: no NUL,
    # no lone surrogate, no control character.
    value = value[:limit]
    if value.isascii() and value.isprintable():
        return value
    text = value.encode("latin-1", "replace").decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in text)

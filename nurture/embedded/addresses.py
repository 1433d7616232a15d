"""Whether the addresses of an installation are free, asked before anything of it is started."""

import socket
from collections.abc import Iterable

from nurture.embedded.errors import EmbeddedError


def refuse_taken(addresses: Iterable[tuple[str, tuple[str, int]]]) -> None:
    """Each address after the setting that moves it; raises EmbeddedError where one is not to be had."""
    for setting, (host, port) in addresses:
        try:
            _try(host, port)
        except OSError as error:
            raise EmbeddedError(
                f"cannot listen on {host}:{port} ({setting}): {error.strerror}; free it or set {setting}"
            ) from error


def _try(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)

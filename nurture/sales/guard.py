"""Which addresses a webhook may reach (X06): a name is looked up once, and all it leads to is judged."""

import re
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

from nurture.core.people.domain_name import BadDomain, read_domain

# Called as socket.getaddrinfo is, and answers as it does.
Resolve = Callable[..., Sequence[tuple[Any, ...]]]
_Network = IPv4Network | IPv6Network


def _networks(*written: str) -> tuple[_Network, ...]:
    return tuple(ip_network(network) for network in written)


# The special-purpose address registries of IANA (RFC 6890). The standard library's `is_global` follows
# them too, but differs from one release of Python to the next.
_SPECIAL: Final = _networks(
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
)
# All that is assigned to hosts of the public internet (RFC 4291 §2.4).
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_PRIVATE: Final = _networks(
    *("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
# Where clouds tell their machines' secrets, though the address is public (Azure) or private (AWS, Google).
_METADATA: Final = _networks("168.63.129.16/32", "fd00:ec2::/32", "fd20:ce::/32")
# IPv4-mapped (RFC 4291 §2.5.5.2) and translated by NAT64 (RFC 6052 §2.1): IPv4 in the last four bytes.
_CARRY_IPV4: Final = _networks("::ffff:0:0/96", "64:ff9b::/96")

_PORTS: Final = {"http": 80, "https": 443}
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_MOST_ADDRESSES: Final = 4


class Forbidden(ValueError):
    """A webhook that is not called; the message says what to change, and holds nothing of a path or query."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An http or https URL: `host` in ASCII without brackets, `target` is path and query."""

    secure: bool
    host: str
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that was judged: connecting to it looks nothing up again."""

    family: int
    address: tuple[Any, ...]


def read_url(url: str) -> WebAddress:
    """The parts of a webhook's URL; raises Forbidden."""
    if _UNSAFE.search(url):
        raise Forbidden("the webhook's URL holds a blank, a control character or a backslash: remove it")
    parts, port = _split(url)
    if parts.scheme not in _PORTS:
        raise Forbidden("the webhook's URL must begin with https:// or http://")
    if "@" in parts.netloc:
        raise Forbidden("the webhook's URL may hold no user or password: remove what stands before the @")
    return WebAddress(
        secure=parts.scheme == "https",
        host=_literal(parts.hostname or "") if "[" in parts.netloc else _name(parts.hostname or ""),
        port=_PORTS[parts.scheme] if port is None else port,
        target=_ascii(parts.path or "/") + (f"?{_ascii(parts.query)}" if parts.query else ""),
    )


def find_endpoints(
    web: WebAddress, resolve: Resolve, seconds: float, *, allow_private: bool
) -> list[Endpoint]:
    """Where the host is, looked up once, in the order of preference, four at most.

    Raises Forbidden if one address of all may not be reached, TimeoutError after `seconds`, OSError if
    there is no address.
    """
    found = _looked_up(resolve, web.host, web.port, seconds)
    if not found:
        raise OSError("the name leads nowhere")
    if not all(may_reach(str(address[0]), allow_private=allow_private) for *_, address in found):
        raise Forbidden(_advice(allow_private))
    return [Endpoint(family, address) for family, *_, address in found[:_MOST_ADDRESSES]]


def may_reach(address: str, *, allow_private: bool) -> bool:
    """Whether an IP address is a host of the public internet, or one of a private network if that will do.

    Link-local, shared, multicast, tunnelling, reserved and cloud metadata addresses never are.
    """
    try:
        innermost = _innermost(ip_address(address))
    except ValueError:
        return False
    if _within(innermost, _METADATA):
        return False
    return _is_public(innermost) or (allow_private and _within(innermost, _PRIVATE))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return (address.version == 4 or address in _GLOBAL_UNICAST) and not _within(address, _SPECIAL)


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return IPv4Address(address.packed[-4:]) if _within(address, _CARRY_IPV4) else address


def _within(address: IPv4Address | IPv6Address, networks: tuple[_Network, ...]) -> bool:
    return any(address in network for network in networks)


def _looked_up(resolve: Resolve, host: str, port: int, seconds: float) -> Sequence[tuple[Any, ...]]:
    # The system's resolver knows no deadline, and who runs the DNS of a webhook may be slow on purpose.
    answer: Future[Sequence[tuple[Any, ...]]] = Future()

    def ask() -> None:
        try:
            answer.set_result(resolve(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, name="webhook-lookup", daemon=True).start()
    return answer.result(max(0, seconds))


def _advice(allow_private: bool) -> str:
    if allow_private:
        return "leads to an address that is neither public nor of a private network"
    return "leads to an address that is not public: use another, or set WEBHOOK_ALLOW_PRIVATE=yes"


def _split(url: str) -> tuple[SplitResult, int | None]:
    # The errors of urlsplit quote the URL, and with it what may be secret.
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.port != 0:
            return parts, parts.port
    raise Forbidden("the webhook's URL has no valid host or port: correct it")


def _literal(host: str) -> str:
    with suppress(ValueError):
        if "%" not in host:
            return IPv6Address(host).compressed
    raise Forbidden("what stands in brackets in the webhook's URL is no IPv6 address: correct it")


def _name(host: str) -> str:
    with suppress(BadDomain):
        name = host if host.isascii() else read_domain(host).ascii
        if _HOST.fullmatch(name.removesuffix(".")):
            return name.removesuffix(".")
    raise Forbidden("the webhook's URL has no valid host: correct it")


def _ascii(part: str) -> str:
    return quote(part, safe="!#$%&'()*+,-./:;=?@[]^_`{|}~")

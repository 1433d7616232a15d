"""Networks by address: whose they are, and what a click from there says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Literal, get_args

Address = IPv4Address | IPv6Address
Role = Literal["gateway", "probable", "cloud", "hosting"]


@dataclass(frozen=True, slots=True)
class Network:
    """Whose a network is. `role`: gateway (only machines click from it), probable (a mail gateway that puts
    people's own browsing on its network too), cloud or hosting (rented machines, and private networks)."""

    name: str
    role: Role


class Networks:
    """Finds the narrowest known range an address lies in."""

    def __init__(self, ranges: Iterable[tuple[IPv4Network | IPv6Network, Network]]) -> None:
        self._by_length: dict[tuple[int, int], dict[int, Network]] = {}
        for range_, network in ranges:
            bits = range_.max_prefixlen - range_.prefixlen
            table = self._by_length.setdefault((range_.version, bits), {})
            table.setdefault(int(range_.network_address) >> bits, network)
        self._narrowest_first = sorted(self._by_length)
        self.find = lru_cache(maxsize=16_384)(self._find)

    def _find(self, address: str) -> Network | None:
        """None for an address of no known network, and for what is no address."""
        ip = parse_address(address)
        if ip is None:
            return None
        number = int(ip)
        for version, bits in self._narrowest_first:
            if version == ip.version and (found := self._by_length[version, bits].get(number >> bits)):
                return found
        return None


def parse_address(text: str) -> Address | None:
    """An IP address, an IPv4 one also where it is written within IPv6 (RFC 4291 §2.5.5.2)."""
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


@lru_cache(maxsize=16_384)
def neighbourhood(address: str) -> str:
    """The /24 or /48 an address lies in; the address itself where it is none."""
    ip = parse_address(address)
    if ip is None:
        return address
    return f"{int(ip) >> (8 if ip.version == 4 else 80):x}/{ip.version}"


def parse_networks(tables: Iterable[Mapping[str, Any]]) -> Networks:
    """From TOML tables with `name`, `role` and `ranges`; ValueError or KeyError for a bad one."""
    return Networks(
        (ip_network(range_), Network(table["name"], _role(table.get("role", "gateway"))))
        for table in tables
        for range_ in table["ranges"]
    )


def _role(text: object) -> Role:
    for role in get_args(Role):
        if text == role:
            return role  # type: ignore[no-any-return]
    raise ValueError(f"{text!r} is no role of a network; known are {', '.join(get_args(Role))}")

"""Knows who fetches: user agents and networks by name, from data files that can be replaced."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network

_LONGEST = 512
# every browser begins so, with its system in brackets
_BROWSER = re.compile(r"(Mozilla/[45]\.0|Opera/[\d.]+) \(.+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A name and how it is recognised."""

    name: str
    words: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Lists:
    """What is known of agents and networks: see `data/agents.toml` and `data/networks.toml`."""

    proxies: tuple[Known, ...]
    prefetchers: tuple[Known, ...]
    people: tuple[Known, ...]
    machines: tuple[Known, ...]
    networks: tuple[tuple[str, Network], ...]

    def proxy(self, agent: str) -> str | None:
        """The proxy that loads an image for a person who opened the mail."""
        return _name(self.proxies, agent)

    def prefetcher(self, agent: str) -> str | None:
        """The service that loads images whether anybody opens the mail or not."""
        return _name(self.prefetchers, agent)

    def machine(self, agent: str) -> str | None:
        """The kind of program an agent admits to be; None for browsers, mail programs and the unknown."""
        if self.proxy(agent) or _name(self.people, agent):
            return None
        return _name(self.machines, agent)

    def person(self, agent: str) -> str | None:
        """The kind of program by which a person reads, as far as the agent says."""
        return _name(self.people, agent) or ("a browser" if _BROWSER.match(agent[:_LONGEST]) else None)

    def network(self, address: str) -> str | None:
        """The mail gateway whose network an IP address is in; None where none is, and for no address."""
        try:
            ip = ip_address(address)
        except ValueError:
            return None
        ip = ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip
        return next((name for name, network in self.networks if ip in network), None)


def _name(known: tuple[Known, ...], agent: str) -> str | None:
    return _search(known, agent[:_LONGEST])


@lru_cache(maxsize=4096)
def _search(known: tuple[Known, ...], agent: str) -> str | None:
    return next((each.name for each in known if each.words.search(agent)), None)


@cache
def shipped_lists() -> Lists:
    """The lists that come with Nurture."""
    data = files("nurture.core") / "data"
    return parse_lists(
        (data / "agents.toml").read_text("utf-8"),
        (data / "networks.toml").read_text("utf-8"),
    )


def parse_lists(agents: str, networks: str) -> Lists:
    """Lists from the texts of two TOML files.

    ValueError, KeyError or re.error where one is not well formed.
    """
    tables = tomllib.loads(agents)
    return Lists(
        proxies=_known(tables["proxies"]),
        prefetchers=_known(tables["prefetchers"]),
        people=_known(tables["people"]),
        machines=_known(tables["machines"]),
        networks=tuple(
            (table["name"], ip_network(range_))
            for table in tomllib.loads(networks)["networks"]
            for range_ in table["ranges"]
        ),
    )


def _known(tables: Iterable[Mapping[str, Any]]) -> tuple[Known, ...]:
    return tuple(
        Known(table["name"], re.compile("|".join(table["words"]), re.IGNORECASE)) for table in tables
    )

"""Knows who fetches: user agents, networks and mail gateways, from data files that can be replaced."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from nurture.core.traffic.grammar import Agent, Grammar, Nature, create_grammar
from nurture.core.traffic.names import Known, find_name, parse_known
from nurture.core.traffic.network import Network, Networks, parse_networks

LONGEST_AGENT = 512  # characters
_NO_AGENT = Agent("machine", "gave no User-Agent", 0.95)


@dataclass(frozen=True, slots=True)
class Gateway:
    """What stands before a company's mailboxes. `follows`: whether it follows links by itself."""

    name: str
    hosts: tuple[str, ...]
    follows: bool


class Lists:
    """What is known of agents, networks and gateways: see `data/{agents,networks,gateways}.toml`.

    Lookups are remembered, a bounded number of them, with the lists they were made in.
    """

    def __init__(
        self,
        known: Mapping[Nature, tuple[Known, ...]],
        grammar: Grammar,
        networks: Networks,
        gateways: tuple[Gateway, ...],
    ) -> None:
        self._known, self._grammar, self._networks = known, grammar, networks
        self._by_host = {host: gateway.name for gateway in gateways for host in gateway.hosts}
        self._follows = {gateway.name: gateway.follows for gateway in gateways}
        self._read = lru_cache(maxsize=4096)(self._read_anew)

    def agent(self, text: str) -> Agent:
        """What a user agent says it is."""
        return self._read(text[:LONGEST_AGENT].strip())

    def network(self, address: str) -> Network | None:
        """The known network an IP address is in; None where none is, and for what is no address."""
        return self._networks.find(address)

    def gateway(self, mx_hosts: Iterable[str]) -> str | None:
        """The gateway that the names of a domain's mail servers tell, the first that one does."""
        return next((name for host in mx_hosts if (name := self._gateway_of(host))), None)

    def follows_links(self, gateway: str | None) -> bool:
        """Whether a gateway, by its name, follows links before anybody has read the mail."""
        return gateway is not None and self._follows.get(gateway, False)

    def _gateway_of(self, host: str) -> str | None:
        labels = host.strip().rstrip(".").lower().split(".")
        ends = (".".join(labels[first:]) for first in range(len(labels)))
        return next((self._by_host[end] for end in ends if end in self._by_host), None)

    def _read_anew(self, agent: str) -> Agent:
        if not agent:
            return _NO_AGENT
        for nature, known in self._known.items():
            if name := find_name(known, agent):
                return Agent(nature, name, 0.99)
        return self._grammar.read(agent)


@cache
def shipped_lists() -> Lists:
    """The lists that come with Nurture."""
    data = files("nurture.core") / "data"
    return parse_lists(
        *((data / f"{name}.toml").read_text("utf-8") for name in ("agents", "networks", "gateways"))
    )


def parse_lists(agents_text: str, networks_text: str, gateways_text: str) -> Lists:
    """Lists from the texts of three TOML files.

    ValueError, KeyError or re.error where one is not well formed: `check_list` says it in a sentence.
    """
    agents, known = tomllib.loads(agents_text), tomllib.loads(networks_text)
    tables: dict[str, tuple[Known, ...]] = {
        name: parse_known(agents[name])
        for name in (
            "proxies",
            "prefetchers",
            "people",
            "machines",
            "browsers",
            "companions",
            "devices",
            "computers",
        )
    }
    return Lists(
        {
            "proxy": tables["proxies"],
            "prefetcher": tables["prefetchers"],
            "person": tables["people"],
            "machine": tables["machines"],
        },
        create_grammar(tables["browsers"], tables["companions"], tables["devices"], tables["computers"]),
        parse_networks(known["networks"]),
        _gateways(tomllib.loads(gateways_text)["gateways"]),
    )


def _gateways(tables: Iterable[Mapping[str, Any]]) -> tuple[Gateway, ...]:
    return tuple(
        Gateway(
            str(table["name"]), tuple(str(host).lower() for host in table["hosts"]), bool(table["follows"])
        )
        for table in tables
    )

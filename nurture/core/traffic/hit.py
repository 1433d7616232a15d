"""A hit, and what is known of it alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nurture.core.traffic.agents import Lists
from nurture.core.traffic.burst import Client
from nurture.core.traffic.grammar import Agent
from nurture.core.traffic.network import Network

HitKind = Literal["open", "click", "form"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A pixel or a link that was fetched, or a form of ours that was sent (POST).

    `link`: its number within the mail; 0 for the pixel and for what has none.
    """

    id: int
    kind: HitKind
    at: datetime
    link: int
    agent: str
    address: str
    method: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """A hit, read. `at`: seconds since 1970; `ahead`: the header by which a browser says it prefetches."""

    hit: Hit
    at: float
    agent: Agent
    network: Network | None
    client: Client
    method: str
    ahead: str | None

    @property
    def is_rented(self) -> bool:
        """Whether it came from a machine that anybody can rent."""
        return self.network is not None and self.network.role in _RENTED


def read_hits(hits: Iterable[Hit], lists: Lists) -> tuple[Trace, ...]:
    """The traces of hits, oldest first."""
    return tuple(_read(hit, lists) for hit in sorted(hits, key=lambda hit: (hit.at, hit.id)))


def _read(hit: Hit, lists: Lists) -> Trace:
    return Trace(
        hit=hit,
        at=hit.at.timestamp(),
        agent=lists.agent(hit.agent),
        network=lists.network(hit.address),
        client=(hit.agent, hit.address),
        method=hit.method.upper(),
        ahead=_prefetch_header(hit.headers) if hit.headers else None,
    )


def _prefetch_header(headers: Mapping[str, str]) -> str | None:
    for name, value in headers.items():
        if name.lower() in _PREFETCH_HEADERS and value.strip():
            return f"{name}: {value}"
    return None


_PREFETCH_HEADERS = frozenset({"sec-purpose", "purpose", "x-purpose", "x-moz"})
_RENTED = frozenset({"cloud", "hosting"})

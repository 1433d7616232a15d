"""Finds bursts and sweeps: several different links of one mail followed faster than people do."""

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nurture.core.traffic.network import neighbourhood

Client = tuple[str, str]
Fetch = tuple[float, int, Client]  # seconds since 1970, link, (agent, address)
Limit = tuple[int, float]  # so many links within so many seconds

# Two links in four seconds are one quick person; gateways take their sweep within a second or two.
BURSTS: tuple[Limit, ...] = ((2, 1.0), (3, 3.0))
# Where more speaks for a machine than the pace, less of it is needed.
SWEEPS: tuple[Limit, ...] = ((3, 8.0), (4, 20.0), (5, 45.0), (7, 120.0))
_CLOCK = 1e-6  # moments come in microseconds


@dataclass(frozen=True, slots=True)
class Burst:
    """From the first to the last fetch of a sweep: how many links, by which clients.

    `start` and `end` are seconds since 1970; `places` the neighbourhoods of the clients' addresses.
    """

    start: float
    end: float
    links: int
    clients: frozenset[Client]
    agents: frozenset[str]
    places: frozenset[str]


def find_bursts(fetches: Iterable[Fetch], limits: Iterable[Limit] = BURSTS) -> tuple[Burst, ...]:
    """The bursts among fetches (moment, link, client) given oldest first; they do not overlap."""
    ordered = tuple(fetches)
    different = len({link for _, link, _ in ordered})
    possible = [limit for limit in limits if limit[0] <= different]
    spans = sorted(span for links, within in possible for span in _spans(ordered, links, within))
    return tuple(_burst(ordered, *span) for span in _merged(spans))


def nearest_burst(bursts: Sequence[Burst], at: float) -> Burst | None:
    """Of bursts, oldest first, the one that a moment lies in or is nearest to."""
    if not bursts:
        return None
    after = bisect_right(bursts, at, key=_start)
    if not after:
        return bursts[0]
    before = bursts[after - 1]
    if after == len(bursts) or at <= before.end:
        return before
    return before if at - before.end <= bursts[after].start - at else bursts[after]


def seconds_from(burst: Burst, at: float) -> float:
    """How far a moment is from a burst; 0 within it."""
    if at > burst.end:
        return at - burst.end
    return burst.start - at if at < burst.start else 0.0


def _start(burst: Burst) -> float:
    return burst.start


def _spans(fetches: Iterable[Fetch], links: int, within: float) -> Iterator[tuple[int, int]]:
    """Indices of the first and last fetch of each stretch `within` which `links` links were followed."""
    recent: deque[tuple[int, float, int]] = deque()
    seen: Counter[int] = Counter()
    for number, (at, link, _) in enumerate(fetches):
        recent.append((number, at, link))
        seen[link] += 1
        while at - recent[0][1] > within + _CLOCK:
            left = recent.popleft()[2]
            seen[left] -= 1
            if not seen[left]:
                del seen[left]
        if len(seen) >= links:
            yield recent[0][0], number


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first: int | None = None
    last = -1
    for start, end in spans:
        if first is not None and start > last:
            yield first, last
            first = None
        first, last = start if first is None else first, max(last, end)
    if first is not None:
        yield first, last


def _burst(fetches: Sequence[Fetch], first: int, last: int) -> Burst:
    swept = fetches[first : last + 1]
    clients = frozenset(client for _, _, client in swept)
    return Burst(
        start=swept[0][0],
        end=swept[-1][0],
        links=len({link for _, link, _ in swept}),
        clients=clients,
        agents=frozenset(agent for agent, _ in clients),
        places=frozenset(neighbourhood(address) for _, address in clients),
    )

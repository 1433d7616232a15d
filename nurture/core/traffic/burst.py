"""Finds bursts: several different links of one mail followed faster than a person can."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

Client = tuple[str, str]
Click = tuple[datetime, int, Client]

# Two links in four seconds are one quick person; gateways take their sweep within a second or two.
LIMITS = ((2, timedelta(seconds=1)), (3, timedelta(seconds=3)))


@dataclass(frozen=True, slots=True)
class Burst:
    """From the first to the last click of a sweep: how many links, by which agents and addresses."""

    start: datetime
    end: datetime
    links: int
    clients: frozenset[Client]


def find_bursts(clicks: Iterable[Click]) -> tuple[Burst, ...]:
    """The bursts among clicks (moment, link, client) given oldest first; they do not overlap."""
    ordered = tuple(clicks)
    spans = sorted(span for links, within in LIMITS for span in _spans(ordered, links, within))
    return tuple(_burst(ordered, *span) for span in _merged(spans))


def _spans(clicks: Iterable[Click], links: int, within: timedelta) -> Iterator[tuple[int, int]]:
    """Indices of the first and last click of each stretch `within` which `links` links were followed."""
    recent: deque[tuple[int, datetime, int]] = deque()
    seen: Counter[int] = Counter()
    for number, (at, link, _) in enumerate(clicks):
        recent.append((number, at, link))
        seen[link] += 1
        while at - recent[0][1] > within:
            seen[recent.popleft()[2]] -= 1
        if len(+seen) >= links:
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


def _burst(clicks: tuple[Click, ...], first: int, last: int) -> Burst:
    swept = clicks[first : last + 1]
    return Burst(
        start=swept[0][0],
        end=swept[-1][0],
        links=len({link for _, link, _ in swept}),
        clients=frozenset(client for _, _, client in swept),
    )

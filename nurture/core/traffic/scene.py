"""What all hits of one message show together, worked out once before each hit is judged."""

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nurture.core.traffic.agents import Lists
from nurture.core.traffic.burst import SWEEPS, Burst, Client, Fetch, find_bursts, nearest_burst, seconds_from
from nurture.core.traffic.hit import Hit, Trace, read_hits
from nurture.core.traffic.network import neighbourhood

_FORMS = 1 << 16  # a form and a link of the same number are two things; link numbers are 16 bits
_RETURNS_AFTER = 60.0  # seconds, as all below
_CROWD_WITHIN = 10.0
_CROWD = 3
_AGAIN = 30.0


@dataclass(frozen=True, slots=True)
class Clicks:
    """What the clicks show of one another. `heads`: when a link was asked for by HEAD, by agent and address.

    `by_client`: when each client clicked. `by_link`: who followed each link when. `crowded`: ids of hits.
    """

    heads: Mapping[tuple[int, str], Sequence[float]]
    by_client: Mapping[Client, Sequence[float]]
    by_link: Mapping[int, Sequence[tuple[float, Client]]]
    crowded: frozenset[int]


@dataclass(frozen=True, slots=True)
class Scene:
    """All hits of the message, oldest first, and what they show. Moments are seconds since 1970.

    `sent_at`: of the SMTP 250, if known. `opened_at`: of the first image that a person may have loaded.
    `swept`: the links of the largest burst of each client. `rented`: the number of rented machines.
    """

    traces: tuple[Trace, ...]
    sent_at: float | None
    opened_at: float | None
    proxied_at: tuple[float, ...]
    bursts: tuple[Burst, ...]
    sweeps: tuple[Burst, ...]
    rented_in_sweep: Mapping[float, int]
    burst_in_cloud: bool
    swept: Mapping[Client, int]
    rented: int
    clicks: Clicks
    follows: bool
    honeypots: frozenset[int]


def create_scene(
    hits: Iterable[Hit],
    sent_at: datetime | None,
    lists: Lists,
    *,
    gateway: str | None,
    honeypots: frozenset[int],
) -> Scene:
    """The scene of the hits of one message."""
    traces = read_hits(hits, lists)
    # a browser that fetches links ahead says so in a header, and its owner may click in the same second
    fetches = [_fetch(trace) for trace in traces if trace.hit.kind != "open" and trace.ahead is None]
    bursts, sweeps = tuple(_drop_restored_tabs(fetches, find_bursts(fetches))), find_bursts(fetches, SWEEPS)
    known = {trace.client: trace.network.role for trace in traces if trace.network}
    return Scene(
        traces=traces,
        sent_at=sent_at.timestamp() if sent_at else None,
        opened_at=next((trace.at for trace in traces if _is_opened(trace)), None),
        proxied_at=tuple(trace.at for trace in traces if trace.agent.nature == "proxy"),
        bursts=bursts,
        sweeps=sweeps,
        rented_in_sweep={sweep.start: len(sweep.clients & known.keys()) for sweep in sweeps},
        burst_in_cloud=any(known.get(client) == "cloud" for burst in bursts for client in burst.clients),
        swept=_swept(bursts),
        rented=len({trace.hit.address for trace in traces if trace.is_rented}),
        clicks=_compare_clicks([trace for trace in traces if trace.hit.kind == "click"]),
        follows=lists.follows_links(gateway),
        honeypots=honeypots,
    )


def latest_before(moments: Sequence[float], at: float) -> float | None:
    """The last of ascending moments that is before `at`, or at it."""
    position = bisect_right(moments, at)
    return moments[position - 1] if position else None


def _fetch(trace: Trace) -> Fetch:
    link = trace.hit.link + _FORMS if trace.hit.kind == "form" else trace.hit.link
    return trace.at, link, trace.client


def _drop_restored_tabs(fetches: Sequence[Fetch], bursts: Sequence[Burst]) -> Iterator[Burst]:
    """A browser that starts again loads all its tabs at once: links that its owner had opened one by one."""
    opened: dict[tuple[Client, int], float] = {}
    for at, link, client in fetches if bursts else ():
        burst = nearest_burst(bursts, at)
        if burst is None or seconds_from(burst, at):
            opened.setdefault((client, link), at)
    for burst in bursts:
        first = bisect_left(fetches, burst.start, key=_at)
        last = bisect_right(fetches, burst.end, key=_at)
        if any(
            opened.get((client, link), at) > at - _RETURNS_AFTER for at, link, client in fetches[first:last]
        ):
            yield burst


def _at(fetch: Fetch) -> float:
    return fetch[0]


def _is_opened(trace: Trace) -> bool:
    return trace.hit.kind == "open" and trace.agent.nature in ("proxy", "person")


def _swept(bursts: Iterable[Burst]) -> dict[Client, int]:
    swept: dict[Client, int] = {}
    for burst in bursts:
        for client in burst.clients:
            swept[client] = max(swept.get(client, 0), burst.links)
    return swept


def _compare_clicks(clicks: Sequence[Trace]) -> Clicks:
    return Clicks(_heads(clicks), _clicked(clicks), _followed(clicks), frozenset(_find_crowded(clicks)))


def _heads(clicks: Iterable[Trace]) -> dict[tuple[int, str], list[float]]:
    """Without Office's, which looks so before its owner's browser follows."""
    heads: dict[tuple[int, str], list[float]] = {}
    for click in clicks:
        if click.method == "HEAD" and click.agent.name != "Outlook":
            for who in click.client:
                heads.setdefault((click.hit.link, who), []).append(click.at)
    return heads


def _clicked(clicks: Iterable[Trace]) -> dict[Client, list[float]]:
    clicked: dict[Client, list[float]] = {}
    for click in clicks:
        clicked.setdefault(click.client, []).append(click.at)
    return clicked


def _followed(clicks: Iterable[Trace]) -> dict[int, list[tuple[float, Client]]]:
    """Repeats of one client within moments are told once: a link may be fetched without end."""
    followed: dict[int, list[tuple[float, Client]]] = {}
    for click in clicks:
        before = followed.setdefault(click.hit.link, [])
        repeated = before and before[-1][1] == click.client and click.at - before[-1][0] <= _AGAIN
        if click.ahead is None and not repeated:
            before.append((click.at, click.client))
    return followed


def _find_crowded(clicks: Iterable[Trace]) -> Iterator[int]:
    """Clicks on one link from several networks within seconds, by their hits' ids."""
    by_link: dict[int, list[Trace]] = {}
    for click in clicks:
        if click.ahead is None:
            by_link.setdefault(click.hit.link, []).append(click)
    for same in by_link.values():
        if len(same) >= _CROWD:
            yield from _find_crowded_among(same)


def _find_crowded_among(clicks: Iterable[Trace]) -> Iterator[int]:
    waiting: deque[Trace] = deque()
    recent: deque[tuple[float, str]] = deque()
    places: Counter[str] = Counter()
    for click in clicks:
        recent.append((click.at, neighbourhood(click.hit.address)))
        places[recent[-1][1]] += 1
        waiting.append(click)
        while click.at - recent[0][0] > _CROWD_WITHIN:
            _forget(recent.popleft()[1], places)
        while click.at - waiting[0].at > _CROWD_WITHIN:
            waiting.popleft()
        if len(places) >= _CROWD:
            yield from (each.hit.id for each in waiting)
            waiting.clear()


def _forget(place: str, places: Counter[str]) -> None:
    places[place] -= 1
    if not places[place]:
        del places[place]

"""Judges the hits of one message: was it a person who opened and clicked, or a machine?

Each rule is a small function that looks at one hit within its scene and gives a reason, or None. Machine
rules are asked first, then those that leave it open, then those that speak for a person; the first group
with a reason gives the verdict.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from nurture.core.event import Verdict
from nurture.core.traffic.agents import Lists, shipped_lists
from nurture.core.traffic.burst import Burst, find_bursts

JUDGE_VERSION = 1

TOO_SOON = timedelta(seconds=8)
PIXEL_BEFORE_SWEEP = timedelta(seconds=60)
HEAD_BEFORE_GET = timedelta(seconds=10)
REPEAT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Hit:
    """A pixel or a link that was fetched. `link`: its number within the mail; 0 for the pixel."""

    id: int
    kind: Literal["open", "click"]
    at: datetime
    link: int
    agent: str
    address: str
    method: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Who it was, and why we think so: one plain reason per rule that spoke."""

    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """All hits of the message, oldest first, with what they show together. `sent_at`: the SMTP 250."""

    hits: tuple[Hit, ...]
    sent_at: datetime | None
    bursts: tuple[Burst, ...]
    heads: Mapping[tuple[int, str], Sequence[datetime]]
    hasty: Mapping[tuple[str, str], datetime]
    lists: Lists


Rule = Callable[[Hit, Scene], str | None]


def judge(hits: Iterable[Hit], sent_at: datetime | None, lists: Lists | None = None) -> dict[int, Judgement]:
    """A judgement for each hit of one message, by its id; `sent_at`: when the server took the mail (250)."""
    scene = _scene(hits, sent_at, lists or shipped_lists())
    alone = {hit.id: _judge_one(hit, scene) for hit in scene.hits}
    return _repeats_alike(scene.hits, alone)


def settled(last_hit_at: datetime, now: datetime, settle: timedelta) -> bool:
    """Whether `settle` has passed since the last hit, so that a burst is whole and may be judged."""
    return now - last_hit_at >= settle


def _scene(hits: Iterable[Hit], sent_at: datetime | None, lists: Lists) -> Scene:
    ordered = tuple(sorted(hits, key=lambda hit: (hit.at, hit.id)))
    # a browser that fetches links ahead says so in a header, and its owner may click in the same second
    asked = (hit for hit in ordered if hit.kind == "click" and _prefetch_header(hit) is None)
    bursts = find_bursts((hit.at, hit.link, _client(hit)) for hit in asked)
    heads: dict[tuple[int, str], list[datetime]] = {}
    for hit in ordered:
        if hit.kind == "click" and hit.method.upper() == "HEAD":
            heads.setdefault((hit.link, hit.agent), []).append(hit.at)
    return Scene(ordered, sent_at, bursts, heads, _find_hasty(ordered, sent_at), lists)


def _find_hasty(hits: Iterable[Hit], sent_at: datetime | None) -> dict[tuple[str, str], datetime]:
    """The programs that clicked sooner after the mail than a person can, each with its first click."""
    hasty: dict[tuple[str, str], datetime] = {}
    for hit in hits:
        if hit.kind == "click" and sent_at is not None and hit.at - sent_at <= TOO_SOON:
            hasty.setdefault(_client(hit), hit.at)
    return hasty


def _client(hit: Hit) -> tuple[str, str]:
    return hit.agent, hit.address


def _judge_one(hit: Hit, scene: Scene) -> Judgement:
    for verdict, rules in _RULES:
        reasons = tuple(reason for rule in rules if (reason := rule(hit, scene)) is not None)
        if reasons:
            return Judgement(verdict, reasons)
    return Judgement("unknown", ("its agent is no browser or mail program we know",))


def _repeats_alike(hits: Iterable[Hit], alone: Mapping[int, Judgement]) -> dict[int, Judgement]:
    """One verdict for a double click: where one of the repeats is a machine's, all of them are."""
    judged = dict(alone)
    for repeats in _repeats(hits):
        machine = next((hit for hit in repeats if alone[hit.id].verdict == "machine"), None)
        for hit in repeats if machine else ():
            if alone[hit.id].verdict != "machine":
                judged[hit.id] = Judgement("machine", ("repeats a machine's click within seconds",))
    return judged


def _repeats(hits: Iterable[Hit]) -> Iterator[list[Hit]]:
    """Clicks on one link by one agent, asked in the same way, each within seconds of the one before."""
    open_runs: dict[tuple[int, str, str, bool], list[Hit]] = {}
    for hit in hits:
        if hit.kind != "click":
            continue
        key = (hit.link, hit.agent, hit.method.upper(), _prefetch_header(hit) is not None)
        run = open_runs.get(key)
        if run and hit.at - run[-1].at <= REPEAT:
            run.append(hit)
            continue
        if run:
            yield run
        open_runs[key] = [hit]
    yield from open_runs.values()


def _asked_head_only(hit: Hit, _: Scene) -> str | None:
    return "asked for the headers only (HEAD)" if hit.method.upper() == "HEAD" else None


def _after_head(hit: Hit, scene: Scene) -> str | None:
    heads = scene.heads.get((hit.link, hit.agent), ()) if hit.kind == "click" else ()
    before = bisect_right(heads, hit.at)
    if before and hit.at - heads[before - 1] <= HEAD_BEFORE_GET and hit.method.upper() != "HEAD":
        return "the same agent asked for the headers of this link (HEAD) just before"
    return None


def _prefetched(hit: Hit, _: Scene) -> str | None:
    header = _prefetch_header(hit)
    return f"fetched ahead, before anybody asked ({header})" if header else None


def _prefetch_header(hit: Hit) -> str | None:
    asked_ahead = (name for name in hit.headers if name.lower() in _PREFETCH_HEADERS)
    return next((f"{name}: {hit.headers[name]}" for name in asked_ahead if hit.headers[name].strip()), None)


def _no_agent(hit: Hit, _: Scene) -> str | None:
    return None if hit.agent.strip() else "gave no User-Agent"


def _privacy_prefetch(hit: Hit, scene: Scene) -> str | None:
    name = scene.lists.prefetcher(hit.agent.strip()) if hit.kind == "open" else None
    return f"{name} loads images whether the mail is opened or not" if name else None


def _machine_agent(hit: Hit, scene: Scene) -> str | None:
    name = scene.lists.machine(hit.agent)
    return f"its agent is {name}" if name else None


def _gateway_network(hit: Hit, scene: Scene) -> str | None:
    name = scene.lists.network(hit.address) if hit.kind == "click" else None
    return f"clicked from the network of {name}" if name else None


def _in_burst(hit: Hit, scene: Scene) -> str | None:
    burst = scene.bursts[i - 1] if (i := bisect_right(scene.bursts, hit.at, key=_start)) else None
    if burst is None or hit.at > burst.end or _opened_through_proxy(hit, scene):
        return None
    seconds = (burst.end - burst.start).total_seconds()
    return f"{burst.links} links were fetched within {seconds:.1f} s"


def _before_sweep(hit: Hit, scene: Scene) -> str | None:
    """Gateways load the pixel first and follow the links half a minute later."""
    following = bisect_right(scene.bursts, hit.at, key=_start)
    burst = scene.bursts[following] if following < len(scene.bursts) else None
    if hit.kind == "click" or burst is None or _opened_through_proxy(hit, scene):
        return None
    same = _client(hit) in burst.clients and burst.start - hit.at <= PIXEL_BEFORE_SWEEP
    return "the same program followed all links soon after" if same else None


def _with_hasty_click(hit: Hit, scene: Scene) -> str | None:
    """Of a mail with one link there is no sweep to see: its gateway is known by how soon it clicks."""
    clicked_at = scene.hasty.get(_client(hit)) if hit.kind == "open" else None
    if clicked_at is None or _opened_through_proxy(hit, scene):
        return None
    near = abs(hit.at - clicked_at) <= PIXEL_BEFORE_SWEEP
    return "the same program clicked sooner after the mail than a person can" if near else None


def _start(burst: Burst) -> datetime:
    return burst.start


def _too_soon(hit: Hit, scene: Scene) -> str | None:
    if hit.kind == "open" or scene.sent_at is None or hit.at - scene.sent_at > TOO_SOON:
        return None
    seconds = max(0.0, (hit.at - scene.sent_at).total_seconds())
    return f"clicked {seconds:.1f} s after the mail was accepted"


def _not_sent(_: Hit, scene: Scene) -> str | None:
    return "it is not known yet when the mail was accepted" if scene.sent_at is None else None


def _opened_through_proxy(hit: Hit, scene: Scene) -> str | None:
    name = scene.lists.proxy(hit.agent) if hit.kind == "open" else None
    return f"{name} loads images when a person opens the mail" if name else None


def _person_agent(hit: Hit, scene: Scene) -> str | None:
    name = scene.lists.person(hit.agent)
    return f"came by {name}, alone and in its own time" if name else None


_PREFETCH_HEADERS = frozenset({"sec-purpose", "purpose", "x-purpose", "x-moz"})
_RULES: tuple[tuple[Verdict, tuple[Rule, ...]], ...] = (
    (
        "machine",
        (
            _asked_head_only, _after_head, _prefetched, _no_agent, _privacy_prefetch,
            _machine_agent, _gateway_network, _in_burst, _before_sweep, _with_hasty_click,
            _too_soon,
        ),
    ),
    ("unknown", (_not_sent,)),
    ("human", (_opened_through_proxy, _person_agent)),
)  # fmt: skip

"""Judges the hits of one message: was it a person who opened and clicked, or a machine?

The signs of a machine at a hit are joined to one certainty. Where it is high the hit is a machine's, where
it is middling nobody can say, and where it is low the hit is a person's, if its agent speaks for one: a
click is nobody's merely because nothing was said against it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import prod

from nurture.core.event import Verdict
from nurture.core.traffic.agents import Lists, shipped_lists
from nurture.core.traffic.hit import Hit, Trace
from nurture.core.traffic.scene import Scene, create_scene, latest_before
from nurture.core.traffic.sign import Sign, is_persons_proxy
from nurture.core.traffic.signs import find_signs

__all__ = ["JUDGE_VERSION", "Hit", "Judgement", "judge", "settled"]

JUDGE_VERSION = 2

MACHINE_FROM = 0.75
DOUBTFUL_FROM = 0.5
REPEAT = 5.0  # seconds
SURELY_LATER = 600.0  # seconds
OPENED_WITHIN = 1800.0  # seconds


@dataclass(frozen=True, slots=True)
class Judgement:
    """Who it was, and why we think so: one plain reason per sign that spoke, the gravest first.

    `certainty`: 0..1, the chance that the verdict holds; of `unknown`, that it was a machine.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    certainty: float


def judge(
    hits: Iterable[Hit],
    sent_at: datetime | None,
    lists: Lists | None = None,
    *,
    gateway: str | None = None,
    honeypots: frozenset[int] = frozenset(),
) -> dict[int, Judgement]:
    """A judgement for each hit of one message, by its id.

    `sent_at`: when the server took the mail (250). `gateway`: the name of the recipient's mail gateway, as
    `Lists.gateway` tells it from MX. `honeypots`: numbers of links that no person can see, if there are any.
    """
    scene = create_scene(hits, sent_at, lists or shipped_lists(), gateway=gateway, honeypots=honeypots)
    alone = {trace.hit.id: _judge_one(trace, scene) for trace in scene.traces}
    return _repeats_alike(scene.traces, alone)


def settled(last_hit_at: datetime, now: datetime, settle: timedelta) -> bool:
    """Whether `settle` has passed since the last hit, so that a burst is whole and may be judged."""
    return now - last_hit_at >= settle


def _judge_one(trace: Trace, scene: Scene) -> Judgement:
    signs = sorted(find_signs(trace, scene), key=_weight, reverse=True)
    machine = _joined(signs, scene, trace)
    if machine >= MACHINE_FROM:
        return Judgement("machine", tuple(sign.reason for sign in signs), machine)
    if machine >= DOUBTFUL_FROM:
        return Judgement("unknown", tuple(sign.reason for sign in signs), machine)
    return _judge_unsuspected(trace, scene, signs, machine)


def _judge_unsuspected(trace: Trace, scene: Scene, signs: list[Sign], machine: float) -> Judgement:
    if not _is_timed(trace, scene):
        return Judgement("unknown", ("it is not known yet when the mail was accepted",), DOUBTFUL_FROM)
    although = tuple(f"although it {sign.reason}" for sign in signs if sign.reason.startswith("came"))
    if is_persons_proxy(trace):
        reason = f"{trace.agent.name} loads images when a person opens the mail"
        return Judgement("human", (reason,), 0.95)
    if trace.agent.nature == "person":
        reason = f"came by {trace.agent.name}, alone and in its own time"
        return Judgement("human", (reason, *although), round(trace.agent.certainty * (1 - machine), 3))
    return Judgement("unknown", ("its agent is no browser or mail program we know",), DOUBTFUL_FROM)


def _weight(sign: Sign) -> float:
    return sign.weight


def _joined(signs: list[Sign], scene: Scene, trace: Trace) -> float:
    """The chance that a sign is right; where a person was seen to open the mail, weak ones count less."""
    if not signs:
        return 0.0
    opened = latest_before(scene.proxied_at, trace.at) if scene.proxied_at else None
    doubt = 0.6 if opened is not None and trace.at - opened <= OPENED_WITHIN else 1.0
    return round(1 - prod(1 - (w if (w := sign.weight) >= MACHINE_FROM else w * doubt) for sign in signs), 3)


def _is_timed(trace: Trace, scene: Scene) -> bool:
    """Whether it is known that the hit did not come right after the mail: at the latest by the first hit."""
    return scene.sent_at is not None or trace.at - scene.traces[0].at >= SURELY_LATER


def _repeats_alike(traces: Iterable[Trace], alone: Mapping[int, Judgement]) -> dict[int, Judgement]:
    """One verdict for a double click: where one of the repeats is a machine's, all of them are."""
    judged = dict(alone)
    for repeats in _repeats(traces):
        machine = next((hit_id for hit_id in repeats if alone[hit_id].verdict == "machine"), None)
        for hit_id in repeats if machine is not None else ():
            if alone[hit_id].verdict != "machine":
                judged[hit_id] = Judgement("machine", ("repeats a machine's click within seconds",), 0.8)
    return judged


def _repeats(traces: Iterable[Trace]) -> Iterator[list[int]]:
    """Ids of clicks on one link by one agent, asked alike, each within seconds of the one before."""
    open_runs: dict[tuple[int, str, str, bool], tuple[float, list[int]]] = {}
    for trace in traces:
        if trace.hit.kind != "click":
            continue
        key = (trace.hit.link, trace.hit.agent, trace.method, trace.ahead is not None)
        last_at, run = open_runs.get(key) or (0.0, [])
        if run and trace.at - last_at > REPEAT:
            yield run
            run = []
        run.append(trace.hit.id)
        open_runs[key] = (trace.at, run)
    yield from (run for _, run in open_runs.values())

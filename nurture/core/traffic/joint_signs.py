"""Signs that a hit bears by what else happened to its mail: sweeps, repeats, others at the same link."""

from bisect import bisect_left
from itertools import islice

from nurture.core.traffic.burst import Burst, Client, nearest_burst, seconds_from
from nurture.core.traffic.hit import Trace
from nurture.core.traffic.lone_signs import TOO_SOON
from nurture.core.traffic.network import neighbourhood
from nurture.core.traffic.scene import Scene, latest_before
from nurture.core.traffic.sign import Sign, is_persons_proxy

PIXEL_BEFORE_SWEEP = 60.0  # seconds, as all below
HEAD_BEFORE_GET = 10.0
BESIDE = 30.0
FORM_AFTER_CLICK = 2.0
HASTY_STAYS = 300.0
LOOKS_AGAIN_WITHIN = 90.0
LOOKS_AHEAD = 2.0
_MOST_RENTED = 2


def after_head(trace: Trace, scene: Scene) -> Sign | None:
    """A program that asks for the headers first, and then for the page."""
    if not scene.clicks.heads or trace.hit.kind != "click" or trace.method == "HEAD":
        return None
    for who, name, weight in zip(trace.client, ("agent", "address"), (0.9, 0.45), strict=True):
        before = latest_before(scene.clicks.heads.get((trace.hit.link, who), ()), trace.at)
        if who and before is not None and trace.at - before <= HEAD_BEFORE_GET:
            return Sign(f"the same {name} asked for the headers of this link (HEAD) just before", weight)
    return None


def in_burst(trace: Trace, scene: Scene) -> Sign | None:
    """Many links at once."""
    burst = nearest_burst(scene.bursts, trace.at)
    if burst is None or seconds_from(burst, trace.at) or is_persons_proxy(trace):
        return None
    # two people may by chance follow one link each in the same second, though not three
    by_chance = burst.links == 2 and len(burst.places) == 2
    weight = 0.6 if by_chance else 0.95
    return Sign(f"{burst.links} links were fetched within {burst.end - burst.start:.1f} s", weight)


def in_sweep(trace: Trace, scene: Scene) -> Sign | None:
    """Many links at a steady pace, by one program or by many machines."""
    sweep = nearest_burst(scene.sweeps, trace.at)
    if sweep is None or seconds_from(sweep, trace.at) or trace.client not in sweep.clients:
        return None
    if trace.network is None and scene.rented_in_sweep[sweep.start] >= _MOST_RENTED:
        return None  # a person at home, while a farm of rented machines is at work
    networks = len(sweep.places)
    seconds = sweep.end - sweep.start
    if networks >= 3:
        return Sign(
            f"{sweep.links} links were followed from {networks} networks within {seconds:.0f} s", 0.85
        )
    return Sign(f"{sweep.links} links were followed within {seconds:.0f} s", _PACE[min(sweep.links, 8)])


def beside_burst(trace: Trace, scene: Scene) -> Sign | None:
    """Stragglers of a sweep, and the forms that it sends when it has read the pages."""
    burst = nearest_burst(scene.bursts, trace.at)
    if burst is None or not 0 < seconds_from(burst, trace.at) <= BESIDE:
        return None
    if not _is_alike(trace, burst) and len(burst.clients) < 3:
        return None
    weight = 0.9 if trace.hit.kind == "form" else 0.6
    return Sign("a program that fetched all links at once was at work at that time", weight)


def _is_alike(trace: Trace, burst: Burst) -> bool:
    agent, address = trace.client
    return agent in burst.agents or neighbourhood(address) in burst.places


def swept_before(trace: Trace, scene: Scene) -> Sign | None:
    """One client that was a machine once on this mail stays one."""
    links = scene.swept.get(trace.client, 0)
    burst = nearest_burst(scene.bursts, trace.at)
    if not links or (burst and not seconds_from(burst, trace.at)) or is_persons_proxy(trace):
        return None
    return Sign("the same program fetched links in a burst", 0.85 if links > 2 else 0.4)


def from_several_rented(trace: Trace, scene: Scene) -> Sign | None:
    """The machines of a farm come back one by one."""
    if trace.network is None or not trace.is_rented:
        return None
    if scene.burst_in_cloud and trace.network.role == "cloud":
        return Sign("the links of this mail were swept from rented machines", 0.6)
    if scene.rented < 2:
        return None
    return Sign(f"this mail was fetched from {scene.rented} rented machines", 0.35)


def looked_again(trace: Trace, scene: Scene) -> Sign | None:
    """Virus scanners fetch from their makers' machines what their owner opens, just before or after."""
    if not trace.is_rented or trace.hit.kind != "click":
        return None
    others = scene.clicks.by_link.get(trace.hit.link, ())
    first = bisect_left(others, trace.at - LOOKS_AGAIN_WITHIN, key=_at)
    for at, client in islice(others, first, None):
        if at - trace.at > LOOKS_AHEAD:
            return None
        if client != trace.client:
            return Sign("somebody else followed the same link just then", 0.35)
    return None


def _at(followed: tuple[float, Client]) -> float:
    return followed[0]


def crowded(trace: Trace, scene: Scene) -> Sign | None:
    """A farm fetches the one link of a mail."""
    if trace.hit.id not in scene.clicks.crowded:
        return None
    return Sign("the link was fetched from several networks within seconds", 0.85)


def hasty_form(trace: Trace, scene: Scene) -> Sign | None:
    """No person fills in a form that fast."""
    if trace.hit.kind != "form":
        return None
    before = latest_before(scene.clicks.by_client.get(trace.client, ()), trace.at)
    if before is None or trace.at - before > FORM_AFTER_CLICK:
        return None
    return Sign(f"sent the form {trace.at - before:.1f} s after following its link", 0.8)


def hasty_before(trace: Trace, scene: Scene) -> Sign | None:
    """Of a mail with one link there is no sweep to see: its gateway is known by how soon it clicks."""
    clicks = scene.clicks.by_client.get(trace.client)
    if not clicks or scene.sent_at is None or is_persons_proxy(trace):
        return None
    within = PIXEL_BEFORE_SWEEP if trace.hit.kind == "open" else HASTY_STAYS
    hasty = clicks[0] - scene.sent_at <= TOO_SOON
    itself = trace.hit.kind != "open" and trace.at - scene.sent_at <= TOO_SOON
    if not hasty or itself or abs(trace.at - clicks[0]) > within:
        return None
    return Sign("the same program clicked sooner after the mail than a person can", 0.85)


def before_sweep(trace: Trace, scene: Scene) -> Sign | None:
    """Gateways load the pixel first and follow the links half a minute later."""
    burst = nearest_burst(scene.bursts, trace.at)
    if burst is None or is_persons_proxy(trace) or trace.client not in burst.clients:
        return None
    if not 0 < burst.start - trace.at <= PIXEL_BEFORE_SWEEP:
        return None
    return Sign("the same program followed all links soon after", 0.9)


# by how many links one program followed at a pace that few people keep
_PACE = {3: 0.3, 4: 0.45, 5: 0.6, 6: 0.65, 7: 0.7, 8: 0.8}

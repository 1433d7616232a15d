"""Signs that one hit bears by itself: how it asked, who it says it is, whence and how soon it came."""

from nurture.core.traffic.hit import Trace
from nurture.core.traffic.scene import Scene
from nurture.core.traffic.sign import Sign

TOO_SOON = 8.0  # seconds, as all below
EARLY = 90.0
LATE = 300.0
GATEWAY_WINDOW = 600.0


def asked_head_only(trace: Trace, _: Scene) -> Sign | None:
    """It asked by HEAD, which no browser does for a person."""
    return Sign("asked for the headers only (HEAD)", 0.97) if trace.method == "HEAD" else None


def prefetched(trace: Trace, _: Scene) -> Sign | None:
    """A browser fetched it ahead and says so."""
    return Sign(f"fetched ahead, before anybody asked ({trace.ahead})", 0.97) if trace.ahead else None


def machine_agent(trace: Trace, _: Scene) -> Sign | None:
    """Its agent is a program's that clicks for nobody."""
    agent = trace.agent
    if agent.nature == "machine":
        reason = agent.name if not trace.hit.agent.strip() else f"its agent is {agent.name}"
        return Sign(reason, agent.certainty)
    if agent.nature == "prefetcher":
        if trace.hit.kind == "open":
            return Sign(f"{agent.name} loads images whether the mail is opened or not", agent.certainty)
        return Sign("its agent is no browser's", 0.9)
    return None


def contact_header(trace: Trace, _: Scene) -> Sign | None:
    """RFC 9110 §10.1.2: a robot says by `From` whom to tell of trouble; no browser sends it."""
    named = any(name.lower() == "from" for name in trace.hit.headers)
    return Sign("it says whom to tell of trouble, as robots do (From)", 0.9) if named else None


def poor_headers(trace: Trace, _: Scene) -> Sign | None:
    """Every browser sends the languages its owner reads."""
    names = {name.lower() for name in trace.hit.headers}
    if "accept" not in names or "accept-language" in names or trace.agent.nature != "person":
        return None
    return Sign("it says it is a browser, and knows no language", 0.3)


def network(trace: Trace, _: Scene) -> Sign | None:
    """Its network is a mail gateway's, or one of rented machines."""
    network = trace.network
    if network is None:
        return None
    words, weight = _NETWORKS[network.role]
    return Sign(f"{words} {network.name}", weight)


def too_soon(trace: Trace, scene: Scene) -> Sign | None:
    """Nobody reads that fast."""
    if scene.sent_at is None or round(trace.at - scene.sent_at, 6) > TOO_SOON:
        return None
    seconds = max(0.0, trace.at - scene.sent_at)
    did = "sent a form" if trace.hit.kind == "form" else "clicked"
    return Sign(f"{did} {seconds:.1f} s after the mail was accepted", 0.9)


def soon(trace: Trace, scene: Scene) -> Sign | None:
    """Of the gateways' sweeps two thirds begin within a minute, and nearly all others within five."""
    if scene.sent_at is None or not TOO_SOON < (after := trace.at - scene.sent_at) <= LATE:
        return None
    return Sign(f"came {after:.0f} s after the mail was accepted", 0.3 if after <= EARLY else 0.2)


def behind_gateway(trace: Trace, scene: Scene) -> Sign | None:
    """The recipient's gateway is known to follow links."""
    if not scene.follows or scene.sent_at is None:
        return None
    soon = trace.at - scene.sent_at <= GATEWAY_WINDOW
    return Sign("the mail gateway of the recipient follows links by itself", 0.35 if soon else 0.15)


def unopened(trace: Trace, scene: Scene) -> Sign | None:
    """A click of the first moments, or from a rented machine, in a mail that nobody has opened."""
    if scene.sent_at is None or (scene.opened_at is not None and scene.opened_at <= trace.at):
        return None
    after = trace.at - scene.sent_at
    early = TOO_SOON < after <= EARLY
    rented = trace.network is not None and trace.network.role == "cloud" and after > EARLY
    return Sign("nobody had opened the mail", 0.3 if early else 0.2) if early or rented else None


def honeypot(trace: Trace, scene: Scene) -> Sign | None:
    """It followed a link laid for machines."""
    followed = trace.hit.kind == "click" and trace.hit.link in scene.honeypots
    return Sign("followed a link that nobody can see", 0.99) if followed else None


_NETWORKS = {
    "gateway": ("clicked from the network of", 0.97),
    "probable": ("came from the network of", 0.55),
    "cloud": ("came from the rented machines of", 0.45),
    "hosting": ("came from", 0.4),
}

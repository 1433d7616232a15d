"""A sign that a hit is a machine's."""

from collections.abc import Callable
from typing import NamedTuple

from nurture.core.traffic.hit import Trace
from nurture.core.traffic.scene import Scene


class Sign(NamedTuple):
    """A reason, in plain words, and its weight: the chance (0..1) that a hit with this sign and no other is a
    machine's."""

    reason: str
    weight: float


Rule = Callable[[Trace, Scene], Sign | None]


def is_persons_proxy(trace: Trace) -> bool:
    """Whether an image was loaded by a proxy that waits for a person to open the mail."""
    return trace.hit.kind == "open" and trace.agent.nature == "proxy"

"""All signs of a machine that a hit bears.

Weights join as independent chances do: a strong sign is enough, a weak one only among others.
"""

from nurture.core.traffic import joint_signs, lone_signs
from nurture.core.traffic.hit import Trace
from nurture.core.traffic.scene import Scene
from nurture.core.traffic.sign import Rule, Sign

_OF_ALL: tuple[Rule, ...] = (
    lone_signs.asked_head_only,
    lone_signs.prefetched,
    lone_signs.machine_agent,
    lone_signs.contact_header,
    joint_signs.in_burst,
    joint_signs.hasty_before,
    joint_signs.swept_before,
)
_OF_OPENS: tuple[Rule, ...] = (*_OF_ALL, joint_signs.before_sweep)
_OF_CLICKS: tuple[Rule, ...] = (
    *_OF_ALL,
    lone_signs.honeypot,
    lone_signs.network,
    lone_signs.too_soon,
    lone_signs.soon,
    lone_signs.behind_gateway,
    lone_signs.unopened,
    lone_signs.poor_headers,
    joint_signs.after_head,
    joint_signs.in_sweep,
    joint_signs.beside_burst,
    joint_signs.from_several_rented,
    joint_signs.crowded,
    joint_signs.looked_again,
    joint_signs.hasty_form,
)


def find_signs(trace: Trace, scene: Scene) -> list[Sign]:
    """All signs of a machine at a hit."""
    rules = _OF_OPENS if trace.hit.kind == "open" else _OF_CLICKS
    return [sign for rule in rules if (sign := rule(trace, scene)) is not None]

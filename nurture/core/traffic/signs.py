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


# Most mails are never swept, and need not be asked about it.
_OF_SWEEPS = frozenset(
    {
        joint_signs.in_burst,
        joint_signs.in_sweep,
        joint_signs.beside_burst,
        joint_signs.swept_before,
        joint_signs.before_sweep,
    }
)
_OF_UNSWEPT_OPENS = tuple(rule for rule in _OF_OPENS if rule not in _OF_SWEEPS)
_OF_UNSWEPT_CLICKS = tuple(rule for rule in _OF_CLICKS if rule not in _OF_SWEEPS)


def find_signs(trace: Trace, scene: Scene) -> list[Sign]:
    """All signs of a machine at a hit."""
    swept = bool(scene.bursts or scene.sweeps)
    if trace.hit.kind == "open":
        rules = _OF_OPENS if swept else _OF_UNSWEPT_OPENS
    else:
        rules = _OF_CLICKS if swept else _OF_UNSWEPT_CLICKS
    return [sign for rule in rules if (sign := rule(trace, scene)) is not None]

"""Weeks of traffic, made from a seed: what came, and the truth about it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.simulator import machines
from tests.simulator.mails import Mail, World, create_world
from tests.simulator.people import read

MONDAY = datetime(2026, 3, 2, 6, tzinfo=UTC)


def simulate_week(seed: int, mails: int = 1500) -> Iterator[Mail]:
    """The mails of one week with all their hits, in the order in which they were sent."""
    world = create_world(seed)
    for number in range(mails):
        mail = _send(world, number)
        _deliver(mail, world)
        yield mail


def _send(world: World, number: int) -> Mail:
    sent_at = MONDAY + timedelta(seconds=world.random.uniform(0, 5 * 86_400))
    told = sent_at + timedelta(seconds=world.random.gauss(0, world.jitter))
    return Mail(
        number=number,
        links=world.random.choice((1, 1, 2, 3, 4, 5, 6, 8, 12)),
        sent_at=sent_at,
        known_sent_at=None if world.chance(0.02) else told,
        gateway=_choose_gateway(world),
    )


def _choose_gateway(world: World) -> str | None:
    return world.random.choice(tuple(machines.BY_GATEWAY)) if world.chance(0.5) else None


def _deliver(mail: Mail, world: World) -> None:
    """Gateways that follow links do so for most of their mail, and people read it all the same."""
    behaviours = machines.BY_GATEWAY.get(mail.gateway or "", machines.UNKNOWN)
    if world.chance(0.75 if mail.gateway else 0.15):
        world.random.choice(behaviours)(mail, world)
    if world.chance(0.5):
        read(mail, world)
        if world.chance(0.03):
            machines.second_look(mail, world)
    if world.chance(0.02):
        machines.tool(mail, world)
    if world.chance(0.3):
        mail.gateway = None  # its domain's mail servers were not asked yet

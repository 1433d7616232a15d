"""A simulated mail: its links, when it was sent, and every hit with the truth about who made it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from nurture.core.traffic.verdict import Hit
from tests.simulator.clients import Client

Truth = Literal["human", "machine"]


@dataclass
class Mail:
    """One message to one person. `known_sent_at` is what the judge is told, with clocks that disagree."""

    number: int
    links: int
    sent_at: datetime
    known_sent_at: datetime | None
    gateway: str | None
    hits: list[Hit] = field(default_factory=list)
    truths: dict[int, Truth] = field(default_factory=dict)

    def add(
        self,
        truth: Truth,
        kind: Literal["open", "click", "form"],
        seconds: float,
        client: Client,
        *,
        link: int = 0,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A hit `seconds` after the mail was sent."""
        hit_id = self.number * 10_000 + len(self.hits)
        at = self.sent_at + timedelta(seconds=max(0.0, seconds))
        sent = "POST" if kind == "form" else method
        self.hits.append(Hit(hit_id, kind, at, link, client.agent, client.address, sent, headers or {}))
        self.truths[hit_id] = truth


@dataclass(frozen=True)
class World:
    """How one simulated week goes: drawn from its seed, so that no two weeks are alike."""

    random: Random
    pace: float  # of people; 1 is ordinary
    haste: float  # of machines
    jitter: float  # seconds by which the clocks of our own hosts disagree
    headers: bool  # whether headers are recorded

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.random.random() < share


def create_world(seed: int) -> World:
    """The week of a seed."""
    random = Random(seed)  # noqa: S311
    return World(
        random=random,
        pace=random.uniform(0.7, 1.4),
        haste=random.uniform(0.6, 1.6),
        jitter=random.choice((0.0, 0.3, 1.0)),
        headers=random.random() < 0.7,
    )

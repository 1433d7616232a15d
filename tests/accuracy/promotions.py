"""Whether machines alone can promote a contact: simulated weeks, judged as they come, by shipped rules."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from nurture.core.condition import Facts
from nurture.core.event import Event, EventKind, Verdict
from nurture.core.funnel import Promotion, decide_promotion
from nurture.core.score import grade, score, scored
from nurture.core.traffic.agents import shipped_lists
from nurture.core.traffic.verdict import Hit, judge
from nurture.core.workspace import Workspace
from nurture.workspace.load import load_workspace
from tests.simulator.mails import Mail
from tests.simulator.weeks import simulate_week

ROOT = Path(__file__).parents[2]
SETTLE = timedelta(seconds=60)
MAILS_EACH = 6
FIT = {"industry": "retail", "employees": "51-200", "title": "COO", "country": "GB"}
"""The best of attributes, with which the rules ask for the least interest."""


@dataclass
class Contact:
    """A simulated contact: its mails of the week, and the verdicts as they stand."""

    mails: list[Mail]
    verdicts: dict[int, Verdict] = field(default_factory=dict)

    def moments(self) -> list[tuple[datetime, Mail]]:
        """When which mail is judged: each time its hits have settled."""
        return sorted(
            {hit.at + SETTLE: mail for mail in self.mails for hit in mail.hits}.items(),
            key=lambda moment: moment[0],
        )

    def is_a_machine(self, hit_ids: Iterable[int]) -> bool:
        """Whether machines made all of these hits."""
        truths = {hit_id: truth for mail in self.mails for hit_id, truth in mail.truths.items()}
        return all(truths[hit_id] == "machine" for hit_id in hit_ids)


def measure_promotions(seeds: Iterable[int], mails: int = 1500) -> dict[str, int]:
    """Contacts, how many were `promoted`, and how many of them by machines alone: at some moment
    (`ever_by_machines`), and when the week was over and all was judged (`by_machines`)."""
    workspace = load_workspace(ROOT / "config" / "workspace", ROOT / "templates" / "email")
    figures: dict[str, int] = defaultdict(int)
    for seed in seeds:
        for contact in _contacts(seed, mails):
            figures["contacts"] += 1
            seen = [_promotion(contact, workspace, moment, mail) for moment, mail in contact.moments()]
            wrong = [bool(p and p.evidence and contact.is_a_machine(p.evidence)) for p in seen]
            figures["promoted"] += any(seen)
            figures["ever_by_machines"] += any(wrong)
            figures["by_machines"] += bool(wrong and wrong[-1])
    return dict(figures)


def _contacts(seed: int, mails: int) -> list[Contact]:
    week = list(simulate_week(seed, mails))
    return [Contact(week[first : first + MAILS_EACH]) for first in range(0, mails, MAILS_EACH)]


def _promotion(contact: Contact, workspace: Workspace, now: datetime, mail: Mail) -> Promotion | None:
    """What the rules say once the hits of a mail up to `now` have been judged (again)."""
    seen = [hit for hit in mail.hits if hit.at <= now]
    judged = judge(seen, mail.known_sent_at, shipped_lists(), gateway=mail.gateway)
    contact.verdicts |= {hit_id: judgement.verdict for hit_id, judgement in judged.items()}
    events = _events(contact, now)
    facts = Facts(
        stage=workspace.stages[0].name,
        attributes=FIT,
        events=tuple(events),
        score=score(workspace.score, events, now),
        grade=grade(workspace.grade, FIT),
        steps_at={},
        scored=scored(workspace.score, events, now),
    )
    return decide_promotion(workspace.rules, facts, [stage.name for stage in workspace.stages], now)


def _events(contact: Contact, now: datetime) -> Sequence[Event]:
    hits = [(mail, hit) for mail in contact.mails for hit in mail.hits if hit.at <= now]
    return [
        Event(hit.id, _kind(hit), hit.at, contact.verdicts.get(hit.id, "unknown"), "mail", mail.number)
        for mail, hit in sorted(hits, key=lambda pair: pair[1].at)
    ]


def _kind(hit: Hit) -> EventKind:
    return "pricing_request" if hit.kind == "form" else cast(EventKind, hit.kind)

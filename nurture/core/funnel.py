"""Moves a contact through the funnel, and says to a salesperson why now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from nurture.core import words
from nurture.core.event import Event, EventKind
from nurture.core.rule import Facts, Outcome, Rule, matches

STRENGTH: tuple[EventKind, ...] = (
    "pricing_request", "demo_request", "trial_request", "meeting_request", "timeline_shared",
    "information_request", "interested", "reply", "click", "open",
)  # fmt: skip
_LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A move from one stage to another, by a rule, resting on the events `evidence`.

    `reason` is the rule's sentence, `because` has one sentence for each condition that held.
    """

    origin: str
    target: str
    rule: str
    reason: str
    evidence: tuple[int, ...]
    because: tuple[str, ...]


def decide_promotion(
    rules: Iterable[Rule],
    facts: Facts,
    stages: Sequence[str],
    now: datetime,
    rejected: Iterable[Promotion] = (),
) -> Promotion | None:
    """The promotion that the first rule in file order gives, one move at most; None where none holds.

    A rule may skip stages and may lead back. Rules towards a stage that is not among `stages` are passed
    over. So are those that add nothing to a promotion that sales has `rejected`: the same target, and no
    evidence the rejected one did not have.
    """
    refused = tuple(rejected)
    for rule, outcome in matches(rules, facts, now):
        promotion = _promotion(rule, outcome, facts.stage)
        if rule.target in stages and not any(_adds_nothing(promotion, earlier) for earlier in refused):
            return promotion
    return None


def _promotion(rule: Rule, outcome: Outcome, origin: str) -> Promotion:
    return Promotion(origin, rule.target, rule.name, rule.reason, outcome.evidence, outcome.because)


def _adds_nothing(promotion: Promotion, earlier: Promotion) -> bool:
    return promotion.target == earlier.target and set(promotion.evidence) <= set(earlier.evidence)


def why_now(promotion: Promotion, events: Iterable[Event], now: datetime) -> str:
    """One sentence for sales that leads with the strongest intent of the evidence.

    "Asked for prices by the form on 4 March at 14:05 UTC, after 3 clicks in 14 days." `events` are all of the
    contact's; only those judged human are told. Without evidence the sentence is what the rule found.
    """
    human = [event for event in events if event.verdict == "human" and event.kind in STRENGTH]
    proven = [event for event in human if event.id in promotion.evidence]
    if not proven:
        return _sentence("; ".join(promotion.because) or promotion.reason)
    lead = min(proven, key=lambda event: (STRENGTH.index(event.kind), now - event.at))
    clicks = [event for event in human if event.kind == "click" and event.at <= lead.at]
    return _sentence(_lead_and_clicks(lead, [c for c in clicks if lead.at - c.at <= _LOOK_BACK], now))


def _lead_and_clicks(lead: Event, clicks: list[Event], now: datetime) -> str:
    when = f"on {words.day(lead.at, now)} at {words.clock(lead.at)}"
    if lead.kind == "click" and len(clicks) > 1:
        return f"clicked {len(clicks)} times in {_days(clicks, lead)}, last {when}"
    if lead.kind == "click" or not clicks:
        return f"{words.told(lead)} {when}"
    before = "a click" if len(clicks) == 1 else f"{len(clicks)} clicks in {_days(clicks, lead)}"
    return f"{words.told(lead)} {when}, after {before}"


def _days(clicks: list[Event], lead: Event) -> str:
    length = lead.at - min(click.at for click in clicks)
    return words.span(timedelta(days=max(1, ceil(length / timedelta(days=1)))))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def timeline(events: Iterable[Event]) -> tuple[str, ...]:
    """Dated lines (UTC), newest last; what was not judged human says so: it counts for nothing."""
    return tuple(_line(event) for event in sorted(events, key=lambda event: (event.at, event.id)))


def _line(event: Event) -> str:
    doubt = "" if event.verdict == "human" else f" [{event.verdict}, not counted]"
    detail = f": {' '.join(event.detail.split())}" if event.detail.strip() else ""
    return f"{words.minute(event.at)}: {words.told(event)}{doubt}{detail}"

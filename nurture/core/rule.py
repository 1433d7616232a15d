"""Promotion rules, and what a condition says of a contact's facts at a given moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from nurture.core import words
from nurture.core.condition import (
    AllOf,
    AnyOf,
    AttributeIn,
    Condition,
    Counted,
    Facts,
    GradeAtLeast,
    NoneOf,
    Outcome,
    ScoreAtLeast,
)
from nurture.core.event import Event, EventKind, Verdict
from nurture.core.score import attribute_in, grade_at_least

__all__ = [
    "AllOf", "AnyOf", "AttributeIn", "Condition", "Counted", "Event", "EventKind", "Facts", "GradeAtLeast",
    "NoneOf", "Outcome", "Rule", "ScoreAtLeast", "Verdict",
    "describe_unmet", "evaluate", "first_match", "matches",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """Moves a contact from one of `origins` to the stage `target` when the condition holds.

    Rules are tried in file order; the first that holds wins. `reason` is the sentence sales reads.
    """

    name: str
    origins: tuple[str, ...]
    target: str
    when: Condition
    reason: str


def first_match(rules: Iterable[Rule], facts: Facts, now: datetime) -> tuple[Rule, Outcome] | None:
    """The first rule in file order that moves the contact from its stage, or None."""
    return next(matches(rules, facts, now), None)


def matches(rules: Iterable[Rule], facts: Facts, now: datetime) -> Iterator[tuple[Rule, Outcome]]:
    """The rules that would move the contact from its stage now, in file order, each with its outcome."""
    for rule in rules:
        if facts.stage in rule.origins and rule.target != facts.stage:
            outcome = evaluate(rule.when, facts, now)
            if outcome.met:
                yield rule, outcome


def evaluate(condition: Condition, facts: Facts, now: datetime) -> Outcome:
    """Whether the condition holds at `now`, with its evidence and sentences; an unmet one has neither.

    Only events judged human count. An event dated after `now` (a clock that runs ahead) counts as just now.
    """
    match condition:
        case Counted():
            return _evaluate_count(condition, facts, now)
        case ScoreAtLeast():
            return _evaluate_score(condition, facts)
        case GradeAtLeast():
            met = grade_at_least(facts.grade, condition.grade)
            return Outcome(True, because=(f"fit grade {facts.grade}",)) if met else _UNMET
        case AttributeIn():
            return _evaluate_attribute(condition, facts)
        case AllOf():
            outcomes = [evaluate(branch, facts, now) for branch in condition.of]
            return _joined(outcomes) if all(outcome.met for outcome in outcomes) else _UNMET
        case AnyOf():
            held = [outcome for branch in condition.of if (outcome := evaluate(branch, facts, now)).met]
            return _joined(held) if held else _UNMET
        case NoneOf():
            return _evaluate_none(condition, facts, now)


def describe_unmet(condition: Condition, facts: Facts, now: datetime) -> tuple[str, ...]:
    """What is still missing, one line each ("1 of 2 clicks in 14 days"); empty where the condition holds."""
    if evaluate(condition, facts, now).met:
        return ()
    match condition:
        case Counted():
            number = _number(condition, _counting(condition, facts, now))
            return (f"{number} of {_wanted(condition)}",)
        case ScoreAtLeast():
            return (f"interest score {facts.score:g} of {condition.points:g} needed",)
        case GradeAtLeast():
            return (f"fit grade {facts.grade}, {condition.grade} or better needed",)
        case AttributeIn():
            return (_missing_attribute(condition, facts),)
        case AllOf():
            return tuple(line for branch in condition.of for line in describe_unmet(branch, facts, now))
        case AnyOf():
            return (
                ", or ".join(" and ".join(describe_unmet(branch, facts, now)) for branch in condition.of),
            )
        case NoneOf():
            outcomes = (evaluate(branch, facts, now) for branch in condition.of)
            return tuple(f"ruled out: {line}" for outcome in outcomes for line in outcome.because)


_UNMET = Outcome(False)


def _evaluate_count(condition: Counted, facts: Facts, now: datetime) -> Outcome:
    events = _counting(condition, facts, now)
    number = _number(condition, events)
    if number < condition.at_least:
        return _UNMET
    if not events:
        return Outcome(True)
    return Outcome(
        True, tuple(event.id for event in events), (_counted_sentence(condition, number, events[-1], now),)
    )


def _counting(condition: Counted, facts: Facts, now: datetime) -> list[Event]:
    """The human events that count, oldest first."""
    if condition.since is not None and condition.since not in facts.steps_at:
        return []
    starts = [facts.steps_at[condition.since]] if condition.since is not None else []
    starts += [now - condition.within] if condition.within is not None else []
    counting = (
        event
        for event in facts.events
        if event.kind == condition.event and event.verdict == "human" and all(event.at >= at for at in starts)
    )
    return sorted(counting, key=lambda event: (event.at, event.id))


def _number(condition: Counted, events: Iterable[Event]) -> int:
    if not condition.distinct_mails:
        return sum(1 for _ in events)
    # an event that belongs to no mail (a form on a web site) stands for itself
    return len({("mail", e.message_id) if e.message_id is not None else ("event", e.id) for e in events})


def _counted_sentence(condition: Counted, number: int, latest: Event, now: datetime) -> str:
    if latest.kind in words.ASKED:
        return f"{words.told(latest)}{_stretch(condition)}"
    deed = words.repeated(latest.kind, number, mails=condition.distinct_mails)
    on = "on" if number == 1 else "last on"
    return f"{deed}{_stretch(condition)} ({on} {words.day(latest.at, now)})"


def _stretch(condition: Counted) -> str:
    within = f" in the last {words.span(condition.within)}" if condition.within is not None else ""
    return within + (f" since step “{condition.since}”" if condition.since is not None else "")


def _wanted(condition: Counted) -> str:
    """What is asked for: "2 clicks in 14 days", "2 opens in different mails since step “intro”"."""
    mails = " in different mails" if condition.distinct_mails and condition.at_least > 1 else ""
    within = f" in {words.span(condition.within)}" if condition.within is not None else ""
    since = f" since step “{condition.since}”" if condition.since is not None else ""
    return f"{words.counted(condition.event, condition.at_least)}{mails}{within}{since}"


def _evaluate_score(condition: ScoreAtLeast, facts: Facts) -> Outcome:
    if facts.score < condition.points:
        return _UNMET
    return Outcome(True, facts.scored, (f"interest score {facts.score:g} of {condition.points:g} needed",))


def _evaluate_attribute(condition: AttributeIn, facts: Facts) -> Outcome:
    if not attribute_in(facts.attributes, condition.attribute, condition.values):
        return _UNMET
    return Outcome(
        True, because=(f"{condition.attribute} is {facts.attributes.get(condition.attribute, '').strip()}",)
    )


def _missing_attribute(condition: AttributeIn, facts: Facts) -> str:
    has = facts.attributes.get(condition.attribute, "").strip() or "missing"
    wanted = f", not {' or '.join(condition.values)}" if condition.values else ""
    return f"{condition.attribute} is {has}{wanted}"


def _evaluate_none(condition: NoneOf, facts: Facts, now: datetime) -> Outcome:
    if any(evaluate(branch, facts, now).met for branch in condition.of):
        return _UNMET
    lines = (line for branch in condition.of for line in _absent(branch, facts, now))
    return Outcome(True, because=tuple(dict.fromkeys(lines)))


def _absent(condition: Condition, facts: Facts, now: datetime) -> tuple[str, ...]:
    """What to say of a branch of `NoneOf` that does not hold."""
    if isinstance(condition, Counted) and condition.at_least == 1:
        return (f"no {words.counted(condition.event, 1).removeprefix('1 ')}{_stretch(condition)}",)
    if isinstance(condition, Counted):
        return (f"only {describe_unmet(condition, facts, now)[0]}",)
    return describe_unmet(condition, facts, now)


def _joined(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of conditions that hold together: evidence and sentences of each, none of them twice."""
    held = tuple(outcomes)
    evidence = dict.fromkeys(id for outcome in held for id in outcome.evidence)
    because = dict.fromkeys(line for outcome in held for line in outcome.because)
    return Outcome(True, tuple(evidence), tuple(because))

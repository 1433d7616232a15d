"""The rules that say which concepts together mean which intent, and where they hold in a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from nurture.core.inbound.negation import Scopes
from nurture.core.inbound.phrase import Concepts, Span, rules_data
from nurture.core.inbound.sentence import Sentence

_COMMA = 2
_MOST = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of rules.toml, which tells what each field means."""

    intent: str
    all: tuple[tuple[str, ...], ...]
    weight: float
    example: str
    reason: str = ""
    within: int = 12
    unless: frozenset[str] = frozenset()
    short: int = 1_000
    negated: bool = False
    itself: bool = False
    opens: bool = False
    needs: frozenset[str] = frozenset()


@cache
def rules() -> tuple[Rule, ...]:
    """All rules in the order of the file."""
    return tuple(
        Rule(
            **{
                **row,
                "all": tuple(tuple(names.split("|")) for names in row["all"]),
                "unless": frozenset(row.get("unless", ())),
                "needs": frozenset(row.get("needs", ())),
            }
        )
        for row in rules_data()["rule"]
    )


def find_places(rule: Rule, sentence: Sentence, found: Concepts, scopes: Scopes) -> tuple[Span, ...] | None:
    """The words on which the rule rests, in the order of the sentence; None where it does not hold."""
    if sentence.length > rule.short:
        return None
    if not all(any(name in found for name in names) for names in rule.all):
        return None
    places = [list(_places(rule, names, found, scopes, first=i == 0)) for i, names in enumerate(rule.all)]
    for chosen in product(*(each[:_MOST] for each in places)):
        if _together(rule, chosen, sentence, scopes) and not _ruled_out(rule, chosen, found, scopes):
            return tuple(sorted({*chosen, *_negation(rule, chosen, scopes)}))
    return None


def _places(
    rule: Rule, names: tuple[str, ...], found: Concepts, scopes: Scopes, *, first: bool
) -> Iterator[Span]:
    for name in names:
        for span in found.get(name, ()):
            if not scopes.counts(span) or (rule.opens and first and span[0] > 1):
                continue
            reached = scopes.negation_of(span) is not None
            if rule.itself or reached == (rule.negated and first) or (rule.negated and not first):
                yield span


def _negation(rule: Rule, chosen: tuple[Span, ...], scopes: Scopes) -> Iterator[Span]:
    place = scopes.negation_of(chosen[0]) if rule.negated else None
    if place is not None:
        yield place, place + 1


def _together(rule: Rule, chosen: tuple[Span, ...], sentence: Sentence, scopes: Scopes) -> bool:
    """Near each other, on one side of a "but", and not the same words twice."""
    ordered = sorted(chosen)
    if any(one[1] > other[0] for one, other in zip(ordered, ordered[1:], strict=False)):
        return False
    begin, end = ordered[0][0], ordered[-1][1]
    distance = end - begin + _COMMA * sentence.words[begin:end].count(",")
    width = sum(end - begin for begin, end in chosen)
    return distance - width <= rule.within and scopes.side[begin] == scopes.side[ordered[-1][0]]


def _ruled_out(rule: Rule, chosen: tuple[Span, ...], found: Concepts, scopes: Scopes) -> bool:
    side = scopes.side[chosen[0][0]]
    return any(scopes.side[start] == side for name in rule.unless for start, _ in found.get(name, ()))

"""What the rules say of one sentence in one language: which intents, on which words, and what is asked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from nurture.core.inbound.dates import find_timeline
from nurture.core.inbound.intent_rule import Rule, find_places, rules
from nurture.core.inbound.negation import Scopes
from nurture.core.inbound.particulars import particulars
from nurture.core.inbound.phrase import Concepts, Span, lexicon
from nurture.core.inbound.sentence import Sentence
from nurture.core.inbound.traits import find_traits

SURE = 0.8
_DATED_CHARS = 1_000
_FAR_ENOUGH = timedelta(days=12)


class Moment:
    """The day that a sentence names, looked for only when it matters."""

    def __init__(self, text: str, now: datetime) -> None:
        self._text, self._now = text, now

    @cached_property
    def day(self) -> date | None:
        return find_timeline(self._text, self._now)

    def fits(self, needs: frozenset[str]) -> bool:
        """Whether it is a day, and far away, where a rule needs that."""
        if not needs & {"dated", "far"}:
            return True
        return self.day is not None and ("far" not in needs or self.day >= (self._now + _FAR_ENOUGH).date())


@dataclass(frozen=True, slots=True)
class Ruling:
    """A rule that holds: `name` of the intent (an objection with its reason behind ":"), on which words."""

    name: str
    weight: float
    places: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class RuleReading:
    """A sentence as the rules read it, with the traits by which examples are like it."""

    sentence: Sentence
    rulings: tuple[Ruling, ...]
    traits: dict[str, float]
    moment: Moment

    def because(self, name: str) -> str:
        """The words on which the surest ruling for an intent rests, as they were written; else nothing."""
        fitting = [ruling for ruling in self.rulings if ruling.name == name]
        return said(self.sentence, max(fitting, key=lambda one: one.weight).places) if fitting else ""


def read_sentence(sentence: Sentence, language: str, now: datetime) -> RuleReading:
    """What one sentence says in one language."""
    found = lexicon(language).find(sentence.words)
    found |= particulars(sentence, found, language)
    scopes, moment = Scopes(sentence.words, found, language), Moment(sentence.text[:_DATED_CHARS], now)
    rulings = tuple(_rulings(sentence, found, scopes, moment))
    ruled = (ruling.name if ruling.weight >= SURE else f"{ruling.name}?" for ruling in rulings)
    return RuleReading(sentence, rulings, find_traits(sentence, found, scopes, ruled), moment)


def _rulings(sentence: Sentence, found: Concepts, scopes: Scopes, moment: Moment) -> Iterator[Ruling]:
    opens = any(start == 0 for start, _ in found.get("QWORD", ()))
    asked = "question" if sentence.is_question or (opens and sentence.length > 2) else ""
    marks = {asked, "" if sentence.is_question else "statement"}
    for rule in rules():
        if not rule.needs - {"dated", "far"} <= marks:
            continue
        places = find_places(rule, sentence, found, scopes)
        if places and moment.fits(rule.needs):
            yield Ruling(_name(rule), rule.weight, places)


def _name(rule: Rule) -> str:
    return f"{rule.intent}:{rule.reason}" if rule.reason else rule.intent


def said(sentence: Sentence, places: Iterable[Span]) -> str:
    """The words at the places as the person wrote them, with dots for what lies between."""
    parts, last = list[str](), -1
    for start, end in sorted(places):
        begin = max(start, last)
        parts += ["…"] if last >= 0 and begin > last else []
        parts += [
            word
            for place, word in enumerate(sentence.spoken[begin:end], begin)
            if place == 0 or sentence.spoken[place - 1] is not word
        ]
        last = max(end, last)
    return " ".join(parts)


def join(sentences: list[Sentence]) -> Sentence:
    """All of a text as one sentence with breaks: what stands apart may belong together."""
    words = tuple(word for sentence in sentences for word in (*sentence.words, ","))
    spoken = tuple(word for sentence in sentences for word in (*sentence.spoken, ","))
    most = 100
    asked = any(sentence.is_question for sentence in sentences)
    return replace(
        sentences[0],
        words=words[:most],
        spoken=spoken[:most],
        is_question=asked,
        text=" ".join(sentence.text for sentence in sentences)[:2_000],
    )

"""What a person wants by their own words; each intent says how sure it is and why.

Rules over concepts read each sentence; the traits of the sentences, the rules among them, are weighed by what
examples have taught. How sure that is decides whether a program acts, or a person looks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, cast

from nurture.core.inbound.language import likely_languages
from nurture.core.inbound.learned import learned
from nurture.core.inbound.phrase import LANGUAGES
from nurture.core.inbound.rule_reading import RuleReading, join, read_sentence, said
from nurture.core.inbound.sentence import ADDRESS, MAX_CHARS, Sentence, split_sentences

IntentName = Literal[
    "pricing_request", "demo_request", "trial_request", "meeting_request", "information_request", "positive",
    "timeline_shared", "not_now", "objection", "wrong_person", "referral", "left_company",
    "unsubscribe_request", "question", "thanks", "empty", "other",
]  # fmt: skip
ACTING = 0.8
_MOST_SENTENCES = 40  # read, of all languages that are tried together
_MOST_REASONS = 4
_REQUESTS = frozenset(
    {"pricing_request", "demo_request", "trial_request", "meeting_request", "information_request"}
)
_WISHES = _REQUESTS | {"positive", "not_now", "timeline_shared"}


@dataclass(frozen=True, slots=True)
class Intent:
    """`confidence`: 0 to 1, from `ACTING` on a program may act. `because`: the words it rests on.

    `day`: until when (`not_now`) or when (`timeline_shared`). `reason` of an objection: `has_solution`,
    `budget`, `no_need`. `address`: whom to ask instead (`referral`).
    """

    name: IntentName
    confidence: float
    because: str
    day: date | None = None
    reason: str = ""
    address: str = ""

    def told(self) -> dict[str, object]:
        """For JSON: `name`, `confidence`, `because`, and what there is of `date`, `reason`, `address`."""
        rest = {"date": self.day and self.day.isoformat(), "reason": self.reason, "address": self.address}
        named: dict[str, object] = {
            "name": self.name,
            "confidence": round(self.confidence, 2),
            "because": self.because,
        }
        return named | {name: value for name, value in rest.items() if value}


def find_intents(text: str, now: datetime, *, language: str | None = None) -> tuple[Intent, ...]:
    """The intents of a person's own words, surest first, each once (objections once for each reason).

    Never empty: `empty` for a text without words, `other` where nothing is known. `language` (ISO 639-1): if
    it is none of those known here, the likely ones of these are tried, all where none is likely.
    """
    sentences = split_sentences(text)
    if not sentences:
        return (Intent("empty", 1.0, ""),)
    languages = (language,) if language in LANGUAGES else _known(likely_languages(text))
    sentences = sentences[: _MOST_SENTENCES // len(languages)]
    heard = [_hear(sentences, each, now) for each in languages]
    found = {name: intent for part in heard for name, intent in part.items()}
    for part in heard:
        found |= {name: one for name, one in part.items() if one.confidence > found[name].confidence}
    settled = _settle({_key(name): intent for name, intent in found.items()})
    if not settled:
        return (Intent("other", 1.0, ""),)
    return tuple(sorted(_with_address(settled, text), key=lambda intent: -intent.confidence))


def _known(likely: Iterable[str]) -> tuple[str, ...]:
    return tuple(language for language in likely if language in LANGUAGES) or LANGUAGES


def _hear(sentences: list[Sentence], language: str, now: datetime) -> dict[str, Intent]:
    """What the sentences say in one language: half by the one that says it best, half by all together."""
    readings = [read_sentence(sentence, language, now) for sentence in sentences]
    weighed = [learned().weigh(reading.traits) for reading in readings]
    whole = weighed[0]
    if len(readings) > 1:
        whole = learned().weigh(read_sentence(join(sentences), language, now).traits)
    heard = {}
    for place, name in enumerate(learned().names):
        best = max(range(len(readings)), key=lambda i: weighed[i][place])
        confidence = learned().confidence(place, (weighed[best][place] + whole[place]) / 2)
        if confidence is not None:
            heard[name] = _intent(name, confidence, readings[best], readings)
    return heard


def _intent(name: str, confidence: float, best: RuleReading, readings: list[RuleReading]) -> Intent:
    dated = name in ("not_now", "timeline_shared")
    days = (reading.moment.day for reading in (best, *readings)) if dated else iter(())
    plain, _, reason = name.partition(":")
    because = best.because(name) or _telling_words(name, best)
    return Intent(
        cast(IntentName, plain), confidence, because, next((day for day in days if day), None), reason
    )


def _telling_words(name: str, reading: RuleReading) -> str:
    """The words of the sentence that speak most for the intent."""
    words = reading.sentence.words
    weights = learned().words_for(name, reading.traits, set(words))
    best = sorted((word for word in weights if weights[word] > 0), key=lambda word: -weights[word])
    chosen = set(best[:_MOST_REASONS])
    places = [(place, place + 1) for place, word in enumerate(words) if word in chosen]
    return said(reading.sentence, places) or reading.sentence.text[:80]


def _key(name: str) -> tuple[str, str]:
    plain, _, reason = name.partition(":")
    return plain, reason


def _settle(found: dict[tuple[str, str], Intent]) -> list[Intent]:
    """What contradicts gives way: wishes to an opt-out, interest to a refusal, both to a later time."""
    names = {name for (name, _), intent in found.items() if intent.confidence >= ACTING}
    gone = set[tuple[str, str]]()
    if "unsubscribe_request" in names:
        gone |= {key for key in found if key[0] in _WISHES or key[1] == "no_need"}
    if names & {"not_now", "objection", "left_company", "wrong_person"}:
        gone.add(("positive", ""))
    if "not_now" in names:
        gone |= {("objection", "no_need"), ("timeline_shared", "")}
    if names & {"wrong_person", "left_company", "referral"}:
        gone.add(("objection", "no_need"))
    if names & _REQUESTS:
        gone |= {("objection", "no_need"), ("positive", "")}
    rest = {key: intent for key, intent in found.items() if key not in gone}
    thanks = rest.pop(("thanks", ""), None)
    if thanks and not any(intent.confidence >= min(ACTING, thanks.confidence) for intent in rest.values()):
        return [thanks, *rest.values()]  # thanks are only worth telling where they are all there is
    return list(rest.values())


def _with_address(settled: list[Intent], text: str) -> Iterator[Intent]:
    """A referral with the address in the text, if there is one."""
    for intent in settled:
        found = ADDRESS.search(text[:MAX_CHARS]) if intent.name == "referral" else None
        yield replace(intent, address=found[0].lower()) if found else intent

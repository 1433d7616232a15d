"""What a person wants, from concepts and rules in data files; each intent says how sure it is and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal, cast

from nurture.core.inbound.dates import find_timeline
from nurture.core.inbound.intent_rule import find_places, rules
from nurture.core.inbound.language import likely_languages
from nurture.core.inbound.negation import Scopes
from nurture.core.inbound.particulars import particulars
from nurture.core.inbound.phrase import LANGUAGES, Concepts, Span, lexicon
from nurture.core.inbound.sentence import (
    ADDRESS,
    MAX_CHARS,
    Sentence,
    split_sentences,
)

IntentName = Literal[
    "pricing_request", "demo_request", "trial_request", "meeting_request", "information_request", "positive",
    "timeline_shared", "not_now", "objection", "wrong_person", "referral", "left_company",
    "unsubscribe_request", "question", "thanks", "empty", "other",
]  # fmt: skip
ACTING = 0.8
_SUREST = 0.99
_SHORT = 18
_ASKED, _WISHED, _WONDERED = 0.85, 0.7, 0.8
_FAR_ENOUGH = timedelta(days=12)
_REQUESTS = frozenset(
    {"pricing_request", "demo_request", "trial_request", "meeting_request", "information_request"}
)
_WISHES = _REQUESTS | {"positive", "not_now", "timeline_shared"}
_REFUSALS = frozenset({"not_now", "objection", "left_company", "wrong_person", "unsubscribe_request"})


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


_Hit = tuple[Intent, tuple[Span, ...]]


def find_intents(text: str, now: datetime, *, language: str | None = None) -> tuple[Intent, ...]:
    """The intents of a person's own words, surest first, each once (objections once for each reason).

    Never empty: `empty` for a text without words, `other` where nothing is known. `language` (ISO 639-1): if
    it is none of those known here, the likely ones of these are tried, all where none is likely.
    """
    sentences = split_sentences(text)
    if not sentences:
        return (Intent("empty", 1.0, ""),)
    languages = (language,) if language in LANGUAGES else _known(likely_languages(text))
    found = [hit for sentence in sentences for hit in _intents_of(sentence, languages, now)]
    settled = _settle(_merge(found))
    if not settled:
        return (_thanks(sentences, languages) or Intent("other", 1.0, ""),)
    return tuple(sorted(_with_address(settled, text), key=lambda intent: -intent.confidence))


def _known(likely: Iterable[str]) -> tuple[str, ...]:
    return tuple(language for language in likely if language in LANGUAGES) or LANGUAGES


def _intents_of(sentence: Sentence, languages: Iterable[str], now: datetime) -> Iterator[Intent]:
    """What one sentence says in these languages; what it asks beside the known wishes is a `question`."""
    moment = _Moment(sentence.text, now)
    asked, more, answered = 0.0, False, False
    for language in languages:
        found = lexicon(language).find(sentence.words)
        found |= particulars(sentence, found, language)
        hits = _agreed(list(_hits(sentence, found, language, moment)), found)
        yield from (intent for intent, _ in hits)
        known = [place for intent, places in hits if intent.confidence >= 0.5 for place in places]
        asked = max(asked, _asks(sentence, found, known))
        answered |= bool(known)
        more |= bool(known) and _asks_more(sentence, found, known)
    if asked and (more or not answered):
        yield Intent("question", asked, sentence.text[-80:])


def _hits(sentence: Sentence, found: Concepts, language: str, moment: "_Moment") -> Iterator[_Hit]:
    scopes = Scopes(sentence.words, found, language)
    asked = "question" if _is_asked(sentence, found) else ""
    marks = {asked, "" if sentence.is_question else "statement"}
    for rule in rules():
        if not rule.needs - {"dated", "far"} <= marks:
            continue
        places = find_places(rule, sentence, found, scopes)
        if places and moment.fits(rule.needs):
            name = cast(IntentName, rule.intent)
            dated = moment.day if name in ("not_now", "timeline_shared") else None
            yield Intent(name, rule.weight, _said(sentence, places), dated, rule.reason), places


def _agreed(hits: list[_Hit], found: Concepts) -> list[_Hit]:
    """Without a "but" nobody refuses and asks for the same; who names another asks for no meeting."""
    names = {intent.name for intent, _ in hits if intent.confidence >= ACTING}
    gone = set[str]()
    if names & _REFUSALS and "BUT" not in found:
        gone |= _REQUESTS
    if "referral" in names:
        gone |= {"meeting_request", "information_request"}
    return [hit for hit in hits if hit[0].name not in gone]


class _Moment:
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


def _is_asked(sentence: Sentence, found: Concepts) -> bool:
    opens = any(start == 0 for start, _ in found.get("QWORD", ()))
    return sentence.is_question or (opens and sentence.length > 2)


def _asks(sentence: Sentence, found: Concepts, known: list[Span]) -> float:
    """How sure it is that a sentence asks something; "could you" without a known wish is some other wish."""
    if not _is_asked(sentence, found):
        return _WONDERED if "WONDER" in found and not known else 0.0
    if any(start <= 2 for start, _ in found.get("PLEASE", ())):
        return _WISHED
    return _ASKED if sentence.length > 2 else 0.0


def _asks_more(sentence: Sentence, found: Concepts, known: list[Span]) -> bool:
    """Whether a question follows the wishes: "What is the fee, and does it work offline?"."""
    last = max(end for _, end in known)
    joints = {start for start, _ in found.get("AND", ())} | {
        i for i, w in enumerate(sentence.words) if w == ","
    }
    asked = [start for start, end in found.get("QWORD", ()) if start - 1 in joints and start >= last]
    return sentence.is_question and any(len(sentence.words) - start > 3 for start in asked)


def _said(sentence: Sentence, places: Iterable[Span]) -> str:
    """The words at the places as the person wrote them, with dots for what lies between."""
    parts, last = list[str](), -1
    for start, end in places:
        begin = max(start, last)
        parts += ["…"] if last >= 0 and begin > last else []
        parts += [word for i, word in enumerate(sentence.spoken[begin:end], begin) if i == 0 or
                  sentence.spoken[i - 1] is not word]  # fmt: skip
        last = max(end, last)
    return " ".join(parts)


def _merge(found: Iterable[Intent]) -> dict[tuple[str, str], Intent]:
    """Each intent once; signs in other words make it surer, and one with a date says more than without."""
    merged: dict[tuple[str, str], Intent] = {}
    for hit in found:
        key = hit.name, hit.reason
        other = merged.get(key)
        if other is None:
            merged[key] = hit
            continue
        better = max(other, hit, key=lambda one: one.confidence)
        both = better.confidence
        if not set(hit.because.lower().split()) & set(other.because.lower().split()):
            both = min(_SUREST, 1 - (1 - hit.confidence) * (1 - other.confidence))
        merged[key] = replace(better, confidence=both, day=other.day or hit.day)
    return merged


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
    return [intent for key, intent in found.items() if key not in gone]


def _thanks(sentences: list[Sentence], languages: Iterable[str]) -> Intent | None:
    """Thanks with courtesies, or with a few words on what for, and nothing else."""
    if any(sentence.is_question for sentence in sentences):
        return None
    for language in languages:
        found = [lexicon(language).find(sentence.words) for sentence in sentences]
        thanked = [(s, f["THANKS"][0]) for s, f in zip(sentences, found, strict=True) if "THANKS" in f]
        if not thanked:
            continue
        courteous = all(_is_courtesy(s, f) for s, f in zip(sentences, found, strict=True))
        plain = not any(name in f for f in found for name in ("NEG", "BUT", "COND", "PLEASE"))
        if courteous or (plain and sum(s.length for s in sentences) <= _SHORT):
            return Intent("thanks", 0.9 if courteous else 0.82, _said(thanked[0][0], (thanked[0][1],)))
    return None


def _is_courtesy(sentence: Sentence, found: Concepts) -> bool:
    polite = {i for name in ("COURTESY", "THANKS") for span in found.get(name, ()) for i in range(*span)}
    strange = [i for i, word in enumerate(sentence.words) if i not in polite and word != ","]
    return len(strange) <= (2 if sentence.length < 6 else sentence.length // 3)


def _with_address(settled: list[Intent], text: str) -> Iterator[Intent]:
    """A referral with the address in the text, if there is one."""
    for intent in settled:
        found = ADDRESS.search(text[:MAX_CHARS]) if intent.name == "referral" else None
        yield replace(intent, address=found[0].lower()) if found else intent

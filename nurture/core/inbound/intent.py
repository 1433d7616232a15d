"""What a person wants, from phrases in data files, with negation and dates; each says why."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import islice
from typing import Any, Literal

from nurture.core.inbound.dates import find_timeline

IntentName = Literal[
    "pricing_request", "not_interested", "unsubscribe_request", "not_now", "interested", "demo_request",
    "trial_request", "timeline_shared", "out_of_office", "other",
]  # fmt: skip
MAX_CHARS = 20_000
MAX_SENTENCES = 500
_FAR_ENOUGH = timedelta(days=14)
_NEGATION_REACH = 4

_SENTENCE_END = re.compile(r"[.!?;]+(?=\s|$)|\n[ \t]*\n|\u3002|:(?=\s)|\s[-–—]\s")
_WORD = re.compile(r"[^\W_][\w'\-]{0,39}|,|\u00df")
_CLAUSE_WORDS = {"but", "however", "although", "though", "aber", "jedoch", "sondern", "mais", "pero"}
_GROUP = re.compile(r"\(([^()]*)\)(\?)?")


@dataclass(frozen=True, slots=True)
class Intent:
    """`because`: the words it rests on. `day`: until when (`not_now`) or from when (`timeline_shared`)."""

    name: IntentName
    because: str
    day: date | None = None


@dataclass(frozen=True, slots=True)
class _Phrase:
    intent: IntentName
    pattern: re.Pattern[str]
    needs_date: bool


def _load() -> dict[str, Any]:
    return tomllib.loads((files("nurture.core") / "data" / "intents.toml").read_text("utf-8"))


def _compile(words: str) -> re.Pattern[str]:
    """A phrase of the data file as a pattern over a sentence of single-spaced words."""
    begin, words = ("^ ", words[2:]) if words.startswith("^ ") else (" ", words)
    spaced = _GROUP.sub(lambda m: f"(?:{m[1]}){m[2] or ''}", words)
    spaced = spaced.replace(" ... ", r" (?:\S+ ){0,3}?")
    spaced = re.sub(r" (\(\?:[^()]*\))\?(?= |$)", r"(?: \1)?", spaced)
    spaced = re.sub(r"^(\(\?:[^()]*\))\? ", r"(?:\1 )?", spaced)
    return re.compile(begin + spaced + (" $" if begin == "^ " else "(?= )"))


DATA = _load()
_PHRASES = tuple(
    _Phrase(row["intent"], _compile(words), row.get("needs_date", False))
    for row in DATA["phrase"]
    for words in row["words"]
)
_BEFORE = frozenset(DATA["negation"]["before"])
_BEHIND = tuple(f" {words} " for words in DATA["negation"]["behind"])
_HARMLESS = tuple((f" {words} ", f" {words.replace(' ', '_')} ") for words in DATA["negation"]["harmless"])
_ITSELF_NEGATIVE = {"not_interested", "not_now"}


def find_intents(text: str, now: datetime) -> tuple[Intent, ...]:
    """The intents of a person's own words, each once, one with a date before one without; may be empty."""
    found: dict[str, Intent] = {}
    for sentence, original in islice(_sentences(text[:MAX_CHARS]), MAX_SENTENCES):
        for intent in _intents_of(sentence, original, now):
            if intent.name not in found or (intent.day and not found[intent.name].day):
                found[intent.name] = intent
    return tuple(_settle(found).values())


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Each sentence as " words single spaced ", commas and turns of the thought as ",", and as written."""
    for piece in _SENTENCE_END.split(text.replace("\u2019", "'")):
        words = [f", {word}" if word in _CLAUSE_WORDS else word for word in _WORD.findall(piece.lower())]
        if words:
            yield f" {' '.join(words)} ", " ".join(piece.split())


def _intents_of(sentence: str, original: str, now: datetime) -> Iterator[Intent]:
    for words, harmless in _HARMLESS:
        sentence = sentence.replace(words, harmless)
    day = find_timeline(original, now)
    for phrase in _PHRASES:
        if phrase.needs_date and (not day or day < (now + _FAR_ENOUGH).date()):
            continue
        match = phrase.pattern.search(sentence)
        if match:
            name = _name(phrase, sentence, match)
            if name:
                dated = day if name in ("not_now", "timeline_shared") else None
                yield Intent(name, match[0].strip(), dated)


def _name(phrase: _Phrase, sentence: str, match: re.Match[str]) -> IntentName | None:
    if phrase.intent in _ITSELF_NEGATIVE or not _is_negated(phrase, sentence, match):
        return phrase.intent
    return "not_interested" if phrase.intent == "interested" else None


def _is_negated(phrase: _Phrase, sentence: str, match: re.Match[str]) -> bool:
    before = sentence[: match.start()].rpartition(",")[2].split()[-_NEGATION_REACH:]
    if _BEFORE.intersection(before):
        return True
    if phrase.intent == "unsubscribe_request":
        return False
    behind = sentence[match.end() :].partition(",")[0].split()[:_NEGATION_REACH]
    said_behind = f" {' '.join(behind)} "
    return bool(_BEFORE.intersection(match[0].split())) or any(words in said_behind for words in _BEHIND)


def _settle(found: dict[str, Intent]) -> dict[str, Intent]:
    """What contradicts another gives way: interest to refusal, refusal to a later date, or the reverse."""
    refused, later = found.get("not_interested"), found.get("not_now")
    if refused and later:
        found.pop("not_interested" if later.day else "not_now")
    if refused or later or "unsubscribe_request" in found:
        found.pop("interested", None)
    if later and later.day:
        found.pop("timeline_shared", None)
    return found

"""The language of a short text: by its script, its usual words, its letters and the ends of its words."""

import math
import re
import tomllib
import unicodedata
from collections import defaultdict
from functools import cache
from importlib.resources import files

from nurture.core.inbound.sentence import fold

MAX_CHARS = 2_000
_LEAST = 1.0
_LEAD = 1.08
_LIKELY, _SURE = 0.45, 1.9
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NOT_PROSE = re.compile(r"[!-~]*(?:@|://|www\.)[!-~]*")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("uk", re.compile("[іїєґ]", re.IGNORECASE)),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_INTENT_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
_Signs = dict[str, list[tuple[str, float]]]


def detect_language(text: str) -> str | None:
    """ISO 639-1 of the language of most words; None where nothing or two languages alike speak for it."""
    prose = _NOT_PROSE.sub(" ", text[:MAX_CHARS])
    script = _script(prose)
    if script:
        return script
    ranked = sorted(_scores(prose).items(), key=lambda score: -score[1])[:2]
    if not ranked or ranked[0][1] < _LEAST or (len(ranked) > 1 and ranked[0][1] < _LEAD * ranked[1][1]):
        return None
    return ranked[0][0]


def likely_languages(text: str) -> tuple[str, ...]:
    """Of the languages in which intents are known those that the text may be in; all where none is likely."""
    scores = _scores(_NOT_PROSE.sub(" ", text[:MAX_CHARS]))
    best = max((scores[language] for language in _INTENT_LANGUAGES), default=0.0)
    if best < _SURE:
        return _INTENT_LANGUAGES
    return tuple(language for language in _INTENT_LANGUAGES if scores[language] >= _LIKELY * best)


@cache
def plain_words(language: str) -> frozenset[str]:
    """The most usual words of a language, folded."""
    return frozenset(map(fold, _data().get(language, {}).get("words", "").split()))


def _script(prose: str) -> str | None:
    """Kana is Japanese among Chinese characters too; a foreign name in a Latin text decides nothing."""
    letters = sum(map(str.isalpha, prose))
    for language, pattern in _SCRIPTS:
        count = len(pattern.findall(prose))
        if count and count >= letters * (
            0.1 if language in ("ja", "zh") else 0.01 if language == "uk" else 0.4
        ):
            return language
    return None


def _scores(prose: str) -> dict[str, float]:
    """How much speaks for each language: a word counts the less, the more languages have it."""
    scores: dict[str, float] = defaultdict(float)
    words, letters, ends = _signs()
    low = unicodedata.normalize("NFC", prose).lower().replace("’", "'")
    for word in _WORD.findall(low):
        known = words.get(word) or [sign for part in word.split("'") for sign in words.get(part, ())]
        for language, weight in known:
            scores[language] += weight
        if not known and len(word) > 4:
            for length in (2, 3, 4, 5):
                for language, weight in ends.get(word[-length:], ()):
                    scores[language] += weight
    for letter, signs in letters.items():
        count = min(low.count(letter), 4)
        for language, weight in signs if count else ():
            scores[language] += weight * count
    return scores


@cache
def _signs() -> tuple[_Signs, _Signs, _Signs]:
    data = _data()
    kinds = (("words", 1.0), ("letters", 0.6), ("ends", 0.4))
    return tuple(_weighed(data, kind, weight) for kind, weight in kinds)  # type: ignore[return-value]


@cache
def _data() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("nurture.core") / "data" / "languages.toml").read_text("utf-8"))


def _weighed(data: dict[str, dict[str, str]], kind: str, weight: float) -> _Signs:
    having: dict[str, set[str]] = defaultdict(set)
    for language, row in data.items():
        for sign in row.get(kind, "").split():
            having[sign].add(language)
    return {
        sign: [(name, weight / math.sqrt(len(names))) for name in sorted(names)]
        for sign, names in having.items()
    }

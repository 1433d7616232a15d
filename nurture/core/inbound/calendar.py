"""The words of time in a text, in many languages: months, weekdays, "until", "back", each with its senses."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nurture.core.inbound.note_words import phrases_of
from nurture.core.inbound.wording import Phrases, Token, fold, tokens_of

LANGUAGES = (
    "en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "no", "fi", "pl",
    "cs", "ru", "uk", "ja", "zh", "ko", "tr", "ar", "he", "el", "hu", "ro",
)  # fmt: skip
MAX_CHARS = 6_000
_UNITS = ("day", "workday", "week", "month", "quarter", "half", "year")
_SENTENCE_ENDS = frozenset("\n?!。;؟")

# What holds numbers that are no dates: addresses, times of day, telephone numbers, amounts.
_NO_DATE = re.compile(
    r"[!-?A-~]{1,64}@[!-~]{1,253}|https?://[!-~]{1,500}|www\.[!-~]{1,300}"
    r"|(?<![\d.:/-])\d{1,2}(?::\d\d){1,2}(?!\d)|\+\d[\d ()./-]{5,25}\d|\(0?\d{2,5}\)[\d /-]{4,15}\d"
    r"|(?<![\d.])\d{1,2}[.h]\d\d(?= ?(?:uhr|h\b|am\b|pm\b|a\.m|p\.m))|[$€£¥#] ?\d[\d.,]{0,15}"
    r"|\([月火水木金土日一二三四五六월화수목금토일]\)"
    r"|(?<![\d/.-])\d{1,4}(?:[ ./-]\d{2,4}){3,8}(?![\d/.-])|\d{5,}"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A number, a word of time, a sign or another word. `senses`: what the word may mean, with its value.

    `digits`: how many, 0 for no number. `apart`: whether blanks stand before it. `sentence`: its number.
    """

    text: str
    senses: Mapping[str, int]
    number: int
    digits: int
    apart: bool
    sentence: int

    def can_be(self, *senses: str) -> bool:
        """Whether the word has one of the senses."""
        return any(sense in self.senses for sense in senses)


@lru_cache(maxsize=32)
def read_calendar(language: str) -> Mapping[str, Any]:
    """The data file of one language."""
    path = files("nurture.core") / "data" / "calendar" / f"{language}.toml"
    return tomllib.loads(path.read_text("utf-8"))


@lru_cache(maxsize=64)
def _table(languages: tuple[str, ...]) -> Phrases[tuple[str, int]]:
    return Phrases(row for language in languages for row in _with_prefixes(read_calendar(language)))


def _with_prefixes(data: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, int]]]:
    """In some languages "and" is written with the word behind it."""
    for words, sense in _rows(data):
        yield words, sense
        yield from ((f"{prefix}{words}", sense) for prefix in data.get("prefixes", ()))


def _rows(data: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, int]]]:
    for kind, first in (("months", 1), ("weekdays", 0), ("numbers", 1), ("ordinals", 1)):
        for value, words in enumerate(data[kind], first):
            yield from ((word, (kind, value)) for word in _listed(words))
    for value, words in enumerate(data["months"], 1):
        names = _listed(words)
        yield from ((word, ("month_name", value)) for word in names if len(word) > 4 or word == names[0])
    for kind, words in data["words"].items():
        sense = ("unit", _UNITS.index(kind)) if kind in _UNITS else (kind, 1)
        yield from ((word, sense) for word in _listed(words))


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def unit_name(mark: Mark) -> str:
    """The unit of time that the mark names, or the empty string."""
    return _UNITS[mark.senses["unit"]] if "unit" in mark.senses else ""


def read_marks(text: str, languages: tuple[str, ...]) -> tuple[Mark, ...]:
    """The text as marks, with the senses that its words have in these languages."""
    folded = _NO_DATE.sub(" ", fold(text[:MAX_CHARS]))
    return tuple(_marks(folded, tokens_of(folded), languages))


def _marks(folded: str, tokens: list[Token], languages: tuple[str, ...]) -> Iterator[Mark]:
    table, away = _table(languages), phrases_of("away", languages)
    index = sentence = 0
    shortened = False
    while index < len(tokens):
        token = tokens[index]
        found = table.at(tokens, index)
        senses = _senses(found.meanings) if found else {}
        if away.at(tokens, index):
            senses["away"] = 1
        after = found.after if found else index + 1
        digits = len(token.text) if token.text.isascii() and token.text.isdigit() else 0
        number = int(token.text) if digits else 0
        apart = index == 0 or tokens[index - 1].end < token.start
        yield Mark(token.text, senses, number, digits, apart, sentence)
        if not (shortened and token.text == "."):
            sentence += _ends_sentence(folded, tokens, index)
        index, shortened = after, "last" in senses or "inclusive" in senses  # such as "bis inkl."


def _senses(meanings: Iterable[tuple[str, int]]) -> dict[str, int]:
    senses: dict[str, int] = {}
    for kind, value in meanings:
        senses.setdefault(kind, value)
    return senses


def _ends_sentence(folded: str, tokens: list[Token], index: int) -> bool:
    """A full stop ends a sentence unless it follows a number or a short word, as in "3. März", "Jan."."""
    token = tokens[index]
    if token.text in _SENTENCE_ENDS:
        return True
    if token.text != "." or not folded[token.end : token.end + 1].isspace() or index == 0:
        return False
    before = tokens[index - 1].text
    if before.isdigit():
        return len(before) == 4 and not folded[token.end : token.end + 4].lstrip()[:1].isdigit()
    return len(before) > 3 or before > "\u3040"  # Japanese, Chinese and Korean come syllable by syllable

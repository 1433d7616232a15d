"""The lexicons: which words of a language stand for which concepts (data/intents/<language>.toml).

A concept is a text of entries, parted by `|` or new lines. An entry is a row of words, matched in any case
and without accents. An apostrophe parts words ("l'offre" is "l offre"), so does a hyphen; English
contractions are written out ("do not"). In an entry:

- `a/b/c`     one of these words;
- `a?`        a word that may be missing (not the first one); `a/b?` both may;
- `pric*`     words that begin so; `*preis` words that end so; `*preis*` words that contain it;
- `~`         up to three words, none, or `~~` up to eight, never over a comma;
- `,`         a break: a comma, a colon, a bracket, a dash, the end of a short line.

A longer word with one slip of the fingers counts as the word of the lexicon. In German ä, ö, ü, ß are also
found where somebody wrote ae, oe, ue, ss.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, product
from typing import Any, NamedTuple

from nurture.core.inbound.sentence import spell_out
from nurture.core.inbound.spelling import Spelling

Span = tuple[int, int]
Concepts = dict[str, list[Span]]

_GAPS = {"~": 3, "~~": 8}
_DATA = files("nurture.core") / "data" / "intents"
LANGUAGES = tuple(
    language
    for language in ("en", "de", "fr", "es", "it", "nl", "pt")
    if (_DATA / f"{language}.toml").is_file()
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_MOST_WORDS = 20_000


class _Step(NamedTuple):
    """One word of an entry (one of `words`, or fit by one of `wild`), or with `gap` so many words at most."""

    words: frozenset[str]
    wild: tuple[tuple[str, str, str], ...] = ()
    optional: bool = False
    gap: int = 0

    def fits(self, word: str) -> bool:
        return word in self.words or any(
            word.startswith(head)
            and word.endswith(tail)
            and inner in word
            and len(word) >= len(head) + len(tail)
            for head, inner, tail in self.wild
        )


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A row of words that stands for a concept; `must`: words of which the sentence has one, if any."""

    concept: str
    steps: tuple[_Step, ...]
    must: frozenset[str]


class Lexicon:
    """The concepts of one language."""

    def __init__(self, language: str) -> None:
        concepts = read_lexicon(language)["concepts"]
        self._first: dict[str, list[Entry]] = defaultdict(list)
        self._wild: list[Entry] = []
        self._vocabulary = set[str]()
        for entry in _entries(concepts, language):
            self._vocabulary |= {word for step in entry.steps for word in step.words}
            for word in entry.steps[0].words:
                self._first[word].append(entry)
            if entry.steps[0].wild:
                self._wild.append(entry)
        wild = {w for e in _entries(concepts, language) for step in e.steps for w in step.wild}
        self._shapes = _Step(frozenset(), tuple(wild))
        self._spelling = Spelling(self._vocabulary, language)
        self._begun: dict[str, tuple[Entry, ...]] = {}
        self._spelled: dict[str, str] = {}

    def find(self, words: tuple[str, ...]) -> Concepts:
        """Where in a sentence of folded words each concept stands, first places first."""
        plain = tuple([self.spell(word) for word in words])
        having = frozenset(plain)
        found: Concepts = {}
        for start, word in enumerate(plain):
            for entry in self.entries_of(word):
                if entry.must and entry.must.isdisjoint(having):
                    continue
                end = _match(entry.steps, 1, plain, start + 1)
                if end is not None:
                    spans = found.setdefault(entry.concept, [])
                    if (start, end) not in spans:
                        spans.append((start, end))
        return found

    def entries_of(self, word: str) -> tuple[Entry, ...]:
        """The entries that begin with this word."""
        entries = self._begun.get(word)
        if entries is None:
            wild = [e for e in self._wild if e.steps[0].fits(word) and word not in e.steps[0].words]
            entries = (*self._first.get(word, ()), *wild)
            if len(self._begun) < _MOST_WORDS:
                self._begun[word] = entries
        return entries

    def knows(self, word: str) -> bool:
        """Whether a word, or what it was meant to be, stands anywhere in an entry."""
        plain = self.spell(word)
        return plain in self._vocabulary or self._shapes.fits(plain)

    def spell(self, word: str) -> str:
        """The word as the lexicon has it, if it is only one slip away from it; else the word."""
        plain = self._spelled.get(word)
        if plain is None:
            known = word in self._vocabulary or self._shapes.fits(word)
            plain = word if known else self._spelling.correct(word)
            if len(self._spelled) < _MOST_WORDS:
                self._spelled[word] = plain
        return plain


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of one of `LANGUAGES`, built once."""
    return Lexicon(language)


@cache
def read_lexicon(language: str) -> dict[str, Any]:
    """The file of a language: `source`, `concepts` (name: entries), `example` (intent, reason, text)."""
    return tomllib.loads((_DATA / f"{language}.toml").read_text("utf-8"))


@cache
def rules_data() -> dict[str, Any]:
    """rules.toml as it is written."""
    return tomllib.loads((_DATA / "rules.toml").read_text("utf-8"))


def _match(steps: tuple[_Step, ...], at: int, words: tuple[str, ...], place: int) -> int | None:
    """Where the entry ends if its steps from `at` on fit the words from `place` on; the shortest way."""
    if at == len(steps):
        return place
    step = steps[at]
    if step.gap:
        for skipped in range(step.gap + 1):
            end = _match(steps, at + 1, words, place + skipped)
            if end is not None:
                return end
            if place + skipped >= len(words) or words[place + skipped] == ",":
                return None
        return None
    if place < len(words) and step.fits(words[place]):
        end = _match(steps, at + 1, words, place + 1)
        if end is not None:
            return end
    return _match(steps, at + 1, words, place) if step.optional else None


def _entries(concepts: dict[str, str], language: str) -> Iterator[Entry]:
    for concept, text in concepts.items():
        for row in text.replace("\n", "|").split("|"):
            for parts in product(*(_alternatives(token, language) for token in row.split())):
                steps = tuple(chain.from_iterable(parts))
                if steps:
                    yield Entry(concept, steps, _musts(steps))


def _musts(steps: tuple[_Step, ...]) -> frozenset[str]:
    exact = [step.words for step in steps[1:] if step.words and not (step.wild or step.optional)]
    return min(exact, key=len, default=frozenset())


def _alternatives(token: str, language: str) -> list[tuple[_Step, ...]]:
    """Ways to fit one part: all single words are one step, one of several words is a way of its own."""
    if token in _GAPS:
        return [(_Step(frozenset(), gap=_GAPS[token]),)]
    optional = "?" in token
    options = token.replace("?", "").split("/")
    forms = {form for option in options if option for form in _forms(option, language)}
    single = sorted(form[0] for form in forms if len(form) == 1)
    ways = [tuple(_Step(frozenset({word})) for word in form) for form in sorted(forms) if len(form) > 1]
    if single:
        wild = tuple(_shape(word) for word in single if "*" in word)
        exact = frozenset(word for word in single if "*" not in word)
        ways.append((_Step(exact, wild, optional),))
    return ways


def _forms(option: str, language: str) -> Iterator[tuple[str, ...]]:
    """An option as the words that a sentence has for it; more than one for "don't" or "go-live"."""
    if option.startswith("<"):
        yield (option,)
        return
    spellings = {option, option.translate(_UMLAUTS)} if language == "de" else {option}
    for spelling in sorted(spellings):
        yield tuple(word for part in spelling.split("-") for word in _spelled(part))


def _spelled(part: str) -> Iterable[str]:
    """Wildcards are no part of a word that could be spelled otherwise."""
    return (
        ("*".join("".join(spell_out(piece)) for piece in part.split("*")),)
        if "*" in part
        else spell_out(part)
    )


def _shape(word: str) -> tuple[str, str, str]:
    """Head, inner part and tail of a word with stars."""
    parts = word.split("*")
    return parts[0], max(parts[1:-1], key=len, default=""), parts[-1]

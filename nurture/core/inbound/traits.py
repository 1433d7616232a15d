"""The traits of a sentence by which replies that say the same are alike: words, letters and concepts."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, pairwise
from math import sqrt

from nurture.core.inbound.negation import Scopes
from nurture.core.inbound.phrase import Concepts
from nurture.core.inbound.sentence import Sentence

_LETTERS = (3, 4, 5)
_MOST_WORDS = 60
_MOST_CONCEPTS = 16
# What a family of traits weighs as a whole, however many of it a sentence has.
_FAMILIES: Mapping[str, float] = {"w": 1.0, "p": 0.8, "l": 1.2, "k": 1.2, "m": 0.8, "r": 1.0, "s": 0.6}


def find_traits(
    sentence: Sentence, found: Concepts, scopes: Scopes, ruled: Iterable[str]
) -> dict[str, float]:
    """Trait names with their values; `ruled`: the intents that rules have found in the sentence.

    "w" words, "p" pairs of words, "l" letters, "k" concepts, "m" concepts together, "r" rules, "s" its shape.
    """
    traits: dict[str, float] = {}
    for family, names in _families(sentence, found, scopes, ruled):
        distinct = sorted(set(names))
        value = _FAMILIES[family] / sqrt(len(distinct)) if distinct else 0.0
        traits |= {f"{family}:{name}": value for name in distinct}
    return traits


def _families(
    sentence: Sentence, found: Concepts, scopes: Scopes, ruled: Iterable[str]
) -> Iterator[tuple[str, Iterable[str]]]:
    words = [_plain(word) for word in sentence.words[:_MOST_WORDS]]
    concepts = sorted(_concepts(found, scopes))[:_MOST_CONCEPTS]
    yield "w", words
    yield "p", (f"{one} {other}" for one, other in pairwise(["^", *words, "$"]))
    yield "l", (piece for word in words for piece in _letters(word))
    yield "k", concepts
    yield "m", (f"{one}+{other}" for one, other in combinations(concepts, 2))
    yield "r", ruled
    yield "s", _shape(sentence)


def _plain(word: str) -> str:
    return "0" if word[:1].isdigit() else word


def _letters(word: str) -> Iterator[str]:
    if not word.isalpha():
        return
    bounded = f"<{word[:20]}>"
    for size in _LETTERS:
        yield from (bounded[i : i + size] for i in range(len(bounded) - size + 1))


def _concepts(found: Concepts, scopes: Scopes) -> Iterator[str]:
    for name, spans in found.items():
        for span in spans:
            if not scopes.counts(span):
                yield f"{name}?"
            elif scopes.negation_of(span) is not None:
                yield f"-{name}"
            else:
                yield name


def _shape(sentence: Sentence) -> Iterator[str]:
    length = sentence.length
    yield "asked" if sentence.is_question else "said"
    yield "one" if length == 1 else "short" if length <= 4 else "middling" if length <= 12 else "long"

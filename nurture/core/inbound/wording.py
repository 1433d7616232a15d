"""Known phrases found in text: one walk over its words, however many phrases and languages there are.

Writing is folded first, for people leave out accents, dots and wide digits: "Février", "FEVRIER", "fevrier".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar
from unicodedata import normalize

MAX_TOKENS = 4_000
T = TypeVar("T")

# Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic; kana and hangul keep theirs.
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0640\u064b-\u065f\u0670\u200b-\u200f\u2060\ufeff]"
)
_SAME = str.maketrans(
    "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹ıłøđ’‘ʼ´`–—−‒〜～~",
    "01234567890123456789ilod'''''-------",
)
_CJK = "\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"\n\s*\n|\d+|[{_CJK}]|[^\W\d_{_CJK}]+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number, one ideograph or syllable, one sign, or a blank line, and where it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A phrase in the text: its meanings, and its first token and the one behind its last."""

    meanings: tuple[T, ...]
    words: str
    first: int
    after: int


def fold(text: str) -> str:
    """The text without case, accents, points and differences of width; `ß` is `ss`, digits are ASCII."""
    plain = normalize("NFKD", text.casefold())
    return normalize("NFC", _MARKS.sub("", plain)).translate(_SAME)


def tokens_of(folded: str, limit: int = MAX_TOKENS) -> list[Token]:
    """At most `limit` tokens of a folded text."""
    found = islice(_TOKEN.finditer(folded), limit)
    return [Token("\n" if m[0].isspace() else m[0], m.start(), m.end()) for m in found]


class Phrases(Generic[T]):
    """A table from phrases to meanings; a phrase may have several. `word*` stands for its endings too."""

    def __init__(self, rows: Iterable[tuple[str, T]]) -> None:
        self._root: dict[str, _Node[T]] = {}
        self._stems: set[int] = set()
        for words, meaning in rows:
            self._add(words, meaning)

    def _add(self, words: str, meaning: T) -> None:
        children, node = self._root, None
        for word in _with_stems([token.text for token in tokens_of(fold(words))]):
            node = children.setdefault(word, _Node(words, [], {}))
            children = node.children
            if word.endswith("*"):
                self._stems.add(len(word) - 1)
        if node is not None and meaning not in node.meanings:
            node.words = words if not node.meanings else node.words
            node.meanings.append(meaning)

    def at(self, tokens: Sequence[Token], first: int) -> Found[T] | None:
        """The longest phrase that begins with the token `first`."""
        children, index, best = self._root, first, None
        while index < len(tokens) and (node := self._child(children, tokens[index].text)):
            index += 1
            children = node.children
            if node.meanings:
                best = Found(tuple(node.meanings), node.words, first, index)
        return best

    def _child(self, children: "dict[str, _Node[T]]", word: str) -> "_Node[T] | None":
        if node := children.get(word):
            return node
        stems = (children.get(f"{word[:length]}*") for length in self._stems if length <= len(word))
        return next((node for node in stems if node), None)

    def find(self, tokens: Sequence[Token]) -> Iterator[Found[T]]:
        """Every phrase of the text in order, the longest at each place, none inside another."""
        index = 0
        while index < len(tokens):
            found = self.at(tokens, index)
            if found is not None:
                yield found
            index = found.after if found else index + 1


def _with_stems(words: list[str]) -> list[str]:
    """`lomal`, `*` as one word."""
    return [
        f"{word}*" if behind == "*" else word
        for word, behind in zip(words, [*words[1:], ""], strict=True)
        if word != "*"
    ]


@dataclass(slots=True)
class _Node(Generic[T]):
    words: str
    meanings: list[T]
    children: "dict[str, _Node[T]]"

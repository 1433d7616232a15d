"""Slips of the fingers: a word that is one letter away from a known one."""

from collections.abc import Iterable, Iterator

from nurture.core.inbound.language import plain_words

_SHORTEST_SWAP, _SHORTEST, _SHORTEST_WRONG = 5, 7, 9
_LONGEST = 24


class Spelling:
    """Known words by what is left of them without one letter, so that a slip is found by look-ups alone."""

    def __init__(self, vocabulary: Iterable[str], language: str) -> None:
        self._usual = plain_words(language)
        self._near: dict[str, list[str]] = {}
        for word in sorted(vocabulary):
            if word.isalpha() and _SHORTEST_SWAP <= len(word) <= _LONGEST:
                for rest in _shortened(word):
                    self._near.setdefault(rest, []).append(word)

    def correct(self, word: str) -> str:
        """The known word with this first letter that it was meant to be; the word itself if there is none."""
        if not _SHORTEST_SWAP <= len(word) <= _LONGEST or word in self._usual or not word.isalpha():
            return word
        for rest in _shortened(word):
            for known in self._near.get(rest, ()):
                if known[0] == word[0] and _is_slip(word, known):
                    return known
        return word


def _shortened(word: str) -> Iterator[str]:
    yield word
    for place in range(1, len(word)):
        yield word[:place] + word[place + 1 :]


def _is_slip(word: str, known: str) -> bool:
    """Two letters swapped; in longer words one too many, too few or wrong, not at the end (another form)."""
    if len(word) == len(known):
        pairs = [(a, b) for a, b in zip(word, known, strict=True) if a != b]
        if len(pairs) == 2 and pairs[0] == pairs[1][::-1]:
            return True
        return len(pairs) == 1 and len(word) >= _SHORTEST_WRONG and word[-1] == known[-1]
    return (
        len(word) + len(known) > 2 * _SHORTEST - 2
        and abs(len(word) - len(known)) == 1
        and word[-1] == known[-1]
    )

"""What in a sentence does not count as said: negated, supposed, received with thanks, or behind a "but"."""

from itertools import accumulate

from nurture.core.inbound.phrase import Concepts, Span

_AHEAD, _BEHIND, _BEHIND_AT_THE_END = 7, 4, 8
_VERB_LAST = {"de", "nl"}
_THANKED = 7


class Scopes:
    """For one sentence in one language: which negations, conditions and thanks reach which words."""

    def __init__(self, words: tuple[str, ...], found: Concepts, language: str) -> None:
        self._language = language
        harmless = _covered(found, "HARMLESS", "LACK")
        self._negations = [s for s, _ in found.get("NEG", ()) if s not in harmless]
        turns = _starts(found, "BUT")
        self.side = _numbered(words, turns)
        stops = turns | _starts(found, "AND", "BECAUSE") | {i for i, word in enumerate(words) if word == ","}
        self._stretch = _numbered(words, stops)
        breaks = turns | {i for i, word in enumerate(words) if word == ","}
        self._clause = _numbered(words, breaks)
        self._supposed = self._conditions(found)
        self._thanked = self._thanks(found)

    def negation_of(self, span: Span) -> int | None:
        """The place of the negation that reaches a span from outside, None without one."""
        reach = _BEHIND_AT_THE_END if self._language in _VERB_LAST else _BEHIND
        for place in self._negations:
            if span[0] <= place < span[1] or self._stretch[place] != self._stretch[span[0]]:
                continue
            if -_AHEAD <= place - span[0] < 0 or 0 <= place - span[1] < reach:
                return place
        return None

    def counts(self, span: Span) -> bool:
        """Neither supposed nor thanked for."""
        return not any(begin <= span[0] < end for begin, end in (*self._supposed, *self._thanked))

    def _conditions(self, found: Concepts) -> list[Span]:
        polite = _covered(found, "POLITE_IF")
        asked = [end for _, end in found.get("WONDER", ())]
        return [
            (start, self._end(start, self._clause))
            for start, end in found.get("COND", ())
            if start not in polite
            and not any(0 <= start - behind <= 4 or start < behind <= end for behind in asked)
        ]

    def _thanks(self, found: Concepts) -> list[Span]:
        """From the thanks to the next break or "and", or to where something is asked for."""
        asks = [start for start, _ in found.get("PLEASE", ())]
        spans = []
        for start, end in found.get("THANKSFOR", ()):
            stop = min(self._end(end, self._stretch), end + _THANKED)
            spans.append((start, min([stop, *(ask for ask in asks if ask >= end)])))
        return spans

    def _end(self, start: int, numbered: list[int]) -> int:
        if start >= len(numbered):
            return start
        return next((i for i in range(start, len(numbered)) if numbered[i] != numbered[start]), len(numbered))


def _numbered(words: tuple[str, ...], stops: set[int]) -> list[int]:
    """For each word the number of its stretch; a stop begins a new one."""
    return list(accumulate(int(i in stops) for i in range(len(words))))


def _starts(found: Concepts, *names: str) -> set[int]:
    return {start for name in names for start, _ in found.get(name, ())}


def _covered(found: Concepts, *names: str) -> set[int]:
    return {i for name in names for start, end in found.get(name, ()) for i in range(start, end)}

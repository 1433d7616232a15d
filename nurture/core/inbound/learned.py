"""What examples have taught: how strongly the traits of a sentence speak for each intent.

The weights in `nurture/core/data/intents/learned.tsv` are made by `make learn` from the examples beside them:
a linear model, one logistic regression for each intent over all languages, rounded to 64 steps.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

STEPS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
"""A weight as one letter: the middle one is 0, those around it the multiples of `scale`."""
ZERO: Final = len(STEPS) // 2
_SURER: Final = 4.0
"""How far above its acting line an intent is as good as certain."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where an intent begins to be reported, and where a program may act on it."""

    reported: float
    acted: float


class Learned:
    """The weights. `names`: intents, an objection with its reason behind a colon."""

    def __init__(self, text: str) -> None:
        head, *rows = text.splitlines()
        told = json.loads(head)
        self.names: tuple[str, ...] = tuple(told["names"])
        self.made_from: str = told["made_from"]
        self._bias: tuple[float, ...] = tuple(told["bias"])
        self._lines = tuple(Line(*line) for line in told["lines"])
        self._weights = {letter: (i - ZERO) * told["scale"] for i, letter in enumerate(STEPS)}
        self._letters = dict(row.split("\t") for row in rows)
        self._read: dict[str, tuple[tuple[int, float], ...]] = {}

    def weigh(self, traits: Mapping[str, float]) -> list[float]:
        """For each of `names`, how strongly the traits speak for it (log-odds)."""
        weighed = list(self._bias)
        for trait, value in traits.items():
            for place, weight in self._of(trait):
                weighed[place] += value * weight
        return weighed

    def words_for(self, name: str, traits: Mapping[str, float], words: Iterable[str]) -> dict[str, float]:
        """How much each of these words speaks for an intent by itself."""
        place = self.names.index(name)
        return {word: dict(self._of(f"w:{word}")).get(place, 0.0) for word in words if f"w:{word}" in traits}

    def confidence(self, place: int, weighed: float) -> float | None:
        """How sure that is, from 0.5 on; 0.8 and more at the acting line; None where it says nothing."""
        line = self._lines[place]
        if weighed < line.reported:
            return None
        if weighed < line.acted:
            return 0.5 + 0.29 * (weighed - line.reported) / (line.acted - line.reported)
        return 0.8 + 0.19 * min(1.0, (weighed - line.acted) / _SURER)

    def _of(self, trait: str) -> tuple[tuple[int, float], ...]:
        read = self._read.get(trait)
        if read is None:
            letters = self._letters.get(trait)
            if letters is None:
                return ()
            read = tuple(
                (place, self._weights[letter])
                for place, letter in enumerate(letters)
                if letter != STEPS[ZERO]
            )
            self._read[trait] = read
        return read


@cache
def learned() -> Learned:
    """The weights that come with Nurture."""
    return Learned((files("nurture.core") / "data" / "intents" / "learned.tsv").read_text("utf-8"))

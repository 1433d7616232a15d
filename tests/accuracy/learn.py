"""`make learn`: makes `learned.tsv` from the examples, the lexicons and the rules. Takes some minutes.

Logistic regression, one for each intent, on the traits of every example in every language, by AdaGrad
from a fixed seed. The acting lines are put where sentences that a fold of the examples has not seen are right
often enough. Nothing of the replies in `intents/` takes part in it.
"""

import json
import random
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from rich.console import Console

from nurture.core.inbound.learned import STEPS, ZERO
from nurture.core.inbound.phrase import LANGUAGES
from nurture.core.inbound.rule_reading import join, read_sentence
from nurture.core.inbound.sentence import split_sentences
from tests.accuracy.digest import DATA, digest

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)
NAMES = (
    "pricing_request", "demo_request", "trial_request", "meeting_request", "information_request", "positive",
    "timeline_shared", "not_now", "objection:has_solution", "objection:budget", "objection:no_need",
    "wrong_person", "referral", "left_company", "unsubscribe_request", "question", "thanks",
)  # fmt: skip
RARE = 2
EPOCHS = 12
RATE = 0.2
DECAY = 2e-4
FOLDS = 4
RIGHT_ENOUGH = 0.93  # a fifth of the examples are near misses, far more than in real mail
REPORTED = -2.25
LEAST_ACTED, MOST_ACTED = 0.75, 3.0
SMALLEST = 0.6  # of a step: what is weaker is left out


@dataclass(frozen=True)
class Example:
    """A text with what it says: the traits of its sentences, and of all of it."""

    sentences: tuple[dict[str, float], ...]
    whole: dict[str, float]
    says: frozenset[str]


@dataclass
class Model:
    """`weights`: traits × intents, `bias`: intents."""

    places: dict[str, int]
    weights: Any
    bias: Any

    def weigh(self, traits: dict[str, float]) -> Any:
        known = [(self.places[trait], value) for trait, value in traits.items() if trait in self.places]
        if not known:
            return self.bias
        return (
            np.array([value for _, value in known]) @ self.weights[[place for place, _ in known]] + self.bias
        )

    def hear(self, example: Example) -> Any:
        best = np.max([self.weigh(traits) for traits in example.sentences], axis=0)
        return (best + self.weigh(example.whole)) / 2


def main() -> int:
    """Learn, and write what was learned."""
    console = Console()
    examples = list(read_examples())
    console.print(f"{len(examples):,} examples in {len(LANGUAGES)} languages")
    lines = _acting_lines(examples, console)
    model = fit(examples)
    (DATA / "learned.tsv").write_text(_written(model, lines), "utf-8")
    console.print(f"{len(model.places):,} traits learned")
    return 0


def read_examples() -> Iterator[Example]:
    """The examples of all languages, and those of the lexicons and rules."""
    for language in LANGUAGES:
        for path in sorted(DATA.glob(f"examples/{language}*.toml")):
            for key, texts in tomllib.loads(path.read_text("utf-8"))["examples"].items():
                for text in texts:
                    yield from _example(text, language, frozenset(key.split("+")) & frozenset(NAMES))
        for row in tomllib.loads((DATA / f"{language}.toml").read_text("utf-8")).get("example", ()):
            says = f"{row['intent']}:{row['reason']}" if row.get("reason") else row["intent"]
            for text in [row["text"]] if isinstance(row["text"], str) else row["text"]:
                yield from _example(text, language, frozenset({says}) & frozenset(NAMES))


def _example(text: str, language: str, says: frozenset[str]) -> Iterator[Example]:
    sentences = split_sentences(text)
    if sentences:
        traits = tuple(read_sentence(sentence, language, NOW).traits for sentence in sentences)
        whole = read_sentence(join(sentences), language, NOW).traits if len(sentences) > 1 else traits[0]
        yield Example(traits, whole, says)


def fit(examples: Sequence[Example]) -> Model:
    """Learn from examples: of several sentences from all together, for nobody says which one says it."""
    counts = Counter(trait for example in examples for trait in example.whole)
    places = {trait: i for i, trait in enumerate(sorted(t for t, n in counts.items() if n >= RARE))}
    rows = [_row(example.whole, places) for example in examples]
    says = np.array([[name in example.says for name in NAMES] for example in examples], dtype=float)
    weights, bias = np.zeros((len(places), len(NAMES))), np.full(len(NAMES), -3.0)
    seen, seen_bias = np.full_like(weights, 1e-3), np.full(len(NAMES), 1e-3)
    order, chance = list(range(len(rows))), random.Random(1)  # noqa: S311
    for _ in range(EPOCHS):
        chance.shuffle(order)
        for i in order:
            here, values = rows[i]
            wrong = 1 / (1 + np.exp(-(values @ weights[here] + bias))) - says[i]
            slope = np.outer(values, wrong) + DECAY * weights[here]
            seen[here] += slope**2
            weights[here] -= RATE * slope / np.sqrt(seen[here])
            seen_bias += wrong**2
            bias -= RATE * wrong / np.sqrt(seen_bias)
    return Model(places, weights, bias)


def _row(traits: dict[str, float], places: dict[str, int]) -> tuple[Any, Any]:
    known = [(places[trait], value) for trait, value in traits.items() if trait in places]
    return np.array([place for place, _ in known], dtype=int), np.array([value for _, value in known])


def _acting_lines(examples: Sequence[Example], console: Console) -> list[float]:
    """For each intent the lowest line above which it is right often enough on what was not learned from."""
    fold_of = [random.Random(i).randrange(FOLDS) for i in range(len(examples))]  # noqa: S311
    heard = np.zeros((len(examples), len(NAMES)))
    for fold in range(FOLDS):
        model = fit([example for example, mine in zip(examples, fold_of, strict=True) if mine != fold])
        for i, example in enumerate(examples):
            if fold_of[i] == fold:
                heard[i] = model.hear(example)
        console.print(f"fold {fold + 1} of {FOLDS}")
    return [
        _acting_line(heard[:, place], np.array([name in example.says for example in examples]))
        for place, name in enumerate(NAMES)
    ]


def _acting_line(heard: Any, right: Any) -> float:
    for line in np.arange(LEAST_ACTED, MOST_ACTED, 0.05):
        above = heard >= line
        if above.any() and right[above].mean() >= RIGHT_ENOUGH:
            return float(round(line, 2))
    return MOST_ACTED


def _written(model: Model, lines: Sequence[float]) -> str:
    scale = float(np.quantile(np.abs(model.weights), 0.9995)) / (ZERO - 1)
    head = {
        "names": NAMES,
        "bias": [round(float(each), 3) for each in model.bias],
        "scale": round(scale, 5),
        "lines": [[REPORTED, line] for line in lines],
        "made_from": digest(),
    }
    rows = [json.dumps(head)]
    for trait, place in model.places.items():
        steps = model.weights[place] / scale
        rounded = np.clip(np.where(np.abs(steps) < SMALLEST, 0, np.rint(steps)), -ZERO, ZERO - 1).astype(int)
        if rounded.any():
            rows.append(f"{trait}\t{''.join(STEPS[ZERO + step] for step in rounded)}")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())

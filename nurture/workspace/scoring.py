"""The score and the grade of `rules.yaml`: what interest is worth, and who fits."""

from typing import Final

from nurture.core.score import Criterion, GradeModel, ScoreModel
from nurture.workspace import moments, values
from nurture.workspace.conditions import EVENTS, GRADES, REQUESTS
from nurture.workspace.item import Item

POINTS: Final = {**EVENTS, **{f"asked_for_{what}": event for what, event in REQUESTS.items()}}
BEST_GRADES: Final = GRADES[:-1]
NO_SCORE: Final = ScoreModel({}, moments.MAX_DURATION)
NO_GRADE: Final = GradeModel((), {})


def read_score(item: Item) -> ScoreModel:
    table = item.table("decay", "points")
    return ScoreModel(
        points=table.need("points", _points, {}),
        decay=table.need("decay", moments.duration, NO_SCORE.decay),
    )


def _points(item: Item) -> dict[str, float]:
    table = item.table(*POINTS)
    return {POINTS[word]: values.number(points) for word, points in table.known.items()}


def read_grade_model(item: Item) -> GradeModel:
    table = item.table("criteria", "letters")
    return GradeModel(
        criteria=table.need("criteria", values.list_of(_criterion), ()),
        letters=table.need("letters", _letters, {}),
    )


def _criterion(item: Item) -> Criterion:
    table = item.table("attribute", "in", "points")
    return Criterion(
        attribute=table.need("attribute", values.attribute, ""),
        values=table.may("in", values.one_or_more(values.text), ()),
        points=table.need("points", values.whole(-1000, 1000), 0),
    )


def _letters(item: Item) -> dict[str, int]:
    table = item.table(*BEST_GRADES)
    letters = {
        letter: values.whole(-1000, 1000)(table.known[letter])
        for letter in BEST_GRADES
        if letter in table.known
    }
    needed = list(letters.values())
    if any(worse >= better for better, worse in zip(needed, needed[1:], strict=False)):
        item.fault("a better letter must take more points than a worse one: sort them, A highest")
    return letters

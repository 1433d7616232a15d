"""Conditions of rules and branches: `all`, `any`, `none` over counts, score, grade and attributes."""

from collections.abc import Callable, Mapping
from typing import Final

from nurture.core.rule import (
    AllOf,
    AnyOf,
    AttributeIn,
    Condition,
    Counted,
    EventKind,
    GradeAtLeast,
    NoneOf,
    ScoreAtLeast,
)
from nurture.workspace import moments, values
from nurture.workspace.faults import instead
from nurture.workspace.item import Item, Table

GRADES: Final = ("A", "B", "C", "D", "E", "F")
EVENTS: Final[Mapping[str, EventKind]] = {
    "opened": "open",
    "clicked": "click",
    "replied": "reply",
    "interested": "interested",
    "not_interested": "not_interested",
    "not_now": "not_now",
    "shared_timeline": "timeline_shared",
    "out_of_office": "out_of_office",
}
REQUESTS: Final[Mapping[str, EventKind]] = {
    "pricing": "pricing_request",
    "demo": "demo_request",
    "trial": "trial_request",
    "meeting": "meeting_request",
    "information": "information_request",
}
WORDS: Final = ("all", "any", "none", *EVENTS, "asked_for", "score", "grade", "attribute")
BLANK: Final = AllOf(())

_COUNT_KEYS: Final = ("at_least", "within", "since", "distinct_mails")


def read_condition(item: Item, since: Callable[[Item], str]) -> Condition:
    """One condition. `since` reads the name of a step and sees to it that it exists."""
    return _Conditions(since).read(item)


class _Conditions:
    def __init__(self, since: Callable[[Item], str]) -> None:
        self._since = since

    def read(self, item: Item) -> Condition:
        if item.is_text:
            return self._bare_word(item)
        pairs = item.entries()
        if len(pairs) == 1:
            return self._named(*pairs[0])
        if item.is_table:
            item.fault("write one condition here: put several as a list under 'all:' or 'any:'")
        return BLANK

    def _bare_word(self, item: Item) -> Condition:
        word = item.text()
        if word in EVENTS:
            return Counted(EVENTS[word])
        needs = f": write '{word}:' with its value" if word in WORDS else instead(word, WORDS)
        item.fault(f"{word!r} is no condition by itself{needs}")
        return BLANK

    def _named(self, key: Item, value: Item) -> Condition:
        word = key.text()
        if word in EVENTS:
            return self._count(value, EVENTS[word])
        readers: dict[str, Callable[[Item], Condition]] = {
            "all": lambda item: AllOf(self._several(item)),
            "any": lambda item: AnyOf(self._several(item)),
            "none": lambda item: NoneOf(self._several(item)),
            "asked_for": self._asked_for,
            "score": _score,
            "grade": lambda item: GradeAtLeast(read_grade(item)),
            "attribute": _attribute,
        }
        if word in readers:
            return readers[word](value)
        if word:
            key.fault(f"unknown condition {word!r}{instead(word, WORDS)}")
        return BLANK

    def _several(self, item: Item) -> tuple[Condition, ...]:
        return values.list_of(self.read)(item)

    def _count(self, item: Item, event: EventKind) -> Counted:
        if item.is_text:
            return Counted(event, values.whole(1, 1000)(item))
        return self._counted(item.table(*_COUNT_KEYS), event)

    def _counted(self, table: Table, event: EventKind) -> Counted:
        if table.item.is_table and not table.item.entries():
            table.item.fault("this is empty: write the word alone, or keys such as 'at_least: 2'")
        return Counted(
            event,
            at_least=table.may("at_least", values.whole(1, 1000), 1),
            within=table.may("within", moments.duration, None),
            since=table.may("since", self._since, None),
            distinct_mails=table.may("distinct_mails", values.yes_no, False),
        )

    def _asked_for(self, item: Item) -> Condition:
        if not item.is_table:
            return _any_of(tuple(Counted(event) for event in _requests(item)))
        table = item.table("what", *_COUNT_KEYS)
        events = table.need("what", _requests, ())
        return _any_of(tuple(self._counted(table, event) for event in events))


def _requests(item: Item) -> tuple[EventKind, ...]:
    return tuple(REQUESTS[word] for word in values.one_or_more(values.choice(*REQUESTS))(item))


def _any_of(counts: tuple[Counted, ...]) -> Condition:
    return counts[0] if len(counts) == 1 else AnyOf(counts)


def _score(item: Item) -> ScoreAtLeast:
    points = values.number(item)
    if points < 0:
        item.fault("a score is at least 0: write how many points it takes")
    return ScoreAtLeast(points)


def read_grade(item: Item) -> str:
    """A letter from A to F."""
    return values.choice(*(grade.lower() for grade in GRADES))(item).upper()


def _attribute(item: Item) -> AttributeIn:
    if item.is_text:
        return AttributeIn(values.attribute(item))
    table = item.table("name", "in")
    return AttributeIn(
        table.need("name", values.attribute, ""),
        table.may("in", values.one_or_more(values.text), ()),
    )

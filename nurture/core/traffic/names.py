"""Names by which agents are known: plain words and patterns, searched without case."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A name, and the words, names (both lower case) and patterns of which any one tells it.

    A word tells it anywhere, a name only where it stands by itself or as a part of a CamelCase one.
    """

    name: str
    words: tuple[str, ...]
    names: tuple[str, ...]
    patterns: re.Pattern[str] | None

    def knows(self, agent: str, lowered: str) -> bool:
        """Whether an agent is told by this; `lowered` is the agent in lower case."""
        if any(word in lowered for word in self.words):
            return True
        if any(name in lowered and _stands(name, agent, lowered) for name in self.names):
            return True
        return self.patterns is not None and self.patterns.search(agent) is not None


def find_name(known: Iterable[Known], agent: str) -> str | None:
    """The name of the first that knows an agent."""
    lowered = agent.lower()
    return next((each.name for each in known if each.knows(agent, lowered)), None)


def parse_known(tables: Iterable[Mapping[str, Any]]) -> tuple[Known, ...]:
    """From TOML tables with `name`, `words`, `names`, `patterns`; KeyError or re.error for a bad one."""
    return tuple(
        Known(
            table["name"],
            tuple(str(word).lower() for word in table.get("words", ())),
            tuple(str(name).lower() for name in table.get("names", ())),
            _joined(table.get("patterns", ())),
        )
        for table in tables
    )


def products(tables: Iterable[Known]) -> frozenset[str]:
    """The words of some tables taken apart, so that a token of an agent can be looked up among them."""
    return frozenset(part for each in tables for word in each.words for part in _PARTS.split(word) if part)


def _stands(name: str, agent: str, lowered: str) -> bool:
    start = lowered.find(name)
    while start >= 0:
        end = start + len(name)
        humped = agent[start].isupper() and not agent[start - 1 : start].isupper()
        begins = start == 0 or not agent[start - 1].isalpha() or humped
        if begins and not agent[end : end + 1].islower():
            return True
        start = lowered.find(name, start + 1)
    return False


def _joined(patterns: Iterable[str]) -> re.Pattern[str] | None:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re.compile(joined, re.IGNORECASE) if joined else None


_PARTS = re.compile(r"[/ ;]")

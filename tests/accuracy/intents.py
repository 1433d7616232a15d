"""How well intents are found in replies that others wrote: `tests/accuracy/intents/<language>.toml`.

An entry is `[[reply]]` with `half` (`look` or `measure`), `intents`, `reason` (of an objection), `text`.
"""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from nurture.core.inbound.intent import ACTING, Intent, find_intents
from nurture.core.inbound.language import detect_language

Half = Literal["look", "measure"]
NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)
_NO_ACTION = {"question", "thanks", "other", "empty"}
_Counts = dict[str, Counter[str]]


def measure_intents(folder: Path, half: Half) -> dict[str, Any]:
    """Figures over one half of the replies.

    `replies`; `precision`: of what the program acts on, how much is right (questions and thanks only go to a
    person); `recall`: of all that was meant, how much is reported, to be acted on or for a person to look at;
    `acted_on`: how much of it surely enough to act; `reasons`: of the objections found, how many have the
    right one; `language`: how many replies are recognised; all 0 to 1. `by_intent` and `by_language`: the
    first three of each. `other` and `empty` mean that nothing else is reported.
    """
    counts: _Counts = defaultdict(Counter)
    for language, reply in replies(folder, half):
        _count(counts, language, reply)
    return {
        "replies": counts["all"]["replies"],
        **_rates(counts["all"]),
        "reasons": _share(counts["all"]["reasons"], counts["all"]["objections"]),
        "language": _share(counts["all"]["language"], counts["all"]["replies"]),
        "by_intent": {key[1:]: _rates(count) for key, count in sorted(counts.items()) if key[0] == "/"},
        "by_language": {key[1:]: _rates(count) for key, count in sorted(counts.items()) if key[0] == "@"},
    }


def replies(folder: Path, half: Half) -> Iterator[tuple[str, dict[str, Any]]]:
    """The replies of one half, each with its language."""
    for path in sorted(folder.glob("*.toml")):
        for reply in tomllib.loads(path.read_text("utf-8"))["reply"]:
            if reply["half"] == half:
                yield path.stem, reply


def reported(reply: dict[str, Any]) -> tuple[Intent, ...]:
    """The intents of a reply, its language being unknown."""
    text = reply["text"]
    return find_intents(text, NOW, language=detect_language(text))


def _count(counts: _Counts, language: str, reply: dict[str, Any]) -> None:
    meant, told = set(reply["intents"]), reported(reply)
    found = {intent.name: intent.reason for intent in told}
    sure = {intent.name for intent in told if intent.confidence >= ACTING}
    counts["all"]["replies"] += 1
    counts["all"]["language"] += detect_language(reply["text"]) == language
    for name in meant | set(found):
        for count in (counts["all"], counts[f"/{name}"], counts[f"@{language}"]):
            count["meant"] += name in meant
            count["right"] += name in meant and name in found
            count["acted"] += name in sure and name not in _NO_ACTION
            count["acted right"] += name in sure and name in meant and name not in _NO_ACTION
            count["to act on"] += name in meant and name not in _NO_ACTION
    if "objection" in meant and "objection" in found and reply.get("reason"):
        counts["all"]["objections"] += 1
        counts["all"]["reasons"] += found["objection"] == reply["reason"]


def _rates(count: Counter[str]) -> dict[str, float]:
    return {
        "precision": _share(count["acted right"], count["acted"]),
        "recall": _share(count["right"], count["meant"]),
        "acted_on": _share(count["acted right"], count["to act on"]),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0

"""Opens and clicks: each judged as what it was."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from nurture.demo.cast import canonical
from nurture.demo.comparison.record import Record, plural
from nurture.demo.diary import CLICKED, OPENED

KINDS: Final = {OPENED: "open", CLICKED: "click"}


def compare_hits(record: Record) -> Iterator[str]:
    """Per person, kind and verdict as many hits as they made."""
    made = Counter(
        (entry.who, KINDS[entry.deed], entry.detail["verdict"]) for entry in record.told(OPENED, CLICKED)
    )
    judged = Counter(
        (canonical(event.email), event.kind, event.verdict if event.judged else "not judged")
        for event in record.summary.events
        if event.kind in KINDS.values()
    )
    for who, kind, verdict in sorted({*made, *judged}):
        key = (who, kind, verdict)
        if made[key] != judged[key]:
            was, concluded = plural(made[key], f"{verdict} {kind}"), judged[key]
            yield f"{who} made {was}, and the program concluded {concluded}"

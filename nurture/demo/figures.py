"""The demonstration in figures, as `--json` writes them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from nurture.demo.comparison import Record
from nurture.demo.comparison.mails import list_duplicates
from nurture.demo.comparison.speed import percentile, seconds_to_handoff, seconds_to_stop
from nurture.services.summarising import HandedOff, Moved

VERDICTS: Final = ("human", "machine", "unknown")


def figures(record: Record, differences: Sequence[str], seconds: float) -> dict[str, Any]:
    """One object for JSON: moments are ISO 8601 in UTC, lengths in seconds."""
    return {
        "mails_sent": len(record.arrived),
        "duplicates": len(list_duplicates(record)),
        "opens": count_verdicts(record, "open"),
        "clicks": count_verdicts(record, "click"),
        "replies": count_intents(record),
        "promotions": [_promotion(moved) for moved in record.summary.promotions],
        "handoffs": [_handoff(handoff) for handoff in record.summary.handoffs],
        "differences": list(differences),
        "seconds": round(seconds, 1),
        "reply_to_stop_seconds": _spread(seconds_to_stop(record)),
        "pricing_to_handoff_seconds": _spread(seconds_to_handoff(record)),
    }


def count_verdicts(record: Record, kind: str) -> dict[str, int]:
    """Hits of a kind by verdict."""
    counted = Counter(event.verdict for event in record.summary.events if event.kind == kind)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def count_intents(record: Record) -> dict[str, int]:
    """What the mails that came back said; a mail with two intents counts for both, an absence for itself."""
    counted = Counter(intent for mail in record.summary.incoming for intent in mail.intents)
    counted.update(mail.kind for mail in record.summary.incoming if mail.kind == "out_of_office")
    return dict(sorted(counted.items()))


def seconds_from_signal(handoff: HandedOff) -> float | None:
    """From the newest evidence to the notice that a target took; None while nobody knows."""
    if handoff.notified_at is None:
        return None
    return round((handoff.notified_at - handoff.signal_at).total_seconds(), 3)


def _promotion(moved: Moved) -> dict[str, Any]:
    return {
        "address": moved.email,
        "from": moved.origin,
        "to": moved.target,
        "rule": moved.rule,
        "reason": moved.reason,
        "at": moved.at.isoformat(),
    }


def _handoff(handoff: HandedOff) -> dict[str, Any]:
    return {
        "address": handoff.email,
        "seconds_from_signal": seconds_from_signal(handoff),
        "rep": handoff.rep,
        "state": handoff.state,
        "why_now": handoff.why_now,
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"p50": round(percentile(values, 50), 3), "p99": round(percentile(values, 99), 3)}

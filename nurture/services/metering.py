"""Measures the installation: what waits, since when, and whether this process can do its work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from nurture.ports import App
from nurture.store import mailboxes, reports
from nurture.store.session import Session

DATABASE_AWAY: Final = reports.DATABASE_AWAY

_MAX_MILLISECONDS: Final = 3000  # per statement: a probe must not wait behind a busy database


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the database. `lag_seconds`: age of the oldest due touch that nobody has taken."""

    touches: Mapping[str, int]
    handoffs: Mapping[str, int]
    due_touches: int
    lag_seconds: float
    unjudged_hits: int
    waiting_qualifications: int
    unshipped_bytes: int
    resting_mailboxes: int


def measure(app: App) -> Reading | None:
    """What the database tells now; None while it is away or not migrated."""
    try:
        with app.sessions() as session:
            reports.limit_time(session, _MAX_MILLISECONDS)
            return _read(session, measure_journals(app.settings.journal_dir), app.now())
    except reports.DATABASE_FAILED:
        return None


def measure_journals(folder: Path) -> dict[str, int]:
    """Bytes in each journal file of this host."""
    sizes = {}
    for path in folder.glob("*.log"):
        try:
            sizes[path.name] = path.stat().st_size
        except FileNotFoundError:
            continue  # shipped and removed meanwhile
    return sizes


def list_obstacles(app: App) -> list[str]:
    """What keeps this process from its work, in words for the operator; empty: it is ready."""
    try:
        with app.sessions() as session:
            reports.limit_time(session, _MAX_MILLISECONDS)
            migrated = reports.is_migrated(session)
    except reports.DATABASE_FAILED:
        return ["PostgreSQL does not answer: check that it runs and that DATABASE_URL is right"]
    return [] if migrated else ["the database is not migrated: run `nurture migrate`"]


def _read(session: Session, journals: Mapping[str, int], now: datetime) -> Reading:
    due, oldest = reports.measure_due(session, now)
    shipped = reports.list_offsets(session)
    return Reading(
        touches=reports.count_touches(session),
        handoffs=reports.count_handoffs(session),
        due_touches=due,
        lag_seconds=(now - oldest).total_seconds() if oldest else 0.0,
        unjudged_hits=reports.count_unjudged_hits(session),
        waiting_qualifications=reports.count_waiting_for_qualification(session),
        unshipped_bytes=sum(max(0, size - shipped.get(file, 0)) for file, size in journals.items()),
        resting_mailboxes=len(mailboxes.list_pauses(session, now)),
    )

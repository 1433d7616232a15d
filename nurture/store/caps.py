"""Counts against the daily caps; exact with any number of workers, for the row is locked until commit."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import DailyCount


def take(session: Session, scope: str, key: str, day: date, cap: int) -> bool:
    """Count one mail against a cap; False (and nothing counted) when the day is full."""
    if cap < 1:
        return False
    row = insert(DailyCount).values(scope=scope, key=key, day=day, sent=1)
    query = row.on_conflict_do_update(
        index_elements=["scope", "key", "day"],
        set_={"sent": DailyCount.sent + 1},
        where=DailyCount.sent < cap,
    )
    return session.scalar(query.returning(DailyCount.sent)) is not None


def give_back(session: Session, scope: str, key: str, day: date) -> None:
    """Uncount one mail that was not sent after all."""
    row = session.get(DailyCount, (scope, key, day), with_for_update=True)
    if row is not None:
        row.sent = max(0, row.sent - 1)
        session.flush()


def used(session: Session, scope: str, key: str, day: date) -> int:
    """Mails counted so far on that day."""
    query = select(DailyCount.sent).where(
        DailyCount.scope == scope, DailyCount.key == key, DailyCount.day == day
    )
    return session.scalar(query) or 0

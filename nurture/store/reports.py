"""Counts over all contacts, for the gauges of the installation and for its readiness."""

from datetime import datetime
from functools import cache
from typing import Final

from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import InstrumentedAttribute, Session

from nurture.store.migrating import alembic_config
from nurture.store.tables import Contact, Event, Handoff, JournalOffset, Touch

DATABASE_AWAY: Final = (OperationalError, InterfaceError, NoConnectionFree)
"""What a session raises when the database does not answer, or not in time."""
DATABASE_UNFIT: Final = (*DATABASE_AWAY, ProgrammingError, InternalError)
"""Those, and what it raises for any row alike: a table that is not migrated, a broken server."""
DATABASE_FAILED: Final = SQLAlchemyError
"""What a session raises for those and for everything else that the database refuses."""


def limit_time(session: Session, milliseconds: int) -> None:
    """Let no statement of this transaction run longer than that."""
    session.execute(
        text("SELECT set_config('statement_timeout', :limit, true)"), {"limit": str(milliseconds)}
    )


def count_touches(session: Session) -> dict[str, int]:
    """Touches by state."""
    return _count_by(session, Touch.state)


def count_handoffs(session: Session) -> dict[str, int]:
    """Handoffs by state."""
    return _count_by(session, Handoff.state)


def measure_due(session: Session, now: datetime) -> tuple[int, datetime | None]:
    """How many touches are due and not yet taken, and since when the oldest of them is."""
    query = select(func.count(), func.min(Touch.due_at)).where(Touch.state == "planned", Touch.due_at <= now)
    count, oldest = session.execute(query).one()
    return count, oldest


def count_unjudged_hits(session: Session) -> int:
    """Opens and clicks without a verdict."""
    query = select(func.count()).where(Event.judged_at.is_(None), Event.kind.in_(("open", "click")))
    return session.scalar(query) or 0


def count_waiting_for_qualification(session: Session) -> int:
    """Contacts with new evidence that no rule has looked at yet."""
    return session.scalar(select(func.count()).where(Contact.qualify_at.is_not(None))) or 0


def list_offsets(session: Session) -> dict[str, int]:
    """How far each journal file has been shipped, in bytes."""
    return dict(session.execute(select(JournalOffset.file, JournalOffset.shipped)).all())


def is_migrated(session: Session) -> bool:
    """Whether the tables are as new as this code, or newer: other hosts may be ahead of this one."""
    if not session.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")):
        return False
    revision = session.scalar(text("SELECT version_num FROM alembic_version"))
    return revision is not None and revision not in _revisions()[1:]


@cache
def _revisions() -> tuple[str, ...]:
    """The revisions this code knows, newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions())


def _count_by(session: Session, column: InstrumentedAttribute[str]) -> dict[str, int]:
    return dict(session.execute(select(column, func.count()).group_by(column)).all())

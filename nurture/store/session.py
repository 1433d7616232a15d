"""The engine and its sessions: one per process, made by bootstrap."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

__all__ = ["Session", "open_sessions"]


def open_sessions(url: str, *, size: int = 8) -> Callable[[], AbstractContextManager[Session]]:
    """A factory of transactions: `with sessions() as session:` commits at the end, rolls back on error.

    The database's session time zone is UTC; a lost connection is noticed before it is used; error texts
    hold no parameters, for those are addresses.
    """
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=size,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": "-c timezone=UTC -c lock_timeout=10s", "connect_timeout": 5},
    )
    return sessionmaker(engine, expire_on_commit=False).begin

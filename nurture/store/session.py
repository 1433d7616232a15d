"""The engine and its sessions: one per process, made by bootstrap."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

__all__ = ["Session", "close_sessions", "open_sessions"]


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
        connect_args={
            "options": "-c timezone=UTC -c lock_timeout=10s",
            "connect_timeout": 5,
            # A prepared statement gets a plan for any value, which cannot use the partial indexes.
            "prepare_threshold": None,
        },
    )
    return sessionmaker(engine, expire_on_commit=False).begin


def close_sessions(sessions: Callable[[], AbstractContextManager[Session]]) -> None:
    """Close the connections that `open_sessions` keeps; a later transaction opens new ones."""
    factory = getattr(sessions, "__self__", None)
    if isinstance(factory, sessionmaker):
        factory.kw["bind"].dispose()

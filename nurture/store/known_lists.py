"""The lists of agents, networks and gateways in use: the shipped ones, or what replaced them."""

from datetime import datetime
from functools import lru_cache
from importlib.resources import files

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.core.traffic.agents import Lists, parse_lists, shipped_lists
from nurture.store.tables import KnownList

NAMES = ("agents", "networks", "gateways")


def current(session: Session) -> Lists:
    """The lists to judge by; parsed once for each set of texts."""
    replaced = {row.name: row.text for row in session.scalars(select(KnownList))}
    if not replaced:
        return shipped_lists()
    return _parse(*(replaced.get(name) or _shipped(name) for name in NAMES))


def replace(
    session: Session, *, name: str, text: str, source: str, dated: str, digest: str, now: datetime
) -> bool:
    """Put a checked list in the place of the one in use; False where it is that very text already."""
    values = {"text": text, "source": source, "dated": dated, "digest": digest, "installed_at": now}
    row = insert(KnownList).values(name=name, **values)
    changed = row.on_conflict_do_update(
        index_elements=["name"], set_=values, where=KnownList.digest != digest
    )
    return session.scalar(changed.returning(KnownList.name)) is not None


def last_replaced(session: Session) -> datetime | None:
    """When a list was last replaced."""
    return session.scalar(select(KnownList.installed_at).order_by(KnownList.installed_at.desc()).limit(1))


@lru_cache(maxsize=2)
def _parse(agents: str, networks: str, gateways: str) -> Lists:
    return parse_lists(agents, networks, gateways)


def _shipped(name: str) -> str:
    return (files("nurture.core") / "data" / f"{name}.toml").read_text("utf-8")

"""Keys of other systems: shown once, kept as SHA-256."""

import hashlib
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import ApiKey


def add(session: Session, name: str, key: str, now: datetime) -> bool:
    """Keep a key under a name; False where the name is taken."""
    row = insert(ApiKey).values(name=name, key_hash=_hash(key), created_at=now)
    return session.scalar(row.on_conflict_do_nothing().returning(ApiKey.id)) is not None


def find_name(session: Session, key: str) -> str | None:
    """The name of a valid key; None for an unknown or revoked one."""
    query = select(ApiKey.name).where(ApiKey.key_hash == _hash(key), ApiKey.revoked_at.is_(None))
    return session.scalar(query)


def revoke(session: Session, name: str, now: datetime) -> bool:
    """End a key; False where no valid one has that name."""
    query = update(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None))
    return session.scalar(query.values(revoked_at=now).returning(ApiKey.id)) is not None


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()

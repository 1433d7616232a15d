"""Tells which system is calling, by its API key."""

from datetime import datetime
from typing import Final

from nurture.store import api_keys
from nurture.store.session import Session

_PREFIX: Final = "nk_"
_MAX_LENGTH: Final = 200  # characters


def authenticate(session: Session, key: str) -> str | None:
    """The name a valid key was made for; None for any other text.

    Keys are looked up by their SHA-256, so the time taken tells nothing about how near a guess was.
    """
    if not key.startswith(_PREFIX) or len(key) > _MAX_LENGTH:
        return None
    return api_keys.find_name(session, key)


def add_key(session: Session, name: str, key: str, *, now: datetime) -> bool:
    """Keep a new key under a name; False where the name is taken."""
    return api_keys.add(session, name, key, now)


def revoke_key(session: Session, name: str, *, now: datetime) -> bool:
    """End the key of that name; False where there is no valid one."""
    return api_keys.revoke(session, name, now)

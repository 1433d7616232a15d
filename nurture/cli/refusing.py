"""Errors that a person can do something about, each as one sentence that says what."""

from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

from nurture.embedded.errors import EmbeddedError
from nurture.settings import SettingsError
from nurture.store.workspaces import NoWorkspace

UNMIGRATED = ("42P01", "42703")  # undefined_table, undefined_column


def sentence_for(error: Exception) -> str | None:
    """What to tell; None for an error that nobody expected."""
    if isinstance(error, SettingsError | EmbeddedError | NoWorkspace):
        return str(error)
    if isinstance(error, OperationalError):
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no reason given"
        return f"the database cannot be reached: start `nurture up`, or set DATABASE_URL ({reason})"
    if isinstance(error, ArgumentError):
        return "DATABASE_URL must look like postgresql://user:password@host:5432/name"
    if isinstance(error, ProgrammingError) and getattr(error.orig, "sqlstate", None) in UNMIGRATED:
        return "the database is not at this version: run `nurture migrate`"
    return None

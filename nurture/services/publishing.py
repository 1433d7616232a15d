"""Publishes the marketer's workspace as an immutable version."""

from datetime import datetime

from nurture.core.workspace import Workspace
from nurture.store import workspaces
from nurture.store.session import Session


def publish(session: Session, workspace: Workspace, *, now: datetime) -> tuple[int, bool]:
    """Make this the current version: (its number, whether anything changed).

    Enrollments that are running stay with the version they began under.
    """
    return workspaces.publish(session, workspace, now=now)

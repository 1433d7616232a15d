"""Published versions of the marketer's workspace: immutable, one of them current."""

import hashlib
import json
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from nurture.core.workspace import Workspace
from nurture.store.tables import WorkspaceVersion

_WORKSPACE = TypeAdapter(Workspace)


class NoWorkspace(LookupError):
    """Nothing has been published yet."""

    def __init__(self) -> None:
        super().__init__("no workspace yet: run `nurture workspace apply config/workspace`")


def publish(session: Session, workspace: Workspace, *, now: datetime) -> tuple[int, bool]:
    """Make this the current version; (version id, whether anything changed). Equal content is one version."""
    definition = _WORKSPACE.dump_python(workspace, mode="json")
    digest = hashlib.sha256(_canonical(definition)).hexdigest()
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('nurture.publish'))"))
    known = session.scalar(select(WorkspaceVersion).where(WorkspaceVersion.digest == digest))
    if known is not None and known.current:
        return known.id, False
    session.execute(update(WorkspaceVersion).where(WorkspaceVersion.current).values(current=False))
    version = known or WorkspaceVersion(digest=digest, definition=definition)
    version.current, version.published_at = True, now
    session.add(version)
    session.flush()
    return version.id, True


def current(session: Session) -> tuple[int, Workspace]:
    """The current version's id and content; raises NoWorkspace."""
    version_id = session.scalar(select(WorkspaceVersion.id).where(WorkspaceVersion.current))
    if version_id is None:
        raise NoWorkspace
    return version_id, get(session, version_id)


def get(session: Session, version_id: int) -> Workspace:
    """The content of a published version. Versions never change, so each is read once per process."""
    digest = session.scalar(select(WorkspaceVersion.digest).where(WorkspaceVersion.id == version_id))
    if digest is None:
        raise LookupError(f"workspace version {version_id}")
    known = _LOADED.get(digest)
    if known is None:
        definition = session.scalar(
            select(WorkspaceVersion.definition).where(WorkspaceVersion.id == version_id)
        )
        known = _LOADED[digest] = _WORKSPACE.validate_python(definition)
    return known


_LOADED: dict[str, Workspace] = {}


def _canonical(definition: object) -> bytes:
    return json.dumps(definition, sort_keys=True, separators=(",", ":")).encode()

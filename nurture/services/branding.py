"""Tells in whose name the pages speak."""

from dataclasses import dataclass

from nurture.store import workspaces
from nurture.store.session import Session


@dataclass(frozen=True, slots=True)
class Brand:
    """The company that sends, and its postal address."""

    company: str
    postal_address: str


def find_brand(session: Session) -> Brand | None:
    """The sender of the current workspace; None before the first one is published."""
    try:
        _, workspace = workspaces.current(session)
    except workspaces.NoWorkspace:
        return None
    return Brand(workspace.company, workspace.postal_address)

"""Replaces a list of agents, networks or gateways by a newer one, while everything runs."""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from nurture.core.traffic.list_check import check_list
from nurture.store import known_lists
from nurture.store.session import Session


@dataclass(frozen=True, slots=True)
class Updated:
    """A list that is in use now. `changed`: it is another text than the one before."""

    name: str
    source: str
    dated: date
    changed: bool


def update_list(session: Session, text: str, *, now: datetime) -> Updated:
    """Put a list (the text of a TOML file) in the place of the one in use; ValueError says what is wrong.

    Judging uses it from its next batch on; hits of late are judged again by it (job JUDGE_AGAIN).
    """
    checked = check_list(text)
    changed = known_lists.replace(
        session,
        name=checked.name,
        text=text,
        source=checked.source,
        dated=checked.dated.isoformat(),
        digest=sha256(text.encode()).hexdigest(),
        now=now,
    )
    return Updated(checked.name, checked.source, checked.dated, changed)

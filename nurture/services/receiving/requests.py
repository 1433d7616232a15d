"""Explicit requests from the pricing page and from other systems: one typed signal, whichever way it came."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.core.people.contact import normalise_address
from nurture.store import contacts, events, suppressions, workspaces
from nurture.store.session import Session


@dataclass(frozen=True, slots=True)
class Person:
    """A contact as its own pages show it."""

    email: str
    given_name: str
    family_name: str
    company: str
    title: str
    suppressed: bool
    tracking: bool


@dataclass(frozen=True, slots=True)
class Signal:
    """What another system tells. `key` names the happening, so that telling it twice makes one event."""

    email: str
    kind: str
    at: datetime
    key: str
    source: str
    detail: Mapping[str, str]


def describe_contact(session: Session, contact_id: int) -> Person:
    """The contact for its own pages; raises LookupError where it is gone."""
    contact = contacts.get(session, contact_id)
    return Person(
        email=contact.email,
        given_name=contact.given_name or "",
        family_name=contact.family_name or "",
        company=contact.company or "",
        title=contact.title or "",
        suppressed=suppressions.find(session, contact.email_hash) is not None,
        tracking=contact.tracking,
    )


def request_pricing(
    session: Session,
    contact_id: int,
    message_id: int | None,
    *,
    answers: Mapping[str, str],
    now: datetime,
    client: Mapping[str, Any] | None = None,
) -> int | None:
    """Record the form's request; None where this very form (`answers["form_id"]`) was sent before.

    `client`: the program that sent it, by which it is judged. Raises LookupError where the contact is gone.
    """
    contact = contacts.get(session, contact_id)
    said = {name: value for name, value in answers.items() if value and name != "form_id"}
    key = f"form:{contact_id}:{answers.get('form_id') or _digest(said)}"
    event_id = events.record(
        session,
        contact.id,
        kind="pricing_request",
        source="form",
        at=now,
        now=now,
        key=key,
        message_id=message_id,
        detail=said | ({events.CLIENT: dict(client)} if client else {}),
    )
    if event_id is not None:
        contacts.ask_for_qualification(session, [contact.id], now)
    return event_id


def accept_signal(session: Session, signal: Signal, *, now: datetime) -> tuple[int, int | None]:
    """Record another system's signal: the contact's id, and the event's or None where it was told before.

    Somebody we do not know becomes a contact in the first stage: who asks for prices is not turned away.
    They enter no sequence by that. Raises BadAddress, and NoWorkspace before anything was published.
    """
    address = normalise_address(signal.email)
    contact = contacts.find_by_hash(session, address.hash)
    if contact is None:
        first_stage = workspaces.current(session)[1].stages[0].name
        contact = contacts.create(session, address, stage=first_stage, now=now)
    event_id = events.record(
        session,
        contact.id,
        kind=signal.kind,
        source=signal.source,
        at=signal.at,
        now=now,
        key=f"api:{signal.source}:{signal.key}",
        detail=dict(signal.detail),
    )
    if event_id is not None:
        contacts.ask_for_qualification(session, [contact.id], now)
    return contact.id, event_id


def _digest(said: Mapping[str, str]) -> str:
    return hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()[:32]

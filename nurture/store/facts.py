"""The facts about a contact, as the pure rules want them."""

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from nurture.core.condition import Facts
from nurture.core.event import Event, EventKind, Verdict
from nurture.core.score import grade, score, scored
from nurture.core.workspace import Workspace
from nurture.store import enrollments, events, messages, touches
from nurture.store.tables import Contact
from nurture.store.tables import Event as EventRow


def gather(session: Session, contact: Contact, workspace: Workspace, now: datetime) -> Facts:
    """Everything a condition may look at, of one contact; only evidence that is not spent."""
    rows = events.list_for_contact(session, contact.id, after=contact.evidence_after)
    happened = as_events(session, rows)
    attributes = attributes_of(contact)
    return Facts(
        stage=contact.stage,
        attributes=attributes,
        events=happened,
        score=score(workspace.score, happened, now),
        grade=grade(workspace.grade, attributes),
        steps_at=_steps_of_running(session, contact.id),
        scored=scored(workspace.score, happened, now),
    )


def as_events(session: Session, rows: Iterable[EventRow]) -> tuple[Event, ...]:
    """Event rows as values, each with the step of the mail it belongs to."""
    rows = list(rows)
    mails = messages.list_by_ids(session, {row.message_id for row in rows if row.message_id})
    return tuple(
        Event(
            id=row.id,
            kind=cast(EventKind, row.kind),
            at=row.at,
            verdict=cast(Verdict, row.verdict),
            source=row.source,
            message_id=row.message_id,
            step=mails[row.message_id].step if row.message_id in mails else None,
            detail=str(row.detail.get("summary") or row.detail.get("url") or ""),
        )
        for row in rows
    )


def attributes_of(contact: Contact) -> dict[str, str]:
    """The contact's own columns and the free ones, as text."""
    fields = ("given_name", "family_name", "company", "title", "country", "time_zone")
    known = {name: value for name in fields if (value := getattr(contact, name))}
    return {name: str(value) for name, value in contact.attributes.items()} | known


def _steps_of_running(session: Session, contact_id: int) -> dict[str, datetime]:
    steps: dict[str, datetime] = {}
    for enrollment in enrollments.list_for_contact(session, contact_id):
        if enrollment.state == "active":
            steps |= touches.list_steps_done(session, enrollment.id)
    return steps

"""What follows from a reply, as it was read or as a person decided, in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from nurture.core.reaction import Reaction
from nurture.store import contacts, enrollments, events, inbound, optouts, stages
from nurture.store.enrollments import HELD, REVIEWED
from nurture.store.tables import Contact

REPLIED: Final = "replied"
LEFT: Final = "left the company"


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply that a reaction follows from. `key` is its identity; `at`: when it came.

    `words`: what each event rests on. `because`: what was weighed. `ended`: why a sequence ends by it.
    `decided_by`: the person who decided, "" where it was the program.
    """

    key: str
    at: datetime
    message_id: int | None
    own_address: bool
    words: Mapping[str, str] = field(default_factory=dict)
    because: tuple[str, ...] = ()
    ended: str = REPLIED
    decided_by: str = ""


def apply(
    session: Session, contact: Contact, reaction: Reaction, answer: Answer, *, until: datetime, now: datetime
) -> bool:
    """Do what the reaction says; True where the contact is to be qualified. `until`: where it is to wait."""
    follow(session, contact, reaction, answer, until=until, now=now)
    for kind in ("reply", *reaction.signals):
        _tell(session, contact, kind, reaction, answer, until, now)
    if reaction.counts:
        contacts.ask_for_qualification(session, [contact.id], now)
    return reaction.counts


def take_back(session: Session, contact: Contact, came_at: datetime, now: datetime) -> None:
    """Undo what a mail that came at a moment did to the sequences before a person decided about it.

    What it stopped goes on, unless the contact has left that stage or said more since. What it paused goes on
    unless another mail waits for a person; until when the contact asked to be left alone, it is.
    """
    by_it = [
        row
        for row in enrollments.list_for_contact(session, contact.id)
        if row.ended_at == came_at and row.end_reason in (REPLIED, LEFT) and row.stage == contact.stage
    ]
    stages.go_on(session, stages.list_going_on(session, contact, by_it), now)
    if inbound.is_waiting(session, contact.id):
        return
    enrollments.end_pause(session, contact.id, now)
    asked = [
        (datetime.fromisoformat(until), event.kind)
        for event in events.list_for_contact(session, contact.id)
        if event.source == "reply" and (until := event.detail.get("until"))
    ]
    until, kind = max(asked, default=(now, ""))
    if until > now:
        enrollments.pause(session, contact.id, until=until, reason=kind.replace("_", " "))


def note(session: Session, answer: Answer) -> None:
    """Write on the reply's event who decided, where that changes nothing of what it counts for."""
    events.settle(session, _key(answer, "reply"), reasons=answer.because, by=answer.decided_by)


def follow(
    session: Session, contact: Contact, reaction: Reaction, answer: Answer, *, until: datetime, now: datetime
) -> None:
    """What becomes of the contact's sequences and its address, without an event."""
    if reaction.suppress:
        optouts.opt_out(session, contact, source=_source("reply", answer), now=now)
    if reaction.course == "stop":
        enrollments.stop(session, contact.id, reason=_source(answer.ended, answer), now=now)
    elif reaction.course == "wait":
        reason = f"asked to wait until {reaction.wait_until or until.date()}"
        enrollments.pause(session, contact.id, until=until, reason=reason)
    elif reaction.review:
        enrollments.pause(session, contact.id, until=HELD, reason=REVIEWED)


def _tell(
    session: Session,
    contact: Contact,
    kind: str,
    reaction: Reaction,
    answer: Answer,
    until: datetime,
    now: datetime,
) -> None:
    """Write an event; what waits for a person is *unknown* until they decide, and counts for nothing."""
    verdict = "human" if reaction.counts else "unknown"
    doubt = (
        () if reaction.counts else (f"does not count: {reaction.review or 'it says nothing that counts'}",)
    )
    detail: dict[str, Any] = {
        "summary": answer.words.get(kind, "")[:200],
        "own_address": answer.own_address,
        "until": until.isoformat() if kind == "not_now" and reaction.course == "wait" else None,
        "decided_by": answer.decided_by or None,
    }
    kept = {name: value for name, value in detail.items() if value is not None}
    recorded = events.record(
        session,
        contact.id,
        kind=kind,
        source="reply",
        at=answer.at,
        now=now,
        key=_key(answer, kind),
        verdict=verdict,
        reasons=(*answer.because, *doubt),
        message_id=answer.message_id,
        detail=kept,
    )
    if recorded is None:
        reasons = (*answer.because, *doubt)
        events.settle(
            session, _key(answer, kind), verdict=verdict, reasons=reasons, detail=kept, by=answer.decided_by
        )


def _key(answer: Answer, kind: str) -> str:
    return f"mail:{answer.key}:{kind}"


def _source(what: str, answer: Answer) -> str:
    return f"{what}, as {answer.decided_by} decided" if answer.decided_by else what

"""Promotions follow their evidence: looked at again, and undone with all that came of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from nurture.core.condition import Outcome
from nurture.core.event import Event
from nurture.core.funnel import timeline, why_now
from nurture.core.retraction import Move, Retraction, recall, retract, tell_why
from nurture.core.rule import evaluate
from nurture.store import (
    contacts,
    enrollments,
    events,
    facts,
    handoffs,
    promotions,
    stages,
    tasks,
    workspaces,
)
from nurture.store.tables import Contact, Handoff, Promotion
from nurture.store.tables import Event as EventRow

LONGEST_LINE: Final = 300
MOST_LINES: Final = 50


def fold_back(session: Session, contact: Contact, now: datetime) -> list[int]:
    """Let a contact's promotions follow what is known of their evidence; ids of handoffs with news of it.

    The contact is held by the caller. A promotion whose evidence is a person's no more is kept on what is
    left, where its rule holds on that; else it is undone: its handoff is withdrawn, the contact goes back
    to the stage and sequence it came from. What a rep has accepted is only flagged. Doing it again changes
    nothing.
    """
    history = {row.id: row for row in promotions.list_for_contact(session, contact.id)}
    handed = {row.promotion_id: row for row in handoffs.list_for_contact(session, contact.id)}
    fallen = _find_fallen(session, history.values())
    news: list[int] = []
    if fallen:
        moves = [
            _move(session, contact, row, row.id in fallen, handed.get(row.id)) for row in history.values()
        ]
        decided = retract(contact.stage, moves)
        news = _apply(session, contact, decided, history, fallen, handed, now)
    for handoff in handed.values():
        promotion = history[handoff.promotion_id]
        if handoff.state in ("pending", "notified", "accepted") and promotion.flagged_at is None:
            _retell(session, contact, promotion, handoff)
    return news


def _retell(session: Session, contact: Contact, promotion: Promotion, handoff: Handoff) -> None:
    """Let a handoff say what its promotion rests on now, and what people have done, no machine."""
    then = _events_of(session, contact, promotion)
    told = [line[:LONGEST_LINE] for line in timeline(event for event in then if event.verdict == "human")]
    sentence = why_now(promotions.as_decision(promotion), then, handoff.created_at)
    handoffs.retell(session, handoff, why_now=sentence, timeline=told[-MOST_LINES:])


def _find_fallen(session: Session, history: Iterable[Promotion]) -> dict[int, list[EventRow]]:
    """The evidence that is a person's no more, by the standing promotions that rest on it."""
    standing = [row for row in history if row.undone_at is None and row.evidence]
    ids = {event_id for row in standing for event_id in row.evidence}
    doubted = [row for row in events.list_by_ids(session, ids) if row.verdict != "human"] if ids else []
    found = {row.id: [event for event in doubted if event.id in row.evidence] for row in standing}
    return {promotion_id: rows for promotion_id, rows in found.items() if rows}


def _move(
    session: Session, contact: Contact, promotion: Promotion, shaken: bool, handoff: Handoff | None
) -> Move:
    return Move(
        id=promotion.id,
        origin=promotion.origin,
        target=promotion.target,
        outcome=_look_again(session, contact, promotion) if shaken else None,
        undone=promotion.undone_at is not None,
        accepted=handoff is not None and handoff.state == "accepted",
    )


def _look_again(session: Session, contact: Contact, promotion: Promotion) -> Outcome:
    """What the promotion's rule, in its version, says of the facts of that moment as they are known now."""
    workspace = workspaces.get(session, promotion.version_id)
    rule = next((rule for rule in workspace.rules if rule.name == promotion.rule), None)
    if rule is None:
        return Outcome(False)
    then = recall(promotion.facts, _events_of(session, contact, promotion), workspace.score, promotion.at)
    return evaluate(rule.when, then, promotion.at)


def _events_of(session: Session, contact: Contact, promotion: Promotion) -> tuple[Event, ...]:
    """What had happened when the contact was promoted, as it is judged now; also what was told late."""
    known = set(promotion.facts.get("events", ()))
    rows = events.list_for_contact(session, contact.id)
    began = min((row.at for row in rows if row.id in known), default=promotion.at)
    return facts.as_events(
        session, [row for row in rows if row.id in known or began <= row.at <= promotion.at]
    )


def _apply(
    session: Session,
    contact: Contact,
    decided: Retraction,
    history: Mapping[int, Promotion],
    fallen: Mapping[int, Sequence[EventRow]],
    handed: Mapping[int, Handoff],
    now: datetime,
) -> list[int]:
    news: list[int] = []
    why = {id: _why(session, fallen[id], now) for id in (*decided.undone, *decided.flagged)}
    for id, outcome in decided.kept.items():
        promotions.keep(session, history[id], outcome)
    for id in decided.flagged:
        if history[id].flagged_at is None:
            promotions.flag(session, history[id], why[id], now)
            news += _tell_flagged(session, handed[id], now)
    for id in decided.undone:
        promotions.undo(session, history[id], why[id], now)
        news += _withdraw(session, handed.get(id), why[id], now)
    if decided.through:
        _lead_back(session, contact, decided, now)
    return news


def _why(session: Session, fallen: Sequence[EventRow], now: datetime) -> str:
    reasons = {row.id: row.reasons for row in fallen}
    return tell_why(((event, reasons[event.id]) for event in facts.as_events(session, fallen)), now)


def _tell_flagged(session: Session, handoff: Handoff, now: datetime) -> list[int]:
    handoffs.add_notices(session, handoff.id, handoffs.list_targets(session, handoff.id), now, news="flagged")
    return [handoff.id]


def _withdraw(session: Session, handoff: Handoff | None, why: str, now: datetime) -> list[int]:
    """Take the handoff back, and say so to who knows of it."""
    if handoff is None or handoff.state not in ("pending", "notified"):
        return []
    handoffs.lock(session, handoff.id)  # so that nobody begins to tell it meanwhile
    told = handoffs.list_told(session, handoff, now)
    handoffs.decide(session, handoff, state="withdrawn", decision=why, now=now)
    handoffs.add_notices(session, handoff.id, told, now, news="withdrawn")
    return [handoff.id] if told else []


def _lead_back(session: Session, contact: Contact, decided: Retraction, now: datetime) -> None:
    """Out of the stage that was entered on a machine's evidence, and on where the contact was before."""
    newest, last = decided.through[0], decided.through[-1]
    known = enrollments.list_for_contact(session, contact.id)
    interrupted = [
        row for row in known if (row.state, row.ended_by, row.stage) == ("stopped", last, decided.stage)
    ]
    going_on = stages.list_going_on(session, contact, interrupted)
    left = enrollments.stop(
        session,
        contact.id,
        reason=f"the promotion to {contact.stage} was undone",
        now=now,
        keep_stage=decided.stage,
        ended_by=newest,
    )
    tasks.cancel_of(session, left, now)
    contacts.move(session, contact, decided.stage, now)
    stages.go_on(session, going_on, now)

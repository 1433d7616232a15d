"""Promotes on evidence: one contact at a time, under its lock, in one transaction with what follows."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from nurture.core.condition import Facts
from nurture.core.event import Event
from nurture.core.funnel import Promotion, decide_promotion, timeline, why_now
from nurture.core.routing import choose_rep
from nurture.core.workspace import Stage, Workspace
from nurture.store import (
    contacts,
    events,
    facts,
    handoffs,
    promotions,
    retractions,
    stages,
    workspaces,
)
from nurture.store.session import Session
from nurture.store.tables import Contact

TARGETS = ("email", "webhook")


def qualify(session: Session, contact_id: int, *, now: datetime) -> list[int]:
    """Promote the contact as far as its evidence goes, and no further; ids of handoffs there is news of.

    First its promotions follow what is known of their evidence by now: what rests on a machine's deeds is
    undone. The contact leaves the old stage's sequence and enters the new one's in the same transaction.
    """
    contact = contacts.lock(session, contact_id)
    contact.qualify_at = None
    version_id, workspace = workspaces.current(session)
    names = [stage.name for stage in workspace.stages]
    rejected = promotions.list_rejected(session, contact_id)
    opened = retractions.fold_back(session, contact, now)
    for _ in names:
        known = facts.gather(session, contact, workspace, now)
        decision = decide_promotion(workspace.rules, known, names, now, rejected)
        if decision is None:
            break
        opened += _promote(session, contact, decision, known, (version_id, workspace), now)
    return opened + _hand_over_again(session, contact, (version_id, workspace), now)


def _promote(
    session: Session,
    contact: Contact,
    decision: Promotion,
    known: Facts,
    current: tuple[int, Workspace],
    now: datetime,
) -> list[int]:
    version_id, workspace = current
    stage = workspace.stage(decision.target)
    promotion_id = promotions.record(
        session, contact.id, decision, version_id=version_id, facts=_told(known), now=now
    )
    if _goes_back(workspace.stages, decision):
        contacts.spend_evidence(session, contact, now)
        handoffs.withdraw(session, contact.id, decision.reason, now)
    reason = f"moved to {stage.name}"
    stages.enter(
        session,
        contact,
        stage,
        version_id=version_id,
        reason=reason,
        now=now,
        promotion_id=promotion_id,
    )
    if not stage.handoff:
        return []
    return _open_handoff(session, contact, decision, known, promotion_id, current, now)


def _open_handoff(
    session: Session,
    contact: Contact,
    decision: Promotion,
    known: Facts,
    promotion_id: int,
    current: tuple[int, Workspace],
    now: datetime,
) -> list[int]:
    version_id, workspace = current
    owner = contacts.owner_of(session, contact, workspace.owners)
    rep = choose_rep(workspace.reps, owner, handoffs.last_rep(session))
    opened = handoffs.open_one(
        session,
        contact.id,
        now,
        promotion_id=promotion_id,
        version_id=version_id,
        rep=rep.name,
        why_now=why_now(decision, known.events, now),
        timeline=[line[:300] for line in timeline(_by_people(known.events))[-50:]],
        signal_at=_signal_at(session, contact.id, decision.evidence, now),
    )
    if opened is None:
        return []
    handoffs.add_notices(session, opened, TARGETS if rep.webhook else TARGETS[:1], now)
    return [opened]


def _hand_over_again(
    session: Session, contact: Contact, current: tuple[int, Workspace], now: datetime
) -> list[int]:
    """Hand over who is in a stage of sales by a promotion that stands, where only an undone one was told."""
    moves = promotions.list_for_contact(session, contact.id)
    handed = {handoff.promotion_id for handoff in handoffs.list_for_contact(session, contact.id)}
    standing = [move for move in moves if move.undone_at is None]
    wanting = {stage.name for stage in current[1].stages if stage.handoff} & {contact.stage}
    if not any(move.undone_at and move.id in handed for move in moves) or not standing:
        return []
    newest = standing[-1]
    if newest.target not in wanting or newest.id in handed:
        return []
    known = facts.gather(session, contact, current[1], now)
    decision = promotions.as_decision(newest)
    return _open_handoff(session, contact, decision, known, newest.id, current, now)


def _by_people(happened: Iterable[Event]) -> list[Event]:
    """What a rep reads: a scanner's clicks would only be in the way."""
    return [event for event in happened if event.verdict == "human"]


def _signal_at(session: Session, contact_id: int, evidence: Sequence[int], now: datetime) -> datetime:
    """When the newest evidence reached us: the handoff's speed is measured from there."""
    rows = events.list_for_contact(session, contact_id)
    return max((row.received_at for row in rows if row.id in evidence), default=now)


def _goes_back(stages: Sequence[Stage], decision: Promotion) -> bool:
    names = [stage.name for stage in stages]
    return names.index(decision.target) < names.index(decision.origin)


def _told(known: Facts) -> dict[str, object]:
    return {
        "stage": known.stage,
        "score": known.score,
        "grade": known.grade,
        "attributes": dict(known.attributes),
        "events": [event.id for event in known.events],
        "steps_at": {step: done.isoformat() for step, done in known.steps_at.items()},
    }

"""Promotions on record: none is ever deleted; what became of one is written beside it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from nurture.core.condition import Outcome
from nurture.core.funnel import Promotion as Decision
from nurture.store.tables import Handoff, Promotion


def record(
    session: Session,
    contact_id: int,
    decision: Decision,
    *,
    version_id: int,
    facts: dict[str, Any],
    now: datetime,
) -> int:
    """Write a promotion with the version of its rule, its facts and its evidence."""
    row = Promotion(
        contact_id=contact_id,
        version_id=version_id,
        origin=decision.origin,
        target=decision.target,
        rule=decision.rule,
        reason=decision.reason,
        because=list(decision.because),
        evidence=list(decision.evidence),
        facts=facts,
        at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def list_for_contact(session: Session, contact_id: int) -> Sequence[Promotion]:
    """The contact's stage history, oldest first."""
    query = select(Promotion).where(Promotion.contact_id == contact_id)
    return session.scalars(query.order_by(Promotion.id)).all()


def keep(session: Session, promotion: Promotion, outcome: Outcome) -> None:
    """It holds on less evidence: write what is left. The facts keep what it rested on at first."""
    at_first = {"evidence": promotion.evidence, "because": promotion.because}
    promotion.facts = at_first | promotion.facts
    promotion.evidence, promotion.because = list(outcome.evidence), list(outcome.because)
    session.flush()


def undo(session: Session, promotion: Promotion, reason: str, now: datetime) -> None:
    """It holds no more."""
    promotion.undone_at, promotion.undone_reason = now, reason
    session.flush()


def flag(session: Session, promotion: Promotion, reason: str, now: datetime) -> None:
    """It holds no more, and a rep has taken over: what now is theirs to decide."""
    promotion.flagged_at, promotion.flag = now, reason
    session.flush()


def list_rejected(session: Session, contact_id: int) -> list[Decision]:
    """Promotions whose handoff sales has rejected: the same evidence shall not lead there again."""
    query = (
        select(Promotion)
        .join(Handoff, Handoff.promotion_id == Promotion.id)
        .where(Promotion.contact_id == contact_id, Handoff.state == "rejected")
    )
    return [as_decision(row) for row in session.scalars(query)]


def as_decision(row: Promotion) -> Decision:
    """The promotion as it was decided, on what is left of its evidence."""
    return Decision(row.origin, row.target, row.rule, row.reason, tuple(row.evidence), tuple(row.because))


def get(session: Session, promotion_id: int) -> Promotion:
    """The promotion; raises LookupError where there is none."""
    promotion = session.get(Promotion, promotion_id)
    if promotion is None:
        raise LookupError(f"promotion {promotion_id}")
    return promotion

"""Events: the evidence. Raw hits come in bulk as *unknown*; typed signals come one by one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import Event

HITS = ("open", "click")


def record(
    session: Session,
    contact_id: int,
    *,
    kind: str,
    source: str,
    at: datetime,
    now: datetime,
    key: str,
    verdict: str = "human",
    reasons: Collection[str] = (),
    message_id: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int | None:
    """Write an event; None where the same happening (`key`) is on record already."""
    row = insert(Event).values(
        contact_id=contact_id,
        message_id=message_id,
        kind=kind,
        source=source,
        at=at,
        received_at=now,
        verdict=verdict,
        reasons=list(reasons),
        judged_at=now,
        detail=dict(detail or {}),
        key=key,
    )
    return session.scalar(row.on_conflict_do_nothing().returning(Event.id))


def list_for_contact(
    session: Session, contact_id: int, *, after: datetime | None = None, limit: int = 2000
) -> Sequence[Event]:
    """The contact's newest `limit` events (after a moment), oldest first."""
    query = select(Event).where(Event.contact_id == contact_id)
    if after is not None:
        query = query.where(Event.at > after)
    newest = session.scalars(query.order_by(Event.at.desc(), Event.id.desc()).limit(limit)).all()
    return newest[::-1]


def list_messages_to_judge(
    session: Session, now: datetime, *, settle: timedelta, limit: int
) -> Sequence[int]:
    """Mails with unjudged hits, the newest of which has had `settle` to be followed by others.

    A mail whose hits never pause is judged all the same, after ten times as long.
    """
    query = (
        select(Event.message_id)
        .where(Event.judged_at.is_(None), Event.kind.in_(HITS), Event.message_id.is_not(None))
        .group_by(Event.message_id)
        .having(or_(func.max(Event.at) <= now - settle, func.min(Event.at) <= now - 10 * settle))
        .order_by(func.min(Event.at))
        .limit(limit)
    )
    return [message_id for message_id in session.scalars(query) if message_id is not None]


def lock_hits(session: Session, message_id: int, *, margin: timedelta, limit: int) -> Sequence[Event]:
    """Hits of a mail from `margin` before its oldest unjudged one on, held for this transaction.

    In the order they happened, `limit` at most: a mail may have any number of them.
    """
    hits = (Event.message_id == message_id, Event.kind.in_(HITS))
    oldest = session.scalar(select(func.min(Event.at)).where(*hits, Event.judged_at.is_(None)))
    if oldest is None:
        return []
    # The unjudged first, or a long history would leave no room for them.
    query = select(Event).where(*hits, Event.at >= oldest - margin)
    rows = session.scalars(
        query.order_by(Event.judged_at.is_not(None), Event.at, Event.id).limit(limit).with_for_update()
    )
    return sorted(rows, key=lambda event: (event.at, event.id))


def judge_again(session: Session, message_ids: Collection[int]) -> None:
    """Let hits of these mails whose verdict was left open be judged anew: more is known about them now."""
    undecided = (Event.kind.in_(HITS), Event.judged_at.is_not(None), Event.verdict == "unknown")
    query = update(Event).where(Event.message_id.in_(message_ids), *undecided)
    session.execute(query.values(judged_at=None))


def judge(
    session: Session, verdicts: Mapping[int, tuple[str, Collection[str]]], *, version: int, now: datetime
) -> None:
    """Write verdicts with their reasons, by event id, in one statement."""
    rows = [
        {"id": id, "verdict": verdict, "reasons": list(reasons), "judge_version": version, "judged_at": now}
        for id, (verdict, reasons) in verdicts.items()
    ]
    if rows:
        session.execute(update(Event), rows)

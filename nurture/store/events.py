"""Events: the evidence. Raw hits come in bulk as *unknown*; typed signals come one by one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.core.traffic.verdict import Judgement
from nurture.store.tables import Event

HITS = ("open", "click")
CLIENT = "client"
"""In `detail`: who sent a form of ours (`agent`, `address`, `method`, `headers`), by which it is judged."""


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
    """Write an event; None where the same happening (`key`) is on record already.

    What came by a form of ours (`detail` has CLIENT) in answer to a mail counts at once, and is judged with
    the mail's hits as soon as these have settled.
    """
    is_judged_later = message_id is not None and CLIENT in (detail or {})
    row = insert(Event).values(
        contact_id=contact_id,
        message_id=message_id,
        kind=kind,
        source=source,
        at=at,
        received_at=now,
        verdict=verdict,
        reasons=list(reasons),
        judged_at=None if is_judged_later else now,
        detail=dict(detail or {}),
        key=key,
    )
    return session.scalar(row.on_conflict_do_nothing().returning(Event.id))


def list_for_contact(
    session: Session, contact_id: int, *, after: datetime | None = None, limit: int = 2000
) -> Sequence[Event]:
    """The contact's newest `limit` events (after a moment), oldest first.

    What a person did goes before hits that no person made: a link may be fetched without end.
    """
    query = select(Event).where(Event.contact_id == contact_id)
    if after is not None:
        query = query.where(Event.at > after)
    is_noise = Event.kind.in_(HITS) & (Event.verdict != "human")
    chosen = session.scalars(query.order_by(is_noise, Event.at.desc(), Event.id.desc()).limit(limit))
    return sorted(chosen, key=lambda event: (event.at, event.id))


def list_messages_to_judge(
    session: Session, now: datetime, *, settle: timedelta, limit: int
) -> Sequence[int]:
    """Mails with unjudged hits or forms, the newest of which has had `settle` to be followed by others.

    A mail whose hits never pause is judged all the same, after ten times as long.
    """
    query = (
        select(Event.message_id)
        .where(Event.judged_at.is_(None), Event.message_id.is_not(None))
        .group_by(Event.message_id)
        .having(or_(func.max(Event.at) <= now - settle, func.min(Event.at) <= now - 10 * settle))
        .order_by(func.min(Event.at))
        .limit(limit)
    )
    return [message_id for message_id in session.scalars(query) if message_id is not None]


def lock_hits(session: Session, message_id: int, *, margin: timedelta, limit: int) -> Sequence[Event]:
    """Hits and forms of a mail from `margin` before its oldest unjudged one, held for this transaction.

    In the order they happened, `limit` at most: a mail may have any number of them.
    """
    hits = (Event.message_id == message_id, or_(Event.kind.in_(HITS), Event.detail.has_key(CLIENT)))
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


def judge(session: Session, judgements: Mapping[int, Judgement], *, version: int, now: datetime) -> None:
    """Write judgements by event id, in one statement."""
    rows = [
        {
            "id": id,
            "verdict": judgement.verdict,
            "reasons": list(judgement.reasons),
            "certainty": judgement.certainty,
            "judge_version": version,
            "judged_at": now,
        }
        for id, judgement in judgements.items()
    ]
    if rows:
        session.execute(update(Event), rows)


def reopen(
    session: Session, *, since: datetime, version: int, judged_before: datetime | None, limit: int
) -> int:
    """Let up to `limit` hits and forms since a moment be judged anew; returns how many.

    Those that another version of the judge has judged, or the same before its lists were replaced
    (`judged_before`). They keep their verdict meanwhile; what a person said of one stays.
    """
    outdated = [Event.judge_version != version]
    outdated += [Event.judged_at < judged_before] if judged_before else []
    query = (
        select(Event.id)
        .where(Event.at >= since, Event.judge_version.is_not(None), Event.judged_at.is_not(None))
        .where(Event.said_by.is_(None), or_(*outdated))
        .order_by(Event.id)
        .limit(limit)
    )
    chosen = session.scalars(query).all()
    session.execute(update(Event).where(Event.id.in_(chosen)).values(judged_at=None))
    return len(chosen)


def wait_for_judges(session: Session, *, alone: bool) -> None:
    """Judge only while no person says who it was, until the transaction ends; `alone`: the person's turn.

    Judges hold hits before they ask for contacts, a person's word the contact before its hits.
    """
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    session.execute(text(f"SELECT {lock}(hashtext('nurture.judging'))"))


def disown(session: Session, ids: Collection[int], *, by: str, now: datetime) -> None:
    """Write that these are a machine's because a person says so: no judge changes that."""
    query = update(Event).where(Event.id.in_(ids), Event.said_by.is_(None))
    values = {
        "verdict": "machine",
        "reasons": [f"said to be a machine's by {by}"],
        "certainty": 1.0,
        "judged_at": now,
        "said_by": by,
    }
    session.execute(query.values(values).execution_options(synchronize_session="fetch"))


def list_by_ids(session: Session, ids: Collection[int]) -> Sequence[Event]:
    """These events, oldest first."""
    return session.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.at, Event.id)).all()


def list_by_clients(
    session: Session, contact_id: int, *, forms: Collection[str], since: datetime | None
) -> Sequence[Event]:
    """All that was fetched or sent by some program for this contact: hits, and forms of these sources."""
    made: ColumnElement[bool] = or_(Event.kind.in_(HITS), Event.source.in_(forms))
    query = select(Event).where(Event.contact_id == contact_id, made)
    if since is not None:
        query = query.where(Event.at >= since)
    return session.scalars(query.order_by(Event.at, Event.id)).all()


def happened(session: Session, contact_id: int, kinds: Collection[str], since: datetime) -> bool:
    """Whether a person, or a mail server, did anything of these kinds after that moment.

    Not what nobody has decided about yet, nor what a person has said to be a machine's.
    """
    query = select(Event.id).where(
        Event.contact_id == contact_id,
        Event.kind.in_(kinds),
        Event.at > since,
        Event.verdict != "unknown",
        or_(Event.said_by.is_(None), Event.verdict == "human"),
    )
    return session.scalar(query.limit(1)) is not None


def settle(
    session: Session,
    key: str,
    *,
    reasons: Collection[str],
    by: str,
    verdict: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write what a person decided about an event that waited for that; without a `verdict` it stays open."""
    values: dict[str, Any] = {"reasons": list(reasons), "said_by": by}
    values |= {"verdict": verdict} if verdict else {}
    values |= {"detail": dict(detail)} if detail is not None else {}
    session.execute(update(Event).where(Event.key == key).values(values))

"""Judges the hits of a mail once they have settled, and asks for qualification where people acted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from nurture.core.traffic.verdict import JUDGE_VERSION, Hit, judge
from nurture.store import contacts, events, messages
from nurture.store.session import Session
from nurture.store.tables import Event

MOST_HITS = 5_000
MARGIN = timedelta(minutes=10)


def judge_settled(session: Session, *, now: datetime, settle: timedelta, limit: int = 200) -> list[int]:
    """Judge the hits of mails whose newest hit is `settle` old; ids of contacts whose evidence changed.

    Hits judged before are judged again with new ones near them: a later burst tells on the first click. One
    call judges about `MOST_HITS`, however many wait: a link that is fetched without end delays nobody else.
    """
    waiting = events.list_messages_to_judge(session, now, settle=settle, limit=limit)
    mails = messages.list_by_ids(session, waiting)
    changed: set[int] = set()
    judged = 0
    for message_id in waiting:
        rows = events.lock_hits(session, message_id, margin=MARGIN, limit=MOST_HITS)
        mail = mails.get(message_id)
        changed |= _judge_mail(session, rows, mail.sent_at if mail else None, now)
        judged += len(rows)
        if judged >= MOST_HITS:
            break
    contacts.ask_for_qualification(session, changed, now)
    return sorted(changed)


def _judge_mail(session: Session, rows: Sequence[Event], sent_at: datetime | None, now: datetime) -> set[int]:
    """Write what is new: a first verdict, or another one. The oldest hits are there for their neighbours."""
    judgements = judge([_hit(row) for row in rows], sent_at)
    since = min((row.at for row in rows if row.judged_at is None), default=now) - MARGIN / 2
    fresh = [
        row
        for row in rows
        if row.judged_at is None or (row.at >= since and row.verdict != judgements[row.id].verdict)
    ]
    changed = {row.contact_id for row in fresh if row.verdict != judgements[row.id].verdict}
    verdicts = {row.id: (judgements[row.id].verdict, judgements[row.id].reasons) for row in fresh}
    events.judge(session, verdicts, version=JUDGE_VERSION, now=now)
    return changed


def _hit(row: Event) -> Hit:
    detail = row.detail
    return Hit(
        id=row.id,
        kind="click" if row.kind == "click" else "open",
        at=row.at,
        link=int(detail.get("link", 0)),
        agent=str(detail.get("agent", "")),
        address=str(detail.get("address", "")),
        method=str(detail.get("method", "GET")),
        headers={str(name): str(value) for name, value in detail.get("headers", {}).items()},
    )

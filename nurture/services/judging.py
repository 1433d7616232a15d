"""Judges the hits of a mail once they have settled, and asks for qualification where people acted."""

from datetime import datetime, timedelta
from itertools import groupby

from nurture.core.verdict import JUDGE_VERSION, Hit, judge
from nurture.store import contacts, events, messages
from nurture.store.session import Session
from nurture.store.tables import Event


def judge_settled(session: Session, *, now: datetime, settle: timedelta, limit: int = 200) -> list[int]:
    """Judge all hits of mails whose newest hit is `settle` old; ids of contacts whose evidence changed.

    Hits judged before are judged again with the new ones: a later burst tells on the first click.
    """
    waiting = events.list_messages_to_judge(session, now, settle=settle, limit=limit)
    mails = messages.list_by_ids(session, waiting)
    changed: set[int] = set()
    hits = events.lock_hits(session, waiting)
    for message_id, group in groupby(hits, key=lambda event: event.message_id):
        mail = mails.get(message_id or 0)
        changed |= _judge_mail(session, list(group), mail.sent_at if mail else None, now)
    contacts.ask_for_qualification(session, changed, now)
    return sorted(changed)


def _judge_mail(session: Session, rows: list[Event], sent_at: datetime | None, now: datetime) -> set[int]:
    judgements = judge([_hit(row) for row in rows], sent_at)
    changed = set()
    for row in rows:
        judgement = judgements[row.id]
        if row.verdict != judgement.verdict:
            changed.add(row.contact_id)
        events.judge(
            session,
            row.id,
            verdict=judgement.verdict,
            reasons=judgement.reasons,
            version=JUDGE_VERSION,
            now=now,
        )
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

"""Judges the hits of a mail once they have settled, and asks for qualification where people acted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from nurture.core.traffic.agents import Lists
from nurture.core.traffic.verdict import JUDGE_VERSION, Hit, Judgement, judge
from nurture.store import contacts, events, known_lists, messages
from nurture.store.session import Session
from nurture.store.tables import Event, Message

MOST_HITS = 5_000
MARGIN = timedelta(minutes=10)
RECENT = timedelta(days=30)
"""How far back verdicts are given again when the judge or its lists are new."""


def judge_settled(session: Session, *, now: datetime, settle: timedelta, limit: int = 200) -> list[int]:
    """Judge the hits of mails whose newest hit is `settle` old; ids of contacts whose evidence changed.

    Hits judged before are judged again with new ones near them: a later burst tells on the first click. One
    call judges about `MOST_HITS`, however many wait: a link that is fetched without end delays nobody else.
    """
    events.wait_for_judges(session, alone=False)
    lists = known_lists.current(session)
    waiting = events.list_messages_to_judge(session, now, settle=settle, limit=limit)
    mails = messages.list_by_ids(session, waiting)
    changed: set[int] = set()
    judged = 0
    for message_id in waiting:
        rows = events.lock_hits(session, message_id, margin=MARGIN, limit=MOST_HITS)
        changed |= _judge_mail(session, rows, mails[message_id], lists, now)
        judged += len(rows)
        if judged >= MOST_HITS:
            break
    contacts.ask_for_qualification(session, changed, now)
    return sorted(changed)


def judge_again(session: Session, *, since: datetime, limit: int = MOST_HITS) -> int:
    """Let hits since a moment wait for judgement again that an older judge, or one with older lists, judged.

    Up to `limit` of them; 0 means that there are none left. Their verdicts stand until they are judged.
    """
    events.wait_for_judges(session, alone=True)
    replaced_at = known_lists.last_replaced(session)
    return events.reopen(session, since=since, version=JUDGE_VERSION, judged_before=replaced_at, limit=limit)


def _judge_mail(
    session: Session, rows: Sequence[Event], mail: Message, lists: Lists, now: datetime
) -> set[int]:
    """Write what is new: a first verdict, or another one. The oldest hits are there for their neighbours."""
    account = contacts.account_of(session, contacts.get(session, mail.contact_id))
    gateway = account.gateway if account else None
    judged = judge([_hit(row) for row in rows], mail.sent_at, lists, gateway=gateway)
    judgements = {row.id: _in_favour(row, judged[row.id]) for row in rows if row.said_by is None}
    since = min((row.at for row in rows if row.judged_at is None), default=now) - MARGIN / 2
    fresh = {
        row.id: row
        for row in rows
        if row.id in judgements
        and (row.judged_at is None or (row.at >= since and row.verdict != judgements[row.id].verdict))
    }
    changed = {row.contact_id for row in fresh.values() if row.verdict != judgements[row.id].verdict}
    events.judge(session, {id: judgements[id] for id in fresh}, version=JUDGE_VERSION, now=now)
    return changed


def _in_favour(row: Event, judgement: Judgement) -> Judgement:
    """Who sends a form has asked for something: only what shows a machine makes it a machine's."""
    if row.kind in events.HITS or judgement.verdict != "unknown":
        return judgement
    return replace(judgement, verdict="human", certainty=round(1 - judgement.certainty, 3))


def _hit(row: Event) -> Hit:
    is_hit = row.kind in events.HITS
    client: Mapping[str, Any] = row.detail if is_hit else row.detail[events.CLIENT]
    kind: Literal["open", "click", "form"] = "form"
    if is_hit:
        kind = "click" if row.kind == "click" else "open"
    return Hit(
        id=row.id,
        kind=kind,
        at=row.at,
        link=int(client.get("link", 0)),
        agent=str(client.get("agent", "")),
        address=str(client.get("address", "")),
        method=str(client.get("method", "GET")),
        headers={str(name): str(value) for name, value in client.get("headers", {}).items()},
    )

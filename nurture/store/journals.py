"""Journal records moved into rows. The offset moves in the same transaction, so replay is impossible."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import JournalOffset, Receipt

_STAGE = """CREATE TEMP TABLE IF NOT EXISTS shipped_hits (
    key text, kind text, contact_id bigint, message_id bigint, at timestamptz, detail jsonb
) ON COMMIT DELETE ROWS"""

# Hits on mails or contacts that are gone, and of contacts that withdrew tracking, are not kept.
_STORE = """INSERT INTO events
    (contact_id, message_id, kind, source, at, received_at, verdict, detail, key)
SELECT m.contact_id, m.id, s.kind, 'mail', s.at, :now, 'unknown', s.detail, s.key
FROM shipped_hits s
JOIN messages m ON m.id = s.message_id
JOIN contacts c ON c.id = m.contact_id AND c.tracking
ON CONFLICT (key) DO NOTHING"""


def lock_offset(session: Session, file: str, now: datetime) -> int:
    """How far a file has been shipped; held for this transaction, so a second shipper waits its turn."""
    session.execute(
        insert(JournalOffset).values(file=file, shipped=0, bad=0, updated_at=now).on_conflict_do_nothing()
    )
    row = session.get(JournalOffset, file, with_for_update=True, populate_existing=True)
    return row.shipped if row is not None else 0


def move_offset(session: Session, file: str, *, shipped: int, bad: int, now: datetime) -> None:
    """Note that the file has been shipped up to `shipped` bytes, with `bad` more torn lines."""
    row = session.get(JournalOffset, file)
    if row is not None:
        row.shipped, row.bad, row.updated_at = shipped, row.bad + bad, now
        session.flush()


def add_hits(
    session: Session, file: str, hits: Iterable[tuple[int, Mapping[str, Any]]], now: datetime
) -> int:
    """Store hits as unknown events by COPY; each is (position in the file, record). Returns the rows made."""
    session.execute(text(_STAGE))
    raw = session.connection().connection.cursor()
    with raw.copy("COPY shipped_hits FROM STDIN") as copy:
        for position, hit in hits:
            copy.write_row(_row(file, position, hit))
    return session.execute(text(_STORE), {"now": now}).rowcount  # type: ignore[attr-defined, no-any-return]


def add_receipts(session: Session, receipts: Iterable[Mapping[str, Any]]) -> None:
    """Store what mail servers answered."""
    rows = [{"touch_id": r["touch"], "at": _moment(r["t"]), "reply": r["reply"][:500]} for r in receipts]
    if rows:
        session.execute(insert(Receipt).on_conflict_do_nothing(), rows)


def _row(file: str, position: int, hit: Mapping[str, Any]) -> tuple[Any, ...]:
    detail = {
        "link": hit["n"],
        "url": _plain(hit.get("u", "")),
        "agent": _plain(hit["g"]),
        "address": _plain(hit["a"]),
        "method": _plain(hit["x"]),
        "headers": {name: _plain(value) for name, value in hit["h"].items()},
    }
    return (f"{file}:{position}", hit["k"], hit["c"], hit["m"], _moment(hit["t"]), json.dumps(detail))


def _plain(text: str) -> str:
    # PostgreSQL's jsonb holds no NUL and no lone surrogate; one such hit would hold up all others.
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

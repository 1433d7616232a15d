"""Ships journals: whole records move to PostgreSQL together with their offset."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from nurture import journal
from nurture.store import journals
from nurture.store.session import Session

HITS = "hits"
RECEIPTS = "receipts"
PIECE_BYTES = 4 << 20


def ship(sessions: Callable[[], AbstractContextManager[Session]], folder: Path, *, now: datetime) -> int:
    """Move everything that is whole in the journals of a folder; returns the records moved.

    Killed at any moment, it goes on where the last committed piece ended: nothing is lost or doubled.
    """
    return sum(
        _ship_file(sessions, path, name, now)
        for name in (RECEIPTS, HITS)
        for path in journal.list_journals(folder, name)
    )


def _ship_file(
    sessions: Callable[[], AbstractContextManager[Session]], path: Path, name: str, now: datetime
) -> int:
    moved = 0
    while True:
        try:
            with sessions() as session:
                offset = journals.lock_offset(session, path.name, now)
                chunk = journal.read_records(path, offset, PIECE_BYTES)
                _store(session, name, path.name, offset, chunk.records, now)
                if chunk.end > offset:
                    journals.move_offset(session, path.name, shipped=chunk.end, bad=chunk.bad, now=now)
        except FileNotFoundError:
            return moved  # another shipper has brought it to its end
        moved += len(chunk.records)
        if chunk.end == offset:
            journal.remove_if_done(path, offset)
            return moved


def _store(
    session: Session,
    name: str,
    file: str,
    offset: int,
    records: list[dict[str, object]],
    now: datetime,
) -> None:
    if not records:
        return
    if name == HITS:
        # The offset of the piece and the place in it name a hit for ever.
        journals.add_hits(session, f"{file}:{offset}", enumerate(records), now)
    else:
        journals.add_receipts(session, records)

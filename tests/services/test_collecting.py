"""Journals on their way to the database: every record once, whatever happens on the way."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from nurture import journal
from nurture.journal import Journal
from nurture.services import collecting
from nurture.store import contacts, events
from nurture.store.session import Session
from nurture.store.tables import Event, JournalOffset, Receipt
from tests.conftest import Sessions
from tests.make import NOON, create_lead, create_mail, create_workspace, run_together


class Killed(BaseException):
    """The shipper ends here."""


@pytest.fixture
def mailed(sessions: Sessions) -> tuple[int, int]:
    """A lead who got a mail at noon: ids of both."""
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
        return jane, create_mail(session, jane)


def test_hits_become_events(sessions: Sessions, tmp_path: Path, mailed: tuple[int, int]) -> None:
    write(tmp_path, mailed, k="click", n=2, u="https://x.example/?a=1", h={"accept": "text/html"})
    assert ship(sessions, tmp_path) == 1
    with sessions() as session:
        [event] = events.list_for_contact(session, mailed[0])
    assert (event.kind, event.message_id, event.at) == ("click", mailed[1], NOON)
    assert (event.verdict, event.judged_at, event.received_at) == ("unknown", None, NOON + timedelta(hours=1))
    assert event.detail == {
        "link": 2,
        "url": "https://x.example/?a=1",
        "agent": "A browser",
        "address": "192.0.2.1",
        "method": "GET",
        "headers": {"accept": "text/html"},
    }


def test_t05_a_journal_shipped_twice_counts_once(
    sessions: Sessions, tmp_path: Path, mailed: tuple[int, int]
) -> None:
    hits = Journal(tmp_path, collecting.HITS)
    for _ in range(50):
        hits.append(hit(mailed))
    assert [ship(sessions, tmp_path) for _ in range(3)] == [50, 0, 0]
    hits.append(hit(mailed))
    assert [ship(sessions, tmp_path) for _ in range(2)] == [1, 0]
    assert count(sessions) == 51


def test_t05_a_shipper_killed_between_copy_and_commit_leaves_no_trace(
    sessions: Sessions, tmp_path: Path, mailed: tuple[int, int]
) -> None:
    write(tmp_path, mailed, number=50)
    for _ in range(2):
        with pytest.raises(Killed):
            ship(dying_before_commit(sessions), tmp_path)
        assert count(sessions) == 0
    assert ship(sessions, tmp_path) == 50
    assert count(sessions) == 50


def test_t05_a_shipper_killed_between_pieces_goes_on_where_it_was(
    sessions: Sessions, tmp_path: Path, mailed: tuple[int, int]
) -> None:
    write(tmp_path, mailed, number=1500, g="x" * 4000)
    with pytest.raises(Killed):
        ship(dying_before_commit(sessions, at=2), tmp_path)
    before = count(sessions)
    assert 0 < before < 1500
    assert ship(sessions, tmp_path) == 1500 - before
    assert count(sessions) == 1500


def test_t05_shippers_at_once_count_once(sessions: Sessions, tmp_path: Path, mailed: tuple[int, int]) -> None:
    for _ in range(5):
        write(tmp_path, mailed, number=20)
    assert sum(run_together(4, lambda: ship(sessions, tmp_path))) == 100
    assert count(sessions) == 100


def test_torn_lines_are_counted_and_hold_nothing_up(
    sessions: Sessions, tmp_path: Path, mailed: tuple[int, int]
) -> None:
    file = write(tmp_path, mailed, number=3)
    whole = file.read_bytes().splitlines(keepends=True)
    torn = whole[1][:20] + b"\n"
    file.write_bytes(whole[0] + torn + b"no record at all\n" + whole[2] + whole[0][:-5])
    assert ship(sessions, tmp_path) == 2
    with sessions() as session:
        [offset] = session.scalars(select(JournalOffset))
        assert offset.bad == 2
        assert offset.shipped == len(whole[0] + torn + whole[2]) + 17
    assert count(sessions) == 2


def test_a_journal_that_is_shipped_and_let_go_is_removed(
    sessions: Sessions, tmp_path: Path, mailed: tuple[int, int]
) -> None:
    hits = Journal(tmp_path, collecting.HITS)
    hits.append(hit(mailed))
    ship(sessions, tmp_path)
    assert len(journal.list_journals(tmp_path, collecting.HITS)) == 1
    hits.close()
    ship(sessions, tmp_path)
    assert journal.list_journals(tmp_path, collecting.HITS) == []


@pytest.mark.parametrize("agent", ["\\u0000", 'a"b\\', "\x00nul", "\ud800", "é\u2028", "\\\\u0000\\"])
def test_x05_no_agent_can_hold_up_the_shipper(
    sessions: Sessions, tmp_path: Path, mailed: tuple[int, int], agent: str
) -> None:
    write(tmp_path, mailed, g=agent, h={"referer": agent}, u=agent, a=agent)
    write(tmp_path, mailed)
    assert ship(sessions, tmp_path) == 2
    with sessions() as session:
        kept = [event.detail["agent"] for event in events.list_for_contact(session, mailed[0])]
    assert sorted(kept) == sorted([agent.replace("\x00", "").replace("\ud800", "?"), "A browser"])


def test_l02_hits_of_who_withdrew_tracking_and_of_nobody_are_not_kept(
    sessions: Sessions, tmp_path: Path, mailed: tuple[int, int]
) -> None:
    write(tmp_path, (mailed[0], 987_654))
    write(tmp_path, (2**63 - 1, 2**63 - 1))
    assert (ship(sessions, tmp_path), count(sessions)) == (2, 0)
    write(tmp_path, mailed)
    with sessions() as session:
        contacts.get(session, mailed[0]).tracking = False
    assert (ship(sessions, tmp_path), count(sessions)) == (1, 0)


def test_receipts_are_kept_once(sessions: Sessions, tmp_path: Path) -> None:
    receipts = Journal(tmp_path, collecting.RECEIPTS)
    for _ in range(2):
        receipts.append({"touch": 7, "t": NOON.timestamp(), "reply": "250 2.0.0 queued"})
    assert ship(sessions, tmp_path) == 2
    with sessions() as session:
        [receipt] = session.scalars(select(Receipt))
        assert (receipt.touch_id, receipt.at, receipt.reply) == (7, NOON, "250 2.0.0 queued")


def hit(mailed: tuple[int, int], **changes: Any) -> dict[str, Any]:
    """A hit as the fast path writes it."""
    usual = {"k": "open", "n": 0, "t": NOON.timestamp(), "a": "192.0.2.1", "g": "A browser", "h": {}}
    return {"c": mailed[0], "m": mailed[1], "x": "GET"} | usual | changes


def write(folder: Path, mailed: tuple[int, int], *, number: int = 1, **changes: Any) -> Path:
    """Some hits in a journal of its own; the file."""
    before = set(journal.list_journals(folder, collecting.HITS))
    hits = Journal(folder, collecting.HITS)
    for _ in range(number):
        hits.append(hit(mailed, **changes))
    hits.close()
    [made] = set(journal.list_journals(folder, collecting.HITS)) - before
    return made


def ship(sessions: Callable[[], AbstractContextManager[Session]], folder: Path) -> int:
    return collecting.ship(sessions, folder, now=NOON + timedelta(hours=1))


def dying_before_commit(sessions: Sessions, at: int = 1) -> Sessions:
    """Sessions of a process that is killed just before its n-th commit."""
    opened = []

    @contextmanager
    def dying() -> Iterator[Session]:
        opened.append(True)
        with sessions() as session:
            yield session
            session.flush()
            if len(opened) == at:
                raise Killed

    return dying


def count(sessions: Sessions) -> int:
    with sessions() as session:
        return session.query(Event).count()

"""The desk for mails of IMAP accounts, on a real database."""

from nurture.mail.imap import Position
from nurture.services import reviewing
from tests.make import NOON
from tests.workers.conftest import Process
from workers.postbox import Postbox

RAW = b"From: jane@acme.example\r\nSubject: Hello\r\n\r\nWhat does it cost?\r\n"


def test_r10_what_is_set_aside_is_shown_and_not_fetched_again(process: Process) -> None:
    desk, read = Postbox(process.app), Position(5, 7, NOON)
    for raw in (RAW, b""):
        desk.set_aside("main", "INBOX", read, raw, "DataError")
    assert desk.position("main", "INBOX") == read
    with process.app.sessions() as session:
        [mail] = reviewing.list_waiting(session, limit=10)
    assert (mail.subject, mail.source) == ("Hello", "imap:main")
    assert mail.text == "mail 7 of main/INBOX (UIDVALIDITY 5)"


def test_what_was_set_aside_may_still_come_another_way(process: Process) -> None:
    desk = Postbox(process.app)
    desk.set_aside("main", "INBOX", Position(5, 7, NOON), RAW, "DataError")
    desk.take("main", "INBOX", Position(6, 1, NOON), RAW)
    with process.app.sessions() as session:
        assert len(reviewing.list_waiting(session, limit=10)) == 2

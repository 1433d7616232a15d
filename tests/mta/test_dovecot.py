"""The IMAP reader on a real Dovecot: every mail once, whatever happens in between."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from nurture.mail.imap import TRIES, ImapReader, Patience, Position
from nurture.mail.imap_account import ImapAccount
from tests.installation import new_folder, wait_until
from tests.mta.dovecot import NO_IDLE, VERSION, Dovecot, is_there, running_dovecot

pytestmark = [
    pytest.mark.skipif(not is_there(), reason=f"Dovecot {VERSION} is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Dovecot"),
]
QUICK = Patience(first=0.1, longest=0.5)


@dataclass
class RecordingDesk:
    """An imap.Desk that remembers; it refuses the mails whose subject is in `refuses`, as long as these are
    not in `poison`, not even aside."""

    positions: dict[tuple[str, str], Position] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    poison: set[str] = field(default_factory=set)
    aside: list[str] = field(default_factory=list)

    def position(self, account: str, folder: str) -> Position | None:
        return self.positions.get((account, folder))

    def begin(self, account: str, folder: str, position: Position) -> None:
        self.positions[account, folder] = position

    def take(self, account: str, folder: str, position: Position, raw: bytes) -> None:
        subject = subject_of(raw)
        if subject in self.refuses | self.poison:
            self.refused.append(subject)
            raise ConnectionError("the database is away")
        self.taken.append(subject)
        self.positions[account, folder] = position

    def set_aside(self, account: str, folder: str, position: Position, raw: bytes, error: str) -> None:
        if subject_of(raw) in self.refuses:
            raise ConnectionError("the database is away")
        self.aside.append(f"{subject_of(raw)}: {error}")
        self.positions[account, folder] = position


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with new_folder() as folder, running_dovecot(folder) as running:
        yield running


def subject_of(raw: bytes) -> str:
    return raw.partition(b"Subject: ")[2].split()[0].decode()


def mail(subject: str) -> bytes:
    return f"From: jane@acme.example\r\nSubject: {subject}\r\n\r\nHello\r\n".encode()


@contextmanager
def reading(account: ImapAccount, desk: RecordingDesk) -> Iterator[None]:
    stopped = threading.Event()
    reader = ImapReader(account, desk, now=lambda: datetime.now(UTC), patience=QUICK)
    thread = threading.Thread(target=reader.run, args=(stopped,))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(15)
        assert not thread.is_alive()


def wait_for(desk: RecordingDesk, dovecot: Dovecot, *subjects: str) -> None:
    wait_until(lambda: len(desk.taken) >= len(subjects), 30, lambda: f"{desk.taken}\n{dovecot.log()}")
    assert desk.taken == list(subjects)


@pytest.mark.parametrize("scheme", ["imap", "imap+starttls", "imaps"])
def test_it_reads_what_lies_there_and_is_told_of_what_comes(dovecot: Dovecot, scheme: str) -> None:
    verify = "" if scheme == "imap" else "verify=no&"
    dovecot.put(mail("one"), mail("two"))
    desk = RecordingDesk()
    # a poll would come far too late: only IDLE can tell
    with reading(dovecot.account(f"{verify}poll=600", scheme=scheme), desk):
        wait_for(desk, dovecot, "one", "two")
        dovecot.put(mail("three"))
        wait_for(desk, dovecot, "one", "two", "three")


def test_without_idle_it_looks_again_and_again() -> None:
    with new_folder() as folder, running_dovecot(folder, NO_IDLE) as dovecot:
        desk = RecordingDesk()
        with reading(dovecot.account("poll=1"), desk):
            dovecot.put(mail("one"))
            wait_for(desk, dovecot, "one")
            dovecot.put(mail("two"))
            wait_for(desk, dovecot, "one", "two")


def test_the_next_start_goes_on_where_the_last_one_stopped(dovecot: Dovecot) -> None:
    desk = RecordingDesk()
    dovecot.put(mail("one"))
    with reading(dovecot.account(), desk):
        wait_for(desk, dovecot, "one")
    dovecot.put(mail("two"))
    with reading(dovecot.account(), desk):
        wait_for(desk, dovecot, "one", "two")
    assert flags(dovecot) == [(), ()]


def test_the_first_look_leaves_old_mails_alone(dovecot: Dovecot) -> None:
    with dovecot.client() as client:
        client.append("INBOX", mail("old"), msg_time=datetime.now(UTC) - timedelta(days=30))
    dovecot.put(mail("new"))
    desk = RecordingDesk()
    with reading(dovecot.account("days=7"), desk):
        wait_for(desk, dovecot, "new")


def test_mails_taken_in_are_moved_or_marked(dovecot: Dovecot) -> None:
    with dovecot.client() as client:
        client.create_folder("Done")
    desk = RecordingDesk()
    dovecot.put(mail("one"))
    with reading(dovecot.account("after=move:Done"), desk):
        wait_for(desk, dovecot, "one")
        wait_until(lambda: subjects(dovecot, "Done") == 1, 5, dovecot.log)
    assert subjects(dovecot, "INBOX") == 0
    dovecot.put(mail("two"))
    with reading(dovecot.account("after=seen"), desk):
        wait_for(desk, dovecot, "one", "two")
        wait_until(lambda: flags(dovecot) == [(b"\\Seen",)], 5, dovecot.log)


def test_a_folder_that_is_not_there_loses_no_mail(dovecot: Dovecot) -> None:
    desk = RecordingDesk()
    dovecot.put(mail("one"), mail("two"))
    with reading(dovecot.account("after=move:Missing"), desk):
        wait_for(desk, dovecot, "one", "two")
    assert subjects(dovecot, "INBOX") == 2


def test_a_new_uidvalidity_is_read_anew(dovecot: Dovecot) -> None:
    desk = RecordingDesk()
    account = dovecot.account()
    dovecot.put(mail("one"), mail("two"), mail("three"))
    with reading(account, desk):
        wait_for(desk, dovecot, "one", "two", "three")
    before = desk.positions["main", "INBOX"]
    dovecot.stop()
    # what a server does that lost its index and numbers everything anew
    for name in ("dovecot-uidlist", "dovecot.index.log", "dovecot.index", "dovecot.index.cache"):
        (dovecot.folder / "mail" / "sales" / name).unlink(missing_ok=True)
    dovecot.start()
    dovecot.put(mail("four"))
    with reading(account, desk):
        wait_until(lambda: "four" in desk.taken, 15, dovecot.log)
    assert desk.positions["main", "INBOX"].uid_validity != before.uid_validity
    assert sorted(desk.taken[3:]) == ["four", "one", "three", "two"]


def test_it_comes_back_when_the_server_does(dovecot: Dovecot) -> None:
    desk = RecordingDesk()
    with reading(dovecot.account("poll=600"), desk):
        dovecot.put(mail("one"))
        wait_for(desk, dovecot, "one")
        dovecot.stop()
        dovecot.start()
        dovecot.put(mail("two"))
        wait_for(desk, dovecot, "one", "two")


def test_a_mail_that_cannot_be_taken_now_is_taken_later(dovecot: Dovecot) -> None:
    desk = RecordingDesk(refuses={"two"})
    dovecot.put(mail("one"), mail("two"), mail("three"))
    with reading(dovecot.account("after=seen"), desk):
        wait_until(lambda: len(desk.refused) >= 2, 15, dovecot.log)
        assert desk.taken == ["one"]
        desk.refuses.clear()
        wait_for(desk, dovecot, "one", "two", "three")


def test_r10_a_mail_that_never_can_be_taken_does_not_keep_out_the_next_one(dovecot: Dovecot) -> None:
    desk = RecordingDesk(poison={"two"})
    dovecot.put(mail("one"), mail("two"), mail("three"))
    with reading(dovecot.account("after=seen"), desk):
        wait_for(desk, dovecot, "one", "three")
    assert (desk.aside, len(desk.refused)) == (["two: ConnectionError"], TRIES)
    assert flags(dovecot) == [(b"\\Seen",), (), (b"\\Seen",)]


def test_a_mail_waits_while_it_cannot_even_be_set_aside(dovecot: Dovecot) -> None:
    desk = RecordingDesk(refuses={"two"})
    dovecot.put(mail("one"), mail("two"))
    with reading(dovecot.account(), desk):
        wait_until(lambda: len(desk.refused) > TRIES, 30, dovecot.log)
        desk.refuses.clear()
        wait_for(desk, dovecot, "one", "two")
    assert desk.aside == []


def test_a_refused_login_is_said_without_the_password(
    dovecot: Dovecot, caplog: pytest.LogCaptureFixture
) -> None:
    account = dovecot.account()
    wrong = ImapAccount("main", account.host, account.port, "plain", "sales", "not+this!one")
    with caplog.at_level(logging.WARNING), reading(wrong, RecordingDesk()):
        wait_until(lambda: "login was refused" in caplog.text, 15, dovecot.log)
    assert "not+this!one" not in caplog.text


def flags(dovecot: Dovecot) -> list[tuple[bytes, ...]]:
    with dovecot.client() as client:
        client.select_folder("INBOX", readonly=True)
        found = client.get_flags(client.search())
    return [tuple(flag for flag in found[uid] if flag != b"\\Recent") for uid in sorted(found)]


def subjects(dovecot: Dovecot, folder: str) -> int:
    with dovecot.client() as client:
        client.select_folder(folder, readonly=True)
        return len(client.search())

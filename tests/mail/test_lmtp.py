import logging
import os
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nurture.mail.lmtp import RECIPIENT_LIMIT, LmtpServer

MAIL = b"From: ann@example.org\r\nSubject: Hi\r\n\r\n..dots\r\nbody\r\n"


class Kept:
    """A handler that remembers."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str, bytes]] = []

    def __call__(self, recipients: list[str], sender: str, raw: bytes) -> list[str]:
        self.mails.append((recipients, sender, raw))
        return [f"250 2.1.5 kept {number}" for number, _ in enumerate(recipients)]


@contextmanager
def serving(handle: Any, **options: Any) -> Iterator[LmtpServer]:
    server = LmtpServer(handle, **options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def talking(server: LmtpServer) -> Iterator["Talk"]:
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, timeout=20) as connection, connection.makefile("rb") as lines:
        talk = Talk(connection, lines)
        talk.greeting = talk.read()
        yield talk


class Talk:
    """LMTP by hand."""

    def __init__(self, connection: socket.socket, lines: Any) -> None:
        self.connection, self.lines = connection, lines
        self.greeting = ""

    def read(self) -> str:
        line = self.lines.readline().decode()
        while line[3:4] == "-":
            line = self.lines.readline().decode()
        return str(line.rstrip("\r\n"))

    def say(self, line: str) -> str:
        self.connection.sendall(line.encode() + b"\r\n")
        return self.read()

    def begin(self, recipients: int, sender: str = "bob@example.com") -> None:
        assert self.say("LHLO test").startswith("250")
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        for number in range(recipients):
            assert self.say(f"RCPT TO:<r{number}@go.example.com>").startswith("250")
        assert self.say("DATA").startswith("354")

    def finish(self, raw: bytes, replies: int) -> list[str]:
        self.connection.sendall(raw + b"\r\n.\r\n")
        return [self.read() for _ in range(replies)]


def test_a_mail_reaches_the_handler_as_it_was_sent() -> None:
    kept = Kept()
    with serving(kept) as server, smtplib.LMTP("127.0.0.1", server.port, timeout=20) as client:
        client.sendmail("bob@example.com", ["a@go.example.com"], MAIL)
    ((recipients, sender, raw),) = kept.mails
    assert recipients == ["a@go.example.com"]
    assert sender == "bob@example.com"
    assert raw == b"Return-Path: <bob@example.com>\r\n" + MAIL


def test_every_recipient_gets_a_reply_of_its_own() -> None:
    def handle(recipients: list[str], sender: str, raw: bytes) -> list[str]:
        return ["250 2.1.5 ok", "550 5.1.1 nobody", "451 4.3.0 later"]

    with serving(handle) as server, talking(server) as talk:
        talk.begin(3)
        assert talk.finish(b"x", 3) == ["250 2.1.5 ok", "550 5.1.1 nobody", "451 4.3.0 later"]
        assert talk.say("NOOP").startswith("250")


def test_the_connection_serves_many_mails() -> None:
    kept = Kept()
    with serving(kept) as server, smtplib.LMTP("127.0.0.1", server.port, timeout=20) as client:
        for number in range(20):
            client.sendmail("", [f"r{number}@go.example.com"], MAIL)
    assert len(kept.mails) == 20


def test_a_bounce_has_an_empty_sender_and_an_empty_return_path() -> None:
    kept = Kept()
    with serving(kept) as server, talking(server) as talk:
        talk.begin(1, sender="")
        talk.finish(b"Subject: x\r\n\r\nx", 1)
    assert kept.mails[0][1] == ""
    assert kept.mails[0][2].startswith(b"Return-Path: <>\r\nSubject: x")


def test_smtp_commands_are_refused_at_this_door() -> None:
    with serving(Kept()) as server, talking(server) as talk:
        assert talk.greeting.startswith("220")
        assert talk.say("EHLO test").startswith("500")
        assert talk.say("MAIL FROM:<a@example.org>").startswith("503")


def test_a_failing_handler_loses_nothing_and_logs_no_address(caplog: pytest.LogCaptureFixture) -> None:
    def handle(recipients: list[str], sender: str, raw: bytes) -> list[str]:
        raise OSError(f"database is away for {recipients} from {sender}")

    with caplog.at_level(logging.DEBUG), serving(handle) as server, talking(server) as talk:
        talk.begin(2)
        replies = talk.finish(b"x", 2)
        assert talk.say("UNKNOWN <secret@example.org>").startswith("500")
    assert [reply[:9] for reply in replies] == ["451 4.3.0", "451 4.3.0"]
    assert "OSError" in caplog.text
    assert "@" not in caplog.text


@pytest.mark.parametrize("replies", [[], ["250 ok"], ["250 ok", "nonsense"], ["250 ok", "250 o\r\n250 k"]])
def test_replies_that_do_not_fit_make_the_mta_try_again(replies: list[str]) -> None:
    with serving(lambda recipients, sender, raw: replies) as server, talking(server) as talk:
        talk.begin(2)
        assert [reply[:3] for reply in talk.finish(b"x", 2)] == ["451", "451"]


def test_a_mail_that_is_too_big_is_refused_for_every_recipient() -> None:
    kept = Kept()
    with serving(kept, size_limit=100_000) as server, talking(server) as talk:
        talk.begin(2)
        line = b"x" * 998 + b"\r\n"
        assert [reply[:9] for reply in talk.finish(line * 200, 2)] == ["552 5.3.4", "552 5.3.4"]
        assert talk.say("NOOP").startswith("250")
    assert kept.mails == []


def test_long_lines_of_real_mail_are_taken() -> None:
    kept = Kept()
    with serving(kept) as server, talking(server) as talk:
        talk.begin(1)
        assert talk.finish(b"Subject: x\r\n\r\n" + b"y" * 500_000, 1) == ["250 2.1.5 kept 0"]
    assert kept.mails[0][2].count(b"y") == 500_000


def test_an_endless_line_is_refused_for_every_recipient_and_the_session_goes_on() -> None:
    kept = Kept()
    with serving(kept) as server, talking(server) as talk:
        talk.begin(2)
        assert [reply[:9] for reply in talk.finish(b"y" * 3_000_000, 2)] == ["554 5.6.0", "554 5.6.0"]
        assert talk.say("NOOP").startswith("250")
    assert kept.mails == []


def test_recipients_are_limited() -> None:
    with serving(Kept()) as server, talking(server) as talk:
        talk.say("LHLO test")
        talk.say("MAIL FROM:<bob@example.com>")
        answers = [talk.say(f"RCPT TO:<r{n}@go.example.com>") for n in range(RECIPIENT_LIMIT + 1)]
        assert {answer[:3] for answer in answers[:-1]} == {"250"}
        assert answers[-1].startswith("452 4.5.3")
        talk.say("DATA")
        assert len(talk.finish(b"x", RECIPIENT_LIMIT)) == RECIPIENT_LIMIT


def test_data_without_recipients_is_refused_once() -> None:
    with serving(Kept()) as server, talking(server) as talk:
        talk.say("LHLO test")
        talk.say("MAIL FROM:<bob@example.com>")
        assert talk.say("DATA").startswith("503")
        assert talk.say("NOOP").startswith("250")


def test_a_handler_that_blocks_holds_up_nobody_else() -> None:
    entered, release = threading.Event(), threading.Event()

    def handle(recipients: list[str], sender: str, raw: bytes) -> list[str]:
        if b"slow" in raw:
            entered.set()
            assert release.wait(20)
        return ["250 2.1.5 ok"] * len(recipients)

    with serving(handle) as server, talking(server) as slow, talking(server) as quick:
        slow.begin(1)
        slow.connection.sendall(b"slow\r\n.\r\n")
        assert entered.wait(20)
        quick.begin(1)
        assert quick.finish(b"quick", 1) == ["250 2.1.5 ok"]
        release.set()
        assert slow.read() == "250 2.1.5 ok"


def wait_until_closed(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
    raise AssertionError("it still listens")


def test_stop_lets_a_mail_in_work_be_answered() -> None:
    entered, release = threading.Event(), threading.Event()

    def handle(recipients: list[str], sender: str, raw: bytes) -> list[str]:
        entered.set()
        assert release.wait(20)
        return ["250 2.1.5 ok"]

    server = LmtpServer(handle)
    server.start()
    with talking(server) as talk:
        talk.begin(1)
        talk.connection.sendall(b"x\r\n.\r\n")
        assert entered.wait(20)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        wait_until_closed(server.port)
        release.set()
        assert talk.read() == "250 2.1.5 ok"
        stopping.join(20)
        assert not stopping.is_alive()
        assert talk.read() == ""


def test_a_client_that_says_nothing_is_let_go() -> None:
    with serving(Kept(), idle_seconds=0.2) as server, talking(server) as talk:
        assert talk.read() == ""


def test_a_client_that_goes_away_in_the_middle_leaves_nothing() -> None:
    kept = Kept()
    with serving(kept) as server:
        with talking(server) as talk:
            talk.begin(1)
            talk.connection.sendall(b"half a ma")
        with talking(server) as talk:
            talk.begin(1)
            assert talk.finish(b"whole", 1) == ["250 2.1.5 kept 0"]
    assert len(kept.mails) == 1


def test_bare_line_feeds_end_no_mail() -> None:
    kept = Kept()
    with serving(kept) as server, talking(server) as talk:
        talk.begin(1)
        talk.finish(b"one\n.\nMAIL FROM:<evil@example.net>\n.\r\nstill one", 1)
    assert len(kept.mails) == 1
    assert b"still one" in kept.mails[0][2]


def test_a_unix_socket_serves_too_and_is_taken_away(tmp_path: Path) -> None:
    path = str(tmp_path / "lmtp.sock")
    left_behind = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left_behind.bind(path)
    left_behind.close()
    kept = Kept()
    with serving(kept, path=path):
        client = smtplib.LMTP(path, timeout=20)
        client.sendmail("bob@example.com", ["a@go.example.com"], MAIL)
        client.quit()
    assert len(kept.mails) == 1
    assert not os.path.exists(path)


def test_it_listens_on_loopback_unless_told_otherwise() -> None:
    with serving(Kept()) as server:
        assert server._listener.getsockname()[0] == "127.0.0.1"

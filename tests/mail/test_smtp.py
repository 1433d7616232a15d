import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from nurture.core.letter.message import Envelope
from nurture.mail.smtp import (
    Receipt,
    Refused,
    SmtpConnection,
    SmtpMailer,
    SmtpServer,
    SmtpTimeouts,
    Uncertain,
    Unsent,
    parse_smtp_url,
)

ENVELOPE = Envelope("bounce+token@engine.example", "charles@mill.example")
MESSAGE = b"Subject: hello\r\n\r\nHello\r\n"
QUICK = SmtpTimeouts(connect=5, command=5, final=5)
CERTIFICATE = Path(__file__).parent / "localhost.pem"

DROP, STALL, SLOW = "drop", "stall", "slow"


class Server:
    """An SMTP server that answers by script: the n-th connection takes the n-th script, then the last.

    A script maps a verb (or VERB2 for the second in that connection) to a reply, or to one of: DROP closes
    the connection, STALL keeps silent until the end, SLOW takes half a second over a good reply. GREETING,
    BODY and DOT are the moments that have no verb.
    """

    def __init__(self, *scripts: Mapping[str, str]) -> None:
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.fragments: list[bytes] = []
        self.connections = 0
        self._scripts = scripts or ({},)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._accept)

    @property
    def verbs(self) -> list[str]:
        return [command.split()[0] for command in self.commands]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
                Talk(self, connection, lines, script, self._end).run()


class Talk:
    def __init__(
        self,
        server: Server,
        connection: socket.socket,
        lines: Any,
        script: Mapping[str, str],
        end: threading.Event,
    ) -> None:
        self.server, self.connection, self.lines = server, connection, lines
        self.script, self.end = script, end
        self.seen: Counter[str] = Counter()

    def run(self) -> None:
        if self.answer("GREETING", "220 ready") is None:
            return
        for line in self.lines:
            verb = line[:4].decode().upper()
            self.server.commands.append(verb + line[4:].decode().strip("\r\n"))
            usual = {"EHLO": "250-here\r\n250 SIZE 1000000", "DATA": "354 go on", "QUIT": "221 bye"}
            reply = self.answer(verb, usual.get(verb, "250 2.0.0 fine"))
            if reply is None or verb == "QUIT" or (reply.startswith("354") and not self.take_message()):
                return

    def take_message(self) -> bool:
        if self.script.get("BODY") == DROP:
            return False
        message = b""
        for line in self.lines:
            if line == b".\r\n":
                self.server.messages.append(message)
                return self.answer("DOT", "250 2.0.0 queued as 1") is not None
            message += line.removeprefix(b".")
        self.server.fragments.append(message)
        return False

    def answer(self, verb: str, usual: str) -> str | None:
        self.seen[verb] += 1
        reply = self.script.get(f"{verb}{self.seen[verb]}", self.script.get(verb, usual))
        if reply in (DROP, STALL):
            self.end.wait(0 if reply == DROP else 20)
            return None
        if reply == SLOW:
            time.sleep(0.5)
            reply = usual
        self.connection.sendall(f"{reply}\r\n".encode())
        return reply


def connected(server: Server, timeouts: SmtpTimeouts = QUICK, max_mails: int = 100) -> SmtpConnection:
    return SmtpConnection(SmtpServer("127.0.0.1", server.port), timeouts, max_mails=max_mails)


def test_many_mails_go_over_one_connection_one_recipient_each() -> None:
    with Server() as server:
        with connected(server) as connection:
            receipts = [connection.send(ENVELOPE, MESSAGE) for _ in range(3)]
        assert receipts == [Receipt(250, "2.0.0 queued as 1")] * 3
        assert server.connections == 1
        assert server.messages == [MESSAGE] * 3
        assert server.commands[0] == "EHLO [127.0.0.1]"
        assert server.commands[1:4] == [
            "MAIL FROM:<bounce+token@engine.example> SIZE=25",
            "RCPT TO:<charles@mill.example>",
            "DATA",
        ]
        assert server.verbs == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]


def test_a_connection_is_renewed_after_so_many_mails() -> None:
    with Server() as server:
        with connected(server, max_mails=2) as connection:
            for _ in range(5):
                connection.send(ENVELOPE, MESSAGE)
        assert server.connections == 3
        assert len(server.messages) == 5


@pytest.mark.parametrize("moment", ["MAIL2", "RCPT2"])
@pytest.mark.parametrize("reply", [DROP, "421 4.4.2 idle for too long"])
def test_a_connection_that_the_server_closed_between_mails_is_opened_again(moment: str, reply: str) -> None:
    with Server({moment: reply}, {}) as server:
        with connected(server) as connection:
            for _ in range(3):
                assert connection.send(ENVELOPE, MESSAGE).code == 250
        assert server.connections == 2
        assert server.messages == [MESSAGE] * 3


def test_s05_a_connection_lost_after_the_receipt_is_a_sent_mail() -> None:
    with Server({"QUIT": DROP}) as server:
        with connected(server) as connection:
            assert connection.send(ENVELOPE, MESSAGE).code == 250
        assert server.messages == [MESSAGE]
    with Server({"QUIT": STALL}) as server, connected(server, SmtpTimeouts(5, 0.2, 5)) as connection:
        assert connection.send(ENVELOPE, MESSAGE).code == 250


@pytest.mark.parametrize(
    ("step", "reply", "enhanced", "permanent"),
    [
        ("MAIL", "451 4.3.0 try later", "4.3.0", False),
        ("MAIL", "421 4.7.0 too many from you", "4.7.0", False),
        ("RCPT", "550 5.1.1 no such user", "5.1.1", True),
        ("RCPT", "450-4.2.0 greylisted\r\n450 4.2.0 come back", "4.2.0", False),
        ("RCPT", "550 no", None, True),
        ("DATA", "554 5.5.1 no valid recipients", "5.5.1", True),
        ("DOT", "554 5.7.1 spam", "5.7.1", True),
        ("DOT", "421 4.3.2 shutting down", "4.3.2", False),
    ],
)
def test_s06_a_refusal_tells_why_and_leaves_the_connection_usable(
    step: str, reply: str, enhanced: str | None, permanent: bool
) -> None:
    with Server({f"{step}1": reply}, {}) as server, connected(server) as connection:
        with pytest.raises(Refused) as caught:
            connection.send(ENVELOPE, MESSAGE)
        refused = caught.value
        assert (refused.code, refused.enhanced, refused.permanent) == (int(reply[:3]), enhanced, permanent)
        assert refused.step == step.replace("DOT", "MESSAGE")
        assert connection.send(ENVELOPE, MESSAGE).code == 250
        assert server.connections == (2 if "421" in reply else 1)
        assert ("RSET" in server.verbs) is ("421" not in reply)


def test_s06_one_refused_recipient_of_ten_leaves_nine_mails_sent_once() -> None:
    with Server({"RCPT4": "554 5.7.1 no"}) as server, connected(server) as connection:
        for number in range(10):
            expected = pytest.raises(Refused) if number == 3 else contextlib.nullcontext()
            with expected:
                connection.send(ENVELOPE, b"%d\r\n" % number)
        assert server.messages == [b"%d\r\n" % number for number in range(10) if number != 3]


@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", [DROP, "nonsense"])
def test_a_connection_lost_before_the_message_is_unsent(moment: str, reply: str) -> None:
    with Server({moment: reply}) as server, connected(server) as connection:
        with pytest.raises(Unsent):
            connection.send(ENVELOPE, MESSAGE)
        assert server.messages == []
        assert server.connections <= 2


def test_a_connection_lost_in_the_message_is_unsent() -> None:
    with Server({"BODY": DROP}, {}) as server, connected(server) as connection:
        with pytest.raises(Unsent):
            connection.send(ENVELOPE, b"x" * 70 + b"\r\n" + b"y\r\n" * 5_000_000)
        assert server.messages == []
        assert connection.send(ENVELOPE, MESSAGE).code == 250
        assert server.messages == [MESSAGE]


@pytest.mark.parametrize("reply", [DROP, STALL, "nonsense", "354 what?"])
def test_s01_without_a_reply_to_the_final_dot_nobody_knows(reply: str) -> None:
    with Server({"DOT": reply}) as server, connected(server, SmtpTimeouts(5, 5, 0.3)) as connection:
        with pytest.raises(Uncertain):
            connection.send(ENVELOPE, MESSAGE)
        assert server.messages == [MESSAGE]
        assert server.connections == 1


def test_s07_a_late_reply_to_the_final_dot_is_waited_for() -> None:
    with Server({"DOT": SLOW}) as server, connected(server, SmtpTimeouts(5, 0.2, 5)) as connection:
        assert connection.send(ENVELOPE, MESSAGE).code == 250
        assert len(server.messages) == 1
    assert SmtpTimeouts() == SmtpTimeouts(connect=30, command=300, final=600)


def test_a_stall_before_the_message_is_unsent_in_bounded_time() -> None:
    start = time.perf_counter()
    timeouts = SmtpTimeouts(5, 0.2, 5)
    with Server({"DATA": STALL}) as server, connected(server, timeouts) as connection, pytest.raises(Unsent):
        connection.send(ENVELOPE, MESSAGE)
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    "script",
    [{"GREETING": "421 4.3.2 busy"}, {"GREETING": "554 go away"}, {"GREETING": DROP}, {"EHLO": DROP}],
)
def test_no_connection_is_unsent(script: Mapping[str, str]) -> None:
    with Server(script) as server, pytest.raises(Unsent), connected(server):
        pass
    with pytest.raises(Unsent), SmtpConnection(SmtpServer("127.0.0.1", server.port), QUICK):
        pass


def test_an_interruption_never_leaves_half_a_message_behind() -> None:
    class Stop(BaseException):
        pass

    class Message(bytes):
        def replace(self, *_: Any) -> bytes:
            raise Stop

    with Server() as server:
        with connected(server) as connection:
            with pytest.raises(Stop):
                connection.send(ENVELOPE, Message(MESSAGE))
            connection.send(ENVELOPE, MESSAGE)
        assert server.connections == 2
        assert server.messages == [MESSAGE]
        assert server.fragments == [b""]


def test_x09_dots_are_stuffed_and_nothing_is_smuggled() -> None:
    message = b".\r\n..\r\nRSET\r\n.\r\n.x\r\n"
    with Server() as server, connected(server) as connection:
        connection.send(ENVELOPE, message)
        assert server.messages == [message]
        assert server.verbs == ["EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize(
    "message",
    [b"a\n.\r\nMAIL\r\n", b"a\r\n.\nMAIL\r\n", b"a\r.\r\r\n", b"a\n.\n", b"a\r\n.\r", b"a\n\r\n", b"a", b""],
)
def test_x09_bare_line_ends_are_refused_before_anything_is_said(message: bytes) -> None:
    with Server() as server, connected(server) as connection:
        with pytest.raises(Refused) as caught:
            connection.send(ENVELOPE, message)
        assert caught.value.permanent
        assert caught.value.step == "MESSAGE"
        assert server.verbs == ["EHLO"]


@pytest.mark.parametrize(
    "address", ["a@x.example>\r\nRCPT TO:<b@x", "a b@x.example", "a@x.example> SIZE=1", "a"]
)
def test_x09_addresses_cannot_hold_commands(address: str) -> None:
    with Server() as server, connected(server) as connection:
        for envelope, step in ((Envelope("", address), "RCPT"), (Envelope(address, "a@x.example"), "MAIL")):
            with pytest.raises(Refused) as caught:
                connection.send(envelope, MESSAGE)
            assert caught.value.step == step
        assert server.verbs == ["EHLO"]


def test_the_null_return_path_and_domains_outside_ascii() -> None:
    with Server() as server, connected(server) as connection:
        connection.send(Envelope("", "ann@bücher.example"), MESSAGE)
        assert server.commands[1:3] == ["MAIL FROM:<> SIZE=25", "RCPT TO:<ann@xn--bcher-kva.example>"]


def test_d07_smtputf8_is_used_only_when_it_is_needed_and_offered() -> None:
    abroad = Envelope("a@x.example", "jörg@x.example")
    with Server() as server, connected(server) as connection:
        with pytest.raises(Refused, match="no SMTPUTF8") as caught:
            connection.send(abroad, MESSAGE)
        assert caught.value.permanent
        assert connection.send(ENVELOPE, MESSAGE).code == 250
    offering = {"EHLO": "250-here\r\n250-8BITMIME\r\n250 SMTPUTF8"}
    with Server(offering) as server, connected(server) as connection:
        connection.send(ENVELOPE, MESSAGE)
        connection.send(abroad, MESSAGE)
        connection.send(ENVELOPE, "To: jörg@x.example\r\n\r\n".encode())
        assert [command for command in server.commands if command[:4] in ("MAIL", "RCPT")] == [
            "MAIL FROM:<bounce+token@engine.example>",
            "RCPT TO:<charles@mill.example>",
            "MAIL FROM:<a@x.example> BODY=8BITMIME SMTPUTF8",
            "RCPT TO:<jörg@x.example>",
            "MAIL FROM:<bounce+token@engine.example> BODY=8BITMIME SMTPUTF8",
            "RCPT TO:<charles@mill.example>",
        ]


def test_each_mailbox_has_its_server() -> None:
    with Server() as sales, Server() as rest:
        named, default = (
            SmtpServer("127.0.0.1", sales.port, helo="mail.x.example"),
            SmtpServer("127.0.0.1", rest.port),
        )
        mailer = SmtpMailer({"sales": named}, default, QUICK)
        with mailer.connect("sales") as connection:
            connection.send(ENVELOPE, b"1\r\n")
        with mailer.connect("other") as connection:
            connection.send(ENVELOPE, b"2\r\n")
        assert (sales.messages, rest.messages) == ([b"1\r\n"], [b"2\r\n"])
        assert sales.commands[0] == "EHLO mail.x.example"


class Inbox:
    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append(envelope.content)
        return "250 2.0.0 kept"


def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ada", b"p@ss/w:rd")
    return AuthResult(success=good, handled=False)


@contextlib.contextmanager
def real_server(tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[tuple[int, Inbox]]:
    inbox, loop = Inbox(), asyncio.new_event_loop()
    listening = loop.create_server(lambda: SMTP(inbox, loop=loop, **options), "127.0.0.1", 0, ssl=tls)
    server = loop.run_until_complete(listening)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], inbox
    finally:
        asyncio.run_coroutine_threadsafe(stopped(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def stopped(server: asyncio.Server) -> None:
    server.close()
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0.01)


@pytest.fixture
def certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def send_by(url: str) -> Receipt:
    with SmtpConnection(parse_smtp_url(url), QUICK) as connection:
        return connection.send(ENVELOPE, MESSAGE)


def test_starttls_with_login(certificate: ssl.SSLContext) -> None:
    with real_server(
        tls_context=certificate, require_starttls=True, authenticator=login, auth_required=True
    ) as (port, inbox):
        assert send_by(f"smtp+starttls://ada:p%40ss%2Fw%3Ard@localhost:{port}?verify=no").code == 250
        assert inbox.messages == [MESSAGE]
        with pytest.raises(Unsent, match="535") as caught:
            send_by(f"smtp+starttls://ada:secret@localhost:{port}?verify=no")
        assert "secret" not in str(caught.value)
        with pytest.raises(Unsent, match="certificate"):
            send_by(f"smtp+starttls://ada:p%40ss%2Fw%3Ard@localhost:{port}")
        assert len(inbox.messages) == 1


def test_starttls_is_never_done_without() -> None:
    with real_server() as (port, inbox):
        with pytest.raises(Unsent, match="STARTTLS"):
            send_by(f"smtp+starttls://localhost:{port}")
        with pytest.raises(Unsent, match="AUTH"):
            send_by(f"smtp://ada:secret@localhost:{port}")
        assert inbox.messages == []


def test_tls_from_the_start_with_a_certificate_that_is_checked(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with real_server(certificate) as (port, inbox):
        with pytest.raises(Unsent, match="certificate"):
            send_by(f"smtps://127.0.0.1:{port}")
        assert send_by(f"smtps://127.0.0.1:{port}?verify=no").code == 250
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert send_by(f"smtps://localhost:{port}").code == 250
        assert inbox.messages == [MESSAGE] * 2


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 25)),
        ("smtp://mail.example:2525/", SmtpServer("mail.example", 2525)),
        ("smtp://u:p@[::1]", SmtpServer("::1", 25, "plain", "u", "p")),
        ("smtp+starttls://mail.example", SmtpServer("mail.example", 587, "starttls")),
        ("smtps://a%40b:p%3A%2F%25@mail.example", SmtpServer("mail.example", 465, "tls", "a@b", "p:/%")),
        ("smtps://127.0.0.2?verify=no", SmtpServer("127.0.0.2", 465, "tls", verify=False)),
        ("smtps://x.example?helo=m.example", SmtpServer("x.example", 465, "tls", helo="m.example")),
    ],
)
def test_urls_are_read(url: str, server: SmtpServer) -> None:
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "begins with"),
        ("mail.example", "begins with"),
        ("http://mail.example", "begins with"),
        ("smtp://", "scheme://"),
        ("smtps://u:secret@mail.example/path", "%2F"),
        ("smtps://u:secret#x@mail.example", "percent-encoded"),
        ("smtps://u:secret/x@mail.example", "percent-encoded"),
        ("smtps://u:sec:secret@mail.example:port", "port"),
        ("smtps://u:secret@mail.example:99999", "port"),
        ("smtps://u:secret@mail.example:0", "port"),
        ("smtps://u:secret[@mail.example", "host or port"),
        ("smtps://u@mail.example", "both user and password"),
        ("smtps://:secret@mail.example", "both user and password"),
        ("smtps://u:secret%0D%0A@mail.example", "printable ASCII"),
        ("smtps://u:secret%C3%BC@mail.example", "printable ASCII"),
        ("smtp://u:secret@mail.example", "unencrypted"),
        ("smtps://u:secret@mail.example?verify=no", "only for encrypted connections to this machine"),
        ("smtps://u:secret@10.0.0.1?verify=no", "only for encrypted connections to this machine"),
        ("smtp://u:secret@127.0.0.1?verify=no", "only for encrypted connections"),
        ("smtps://u:secret@mail.example?verify=maybe", "yes or no"),
        ("smtps://u:secret@mail.example?tls=1", "unknown option 'tls'"),
        ("smtps://u:secret@mail.example?helo=a%0Ab", "helo"),
    ],
)
def test_wrong_urls_say_what_to_change_and_never_the_password(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_smtp_url(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_server_shown_in_a_log_keeps_its_password() -> None:
    server = parse_smtp_url("smtps://u:secret@mail.example")
    assert "secret" not in repr(server) + str(server)

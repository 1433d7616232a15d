"""The development mailbox: a real SMTP server on loopback that keeps every mail, and a page to read them.

python -m nurture.embedded.mailbox --smtp-port 1025 --http-port 8025 --folder data/mailbox
"""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from nurture.embedded.errors import EmbeddedError
from nurture.embedded.mail_store import MailStore, StoredMail
from nurture.embedded.mailbox_page import MailboxPage
from nurture.embedded.mailbox_smtp import SmtpReceiver

LOOPBACK = "127.0.0.1"


class Mailbox:
    """A mailbox in threads of this process: `with Mailbox(folder) as mailbox: … mailbox.messages()`.

    refuse: answers to RCPT by address (or local part alone), such as `550 5.1.1 no such user`.
    Port 0 takes a free one; smtp_port and http_port say which. Raises EmbeddedError on entry when a port
    is taken or a refusal is no SMTP reply.
    """

    def __init__(
        self,
        folder: Path,
        *,
        smtp_port: int = 0,
        http_port: int = 0,
        refuse: Mapping[str, str] | None = None,
    ) -> None:
        self._ports = (smtp_port, http_port)
        self._folder = folder
        self._refuse = dict(refuse or {})
        self._running = ExitStack()

    def __enter__(self) -> Self:
        smtp_port, http_port = self._ports
        self._store = MailStore(self._folder)
        with ExitStack() as starting:
            page = MailboxPage(LOOPBACK, http_port, self._store)
            starting.callback(page.server_close)
            receiver = SmtpReceiver(LOOPBACK, smtp_port, self._store, self._refuse)
            starting.callback(receiver.close)
            starting.enter_context(_in_thread("mailbox-http", page.serve_forever, page.shutdown))
            starting.enter_context(_in_thread("mailbox-smtp", receiver.serve_forever, receiver.shutdown))
            self._running = starting.pop_all()
        self.smtp_port, self.http_port = receiver.port, page.server_port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        """Where the page is, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.http_port}"

    def messages(self, after: int = 0) -> list[StoredMail]:
        """The kept mails numbered above `after`, oldest first."""
        return self._store.after(after)


@contextmanager
def _in_thread(name: str, serve: Callable[[], None], end: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=serve, name=name, daemon=True)
    thread.start()
    yield
    end()
    thread.join()


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs until SIGTERM or SIGINT."""
    options = _parse(arguments)
    # Blocked before the threads start, so that only `sigwait` sees them.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends := {signal.SIGTERM, signal.SIGINT})
    try:
        with Mailbox(
            options.folder,
            smtp_port=options.smtp_port,
            http_port=options.http_port,
            refuse=dict(options.refuse),
        ) as mailbox:
            sys.stdout.write(f"mailbox: smtp {LOOPBACK}:{mailbox.smtp_port}, page {mailbox.url}/\n")
            sys.stdout.flush()
            signal.sigwait(ends)
    except EmbeddedError as error:
        sys.exit(f"mailbox: {error}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nurture.embedded.mailbox", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=1025, help="0 takes a free one")
    parser.add_argument("--http-port", type=int, default=8025, help="0 takes a free one")
    parser.add_argument("--folder", type=Path, required=True, help="where the mails are kept")
    parser.add_argument(
        "--refuse",
        type=_refusal,
        action="append",
        default=[],
        metavar="ADDRESS=REPLY",
        help="answer RCPT for this address with this, such as a@b.example='550 5.1.1 no such user'",
    )
    return parser.parse_args(arguments)


def _refusal(text: str) -> tuple[str, str]:
    address, equals, reply = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not ADDRESS=REPLY")
    return address, reply


if __name__ == "__main__":
    main()

"""The inbound door: takes mail by LMTP from an MTA, reads IMAP accounts, and lets the right job know."""

import signal
import threading
from collections.abc import Sequence

from nurture import jobs
from nurture.mail.lmtp import LmtpServer
from nurture.services import receiving
from workers.app import app
from workers.postbox import reading


def run() -> None:
    """Serve, and read the IMAP accounts, until SIGTERM or SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    host, port = app().settings.lmtp_listen
    server = LmtpServer(take, host=host, port=port)
    server.start()
    with reading(app()):
        stopped.wait()
    server.stop()


def take(recipients: Sequence[str], sender: str, raw: bytes) -> list[str]:
    """Take in one mail; the reply for each recipient. An error is a 451: the MTA keeps the mail."""
    with app().sessions() as session:
        contact_id = receiving.take_in(
            session,
            app().keyring,
            raw,
            recipients,
            now=app().now(),
            trusted=app().settings.trusted_authserv_ids,
        )
    if contact_id is not None:
        app().queue.wake(jobs.QUALIFY, contact_id)
    return ["250 2.0.0 taken"] * len(recipients)

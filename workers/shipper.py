"""The shipper: moves this host's journals to PostgreSQL, one shipper a folder."""

import fcntl
import signal
import threading
from pathlib import Path

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from nurture.services.collecting import ship
from workers.app import app

log = structlog.get_logger()
PERIOD_SECONDS = 0.2


def run() -> None:
    """Ship until SIGTERM or SIGINT. A second shipper on the folder waits for the first to end."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    folder = app().settings.journal_dir
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "shipper.lock").open("w") as lock:
        while not stopped.wait(PERIOD_SECONDS):
            if _is_ours(lock.fileno()):
                _ship(folder)


def _ship(folder: Path) -> None:
    try:
        ship(app().sessions, folder, now=app().now())
    # COPY runs on the driver itself, whose errors SQLAlchemy does not wrap.
    except (SQLAlchemyError, psycopg.Error) as error:
        log.warning("shipper could not ship", reason=type(error).__name__)


def _is_ours(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""The clock: every moment it wakes what is due. Two clocks do no harm, for jobs claim what they do."""

import signal
import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nurture import jobs
from nurture.services.waking import wake_due
from workers.app import app

log = structlog.get_logger()
PERIOD_SECONDS = 0.5


def run() -> None:
    """Tick until SIGTERM or SIGINT; a database that is away is asked again at the next tick."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    # A new version begins with a new clock, and may judge better than the one before.
    app().queue.wake(jobs.JUDGE_AGAIN)
    while not stopped.wait(PERIOD_SECONDS):
        try:
            wake_due(app())
        except SQLAlchemyError as error:
            log.warning("clock could not look", reason=type(error).__name__)

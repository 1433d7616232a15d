"""An RQ worker on one queue. It runs its jobs in this very process, so killing it kills the job too."""

import logging
from importlib import import_module
from types import TracebackType
from typing import Any

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.exceptions import DeserializationError
from rq.job import Job
from rq.serializers import JSONSerializer

from nurture.telling import where_of
from workers.app import app
from workers.job import ForeignJob, OwnJob

log = structlog.get_logger()


def run(queue: str) -> None:
    """Work on one queue until SIGTERM; with one queue RQ keeps a job safe while it is moved (BLMOVE)."""
    # Loaded now, or the first job would wait for it: a second, where a pricing request may be that job.
    import_module("workers.jobs")
    # RQ logs the text of errors, which holds addresses (X21).
    logging.getLogger("rq").setLevel(logging.CRITICAL)
    build_worker(queue).work(with_scheduler=False, logging_level="CRITICAL")


def build_worker(queue: str) -> SimpleWorker:
    """A worker that reads JSON alone and runs our jobs alone, whoever writes to Redis (X23)."""
    connection = redis.Redis.from_url(app().settings.redis_url)
    waiting = Queue(queue, connection=connection, serializer=JSONSerializer, job_class=OwnJob)
    return _Worker(
        [waiting],
        connection=connection,
        serializer=JSONSerializer,
        job_class=OwnJob,
        exception_handlers=[_tell_failure],
    )


class _Worker(SimpleWorker):
    def handle_job_failure(self, *args: Any, **named: Any) -> None:
        # RQ would keep the text of the error in Redis for a day.
        super().handle_job_failure(*args, **(named | {"exc_string": ""}))


def _tell_failure(
    job: Job, kind: type[BaseException], _error: BaseException, trace: TracebackType | None
) -> None:
    named = "unknown" if issubclass(kind, ForeignJob | DeserializationError) else job.func_name
    log.error("job failed", job=named, error=kind.__name__, where=where_of(trace))

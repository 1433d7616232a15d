"""An RQ worker on one queue. It runs its jobs in this very process, so killing it kills the job too."""

from importlib import import_module

import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from workers.app import app


def run(queue: str) -> None:
    """Work on one queue until SIGTERM; with one queue RQ keeps a job safe while it is moved (BLMOVE)."""
    # Loaded now, or the first job would wait for it: a second, where a pricing request may be that job.
    import_module("workers.jobs")
    build_worker(queue).work(with_scheduler=False, logging_level="WARNING")


def build_worker(queue: str) -> SimpleWorker:
    """A worker that reads JSON alone, so that no job can bring a pickle in (X23)."""
    connection = redis.Redis.from_url(app().settings.redis_url)
    waiting = Queue(queue, connection=connection, serializer=JSONSerializer)
    return SimpleWorker([waiting], connection=connection, serializer=JSONSerializer)

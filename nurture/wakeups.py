"""The queue: wake-ups on RQ. Losing one is harmless, so nothing here raises."""

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from nurture.jobs import DELIVER, HAND_OFF, QUALIFY, QUEUE_OF, QUEUES

log = structlog.get_logger()
_ENOUGH = 20
_PLENTY = 200
_PATIENCE_SECONDS = 1.0
_JOB_SECONDS = 120
_KEEP_FAILED_SECONDS = 86_400


class RqQueue:
    """Puts jobs on their queues, as JSON. Redis being away or frozen costs a second at most."""

    def __init__(self, url: str) -> None:
        connection = redis.Redis.from_url(
            url,
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._queues = {
            name: Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES
        }

    def wake(self, job: str, *ids: int) -> None:
        """Let a worker run the job soon. Where many wait already it is not queued: the clock asks again.

        So a queue that nobody works on does not grow without end. Explicit requests are always queued.
        """
        queue = self._queues[QUEUE_OF[job]]
        try:
            if job == QUALIFY or queue.count < (_PLENTY if ids else _ENOUGH):
                queue.enqueue_call(
                    f"workers.jobs.{job}",
                    args=ids,
                    # A batch waits for slow mail servers, ten minutes for one answer alone.
                    timeout=-1 if job == DELIVER else _JOB_SECONDS,
                    result_ttl=0,
                    failure_ttl=_KEEP_FAILED_SECONDS,
                    # A person waits for what it tells.
                    at_front=job == HAND_OFF,
                )
        except redis.RedisError as error:
            log.warning("nobody woken", job=job, reason=type(error).__name__)

"""For probes and for Prometheus: alive, ready, and by which figures. Nothing personal is in any of them."""

import redis
from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST
from redis.backoff import NoBackoff
from redis.retry import Retry

from nurture.services import metering
from nurture.web.site import site

health = Blueprint("health", __name__)

_QUEUE_SECONDS = 1.0


@health.get("/healthz")
def alive() -> Response:
    """200 as long as this process answers at all."""
    return jsonify(status="alive")


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """200 if PostgreSQL answers and is migrated. Forms and links work while the queue is away."""
    app = site().app
    queue = "ok" if _queue_answers(app.settings.redis_url) else "away"
    obstacles = metering.list_obstacles(app)
    if obstacles:
        return jsonify(status="not ready", reasons=obstacles, queue=queue), 503
    return jsonify(status="ready", queue=queue), 200


@health.get("/metrics")
def metrics() -> Response:
    """The figures, in the text format of Prometheus."""
    return Response(site().meter.text(), content_type=CONTENT_TYPE_LATEST)


def _queue_answers(url: str) -> bool:
    once = Retry(NoBackoff(), 0)
    try:
        with redis.Redis.from_url(
            url, retry=once, socket_timeout=_QUEUE_SECONDS, socket_connect_timeout=_QUEUE_SECONDS
        ) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False

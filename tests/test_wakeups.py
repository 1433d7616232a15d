"""The queue as a wake-up: losing one is harmless, so nothing here raises or piles up."""

import json
import socket
import time
import zlib

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from nurture import jobs
from nurture.wakeups import RqQueue


@pytest.fixture
def empty_url(redis_url: str) -> str:
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushdb()
    return redis_url


@pytest.mark.parametrize(("job", "name"), jobs.QUEUE_OF.items())
def test_a_job_waits_on_its_queue_as_json(empty_url: str, job: str, name: str) -> None:
    RqQueue(empty_url).wake(job, 4, 7)
    with redis.Redis.from_url(empty_url) as connection:
        [waiting] = Queue(name, connection=connection, serializer=JSONSerializer).jobs
        raw = connection.hget(waiting.key, "data")
    assert raw is not None
    assert json.loads(zlib.decompress(raw)) == [f"workers.jobs.{job}", None, [4, 7], {}]
    assert waiting.timeout == (-1 if job == jobs.DELIVER else 120)


def test_wake_ups_that_nobody_answers_do_not_pile_up(empty_url: str) -> None:
    queue = RqQueue(empty_url)
    for _ in range(30):
        queue.wake(jobs.PLAN)
    for number in range(300):
        queue.wake(jobs.REQUALIFY, number)
        queue.wake(jobs.HAND_OFF, number)
    queue.wake(jobs.QUALIFY, 1)  # somebody asks for prices: never left out
    with redis.Redis.from_url(empty_url) as connection:
        assert [connection.llen(f"rq:queue:{name}") for name in (jobs.WORK, jobs.NOW)] == [200, 201]


def test_s04_a_queue_that_is_away_costs_nothing_but_the_wake_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    queue = RqQueue(f"redis://127.0.0.1:{port}")
    queue.wake(jobs.QUALIFY, 1)
    queue.wake(jobs.PLAN)


def test_s04_a_queue_that_is_frozen_costs_a_second() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        RqQueue(f"redis://127.0.0.1:{silent.getsockname()[1]}").wake(jobs.QUALIFY, 1)
        assert time.monotonic() - began < 2.5


def test_s04_an_emptied_queue_takes_wake_ups_again(empty_url: str) -> None:
    queue = RqQueue(empty_url)
    queue.wake(jobs.PLAN)
    with redis.Redis.from_url(empty_url) as connection:
        connection.flushall()
        queue.wake(jobs.PLAN)
        assert connection.llen(f"rq:queue:{jobs.WORK}") == 1

"""What others put in the queue is not executed, and what a job's error says is told to nobody."""

import json
import subprocess
import sys
import zlib
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq.job import Job
from rq.results import Result

from nurture import jobs
from nurture.store.tables import Touch
from tests.installation import wait_until
from tests.make import create_lead
from tests.workers.conftest import Process

NOBODY = 10**30  # more than the database can hold, and the text of its error says so
CALLBACK = "tests.workers.test_foreign_jobs.plant"


def plant(job: Job, connection: Redis, *_outcome: Any) -> None:
    """A callback that leaves a trace."""
    connection.set("planted", 1)


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "extras"),
    [
        ("os.system", ["touch {planted}"], {}, {}),
        ("os.mkdir", [], {"path": "{planted}"}, {}),
        ("workers.jobs.plan.__globals__", [], {}, {}),
        ("workers.jobs.qualify", ["1"], {}, {}),
        ("workers.jobs.qualify", [], {"contact_id": 1}, {}),
        ("workers.jobs.settle", [], {}, {"success_callback_name": CALLBACK}),
        ("workers.jobs.nothing", [], {}, {"failure_callback_name": CALLBACK}),
        ("workers.jobs.settle", [], {}, {"dependency_ids": '["another"]'}),
    ],
)
def test_x23_a_job_that_is_not_ours_is_refused_and_the_next_one_runs(
    process: Process, tmp_path: Path, function: str, args: list[str], kwargs: Any, extras: dict[str, str]
) -> None:
    planted = tmp_path / "planted"
    call = json.dumps([function, None, args, kwargs]).replace("{planted}", str(planted))
    queue = process.queue(jobs.WORK)
    job = queue.enqueue_call("os.getpid")
    process.connection.hset(job.key, mapping={"data": zlib.compress(call.encode()), **extras})
    with process.app.sessions() as session:
        create_lead(session, now=datetime.now(UTC))
    process.app.queue.wake(jobs.PLAN)
    process.work(jobs.WORK)
    assert not planted.exists()
    assert not process.connection.exists("planted")
    assert job.get_status() == "failed"
    assert process.waiting() == []
    with process.app.sessions() as session:
        assert session.query(Touch).count() == 1


def test_x21_the_text_of_an_error_is_neither_logged_nor_kept(process: Process) -> None:
    process.app.queue.wake(jobs.QUALIFY, NOBODY)
    [job] = process.queue(jobs.NOW).jobs
    command = [sys.executable, "-m", "workers", jobs.NOW]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as worker:
        try:
            wait_until(lambda: job.get_status() == "failed", 20)
        finally:
            worker.terminate()
        said = worker.communicate()[0]
    [line] = [json.loads(line) for line in said.splitlines()]
    assert (line["event"], line["job"], line["error"]) == ("job failed", "workers.jobs.qualify", "DataError")
    assert all(place.rpartition(":")[2].isdigit() for place in line["where"])
    assert str(NOBODY) not in said
    assert "SELECT" not in said
    [(_id, kept)] = process.connection.xrange(Result.get_key(job.id))
    assert zlib.decompress(b64decode(kept[b"exc_string"])) == b""
    assert not any("SELECT" in str(value) for value in process.connection.hgetall(job.key).values())

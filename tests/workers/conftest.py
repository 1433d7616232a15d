"""The process of a worker: its App is built from the environment, on real servers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from nurture import jobs
from nurture.ports import App
from tests.mail_server import MailServer
from tests.make import SECRET, create_workspace
from workers.app import app
from workers.main import build_worker


@dataclass
class Process:
    """A worker's App, the mail server it sends to, and the Valkey it waits at."""

    app: App
    server: MailServer
    connection: redis.Redis

    def queue(self, name: str) -> Queue:
        return Queue(name, connection=self.connection, serializer=JSONSerializer)

    def waiting(self) -> list[str]:
        """What waits on all queues: the functions' names with their ids."""
        waiting = [job for name in jobs.QUEUES for job in self.queue(name).jobs]
        return [" ".join(map(str, (job.func_name.rpartition(".")[2], *job.args))) for job in waiting]

    def work(self, *queues: str) -> None:
        """Carry out what waits on these queues, one after another, until they are empty."""
        for name in queues:
            build_worker(name).work(burst=True, logging_level="CRITICAL")


@pytest.fixture
def process(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Process]:
    """With the workspace of `make.workspace`; Valkey is empty."""
    with MailServer() as server, redis.Redis.from_url(redis_url) as connection:
        connection.flushdb()
        environment = {
            "DATA_DIR": str(tmp_path),
            "BASE_URL": "http://127.0.0.1:8000",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": SECRET,
            "SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        app.cache_clear()
        with app().sessions() as session:
            create_workspace(session)
        yield Process(app(), server, connection)
        app().sessions.__self__.kw["bind"].dispose()  # type: ignore[attr-defined]
        app.cache_clear()

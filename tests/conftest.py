"""Real parts for the tests: one PostgreSQL and one Valkey a test process, one fresh database a test."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest

from nurture.embedded import postgres, valkey
from nurture.embedded.child import child_command
from nurture.store.migrating import migrate
from nurture.store.session import Session, close_sessions, open_sessions

INSTALLATIONS = ("tests/browser/", "tests/demo/test_demo", "tests/mta/", "tests/test_up.py")
Sessions = Callable[[], AbstractContextManager[Session]]


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder that the database's system user may enter; pytest shuts its own to everybody else."""
    with tempfile.TemporaryDirectory(prefix="nurture-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_folder(servers_folder: Path) -> Iterator[Path]:
    """A running PostgreSQL whose database `nurture` is migrated and serves as the template."""
    folder = servers_folder / "postgres"
    postgres.prepare_postgres(folder)
    # Nothing here must survive a power cut, and tests are many.
    quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
    command = [*postgres.postgres_command(folder), *quick]
    with running(command, signal.SIGINT, postgres.postgres_user()):
        postgres.wait_for_postgres(folder)
        migrate(postgres.database_url(folder))
        yield folder


@pytest.fixture(scope="session")
def redis_url(servers_folder: Path) -> Iterator[str]:
    """A running Valkey."""
    folder = servers_folder / "valkey"
    valkey.prepare_valkey(folder)
    with running(valkey.valkey_command(folder), signal.SIGTERM, None):
        valkey.wait_for_valkey(folder)
        yield valkey.redis_url(folder)


@pytest.fixture
def database_url(postgres_folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh migrated database."""
    name = f"t{os.getpid()}_{abs(hash(request.node.nodeid))}"
    template = postgres.database_url(postgres_folder)
    with psycopg.connect(plain(template).replace("/nurture?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE nurture STRATEGY file_copy")
        yield template.replace("/nurture?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    """Transactions on a fresh migrated database: `with sessions() as session:` commits at the end."""
    opened = open_sessions(database_url)
    yield opened
    close_sessions(opened)


def plain(url: str) -> str:
    """psycopg's spelling of a SQLAlchemy URL."""
    return url.replace("postgresql+psycopg://", "postgresql://")


@contextmanager
def running(command: list[str], stop: signal.Signals, user: str | None) -> Iterator[None]:
    """A server process for the length of the block."""
    wrapped = child_command(command, death_signal=stop, user=user)
    process = subprocess.Popen(wrapped, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(stop)
        process.wait(30)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Tests that share a running installation go to one worker, whole files first; all others one by one.

    By path: `xdist_group` marks are lost between pytest 9.2 and pytest-xdist 3.8 (its issue 1386).
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByInstallation(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file.startswith(INSTALLATIONS) else nodeid

    return ByInstallation(config, log)

"""The numbered migrations make the very tables that the code describes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from nurture.embedded import postgres
from nurture.services import qualifying
from nurture.store import contacts, handoffs, reports
from nurture.store.migrating import alembic_config, migrate
from nurture.store.session import Session
from nurture.store.tables import Model
from tests.conftest import Sessions, plain
from tests.make import NOON, create_event, create_lead, create_workspace

ROOT = Path(__file__).parents[2]
HOST = """
import sys
from pathlib import Path
from nurture.store.migrating import migrate
url, start = sys.argv[1:]
print("ready", flush=True)
while not Path(start).exists():
    pass
migrate(url)
"""
OLD_MAIL = """
INSERT INTO inbound_mails (digest, state, kind, from_address, subject, new_text, intents, received_at)
VALUES (:digest, 'matched', 'reply', 'a@x.example', '', '', CAST(:names AS jsonb), now())
"""
INTENTS = "SELECT intents FROM inbound_mails ORDER BY digest"
CATALOGUE = """
SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%'
"""


@pytest.fixture
def empty_url(postgres_folder: Path) -> Iterator[str]:
    """A database without a table."""
    name = f"empty_{os.getpid()}"
    template = postgres.database_url(postgres_folder)
    with psycopg.connect(plain(template).replace("/nurture?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield template.replace("/nurture?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_the_migrations_make_the_tables_of_the_code(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Model.metadata) == []
    engine.dispose()


def test_they_also_make_the_same_indexes_checks_and_keys(database_url: str, empty_url: str) -> None:
    engine = create_engine(empty_url)
    Model.metadata.create_all(engine)
    engine.dispose()
    migrated, described = catalogue(database_url), catalogue(empty_url)
    assert migrated ^ described == set()
    assert len(migrated) > 150


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    migrate(empty_url)
    before = catalogue(empty_url)
    migrate(empty_url)
    assert catalogue(empty_url) == before


def test_what_version_one_had_read_in_mails_is_kept(empty_url: str) -> None:
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for digest, names in (("1", '["interested", "not_interested", "demo_request"]'), ("2", "[]")):
            connection.execute(text(OLD_MAIL), {"digest": digest, "names": names})
        command.upgrade(config, "0002")
        told, nothing = connection.scalars(text(INTENTS)).all()
        assert [intent["name"] for intent in told] == ["positive", "objection", "demo_request"]
        assert (set(told[0]), nothing) == ({"name", "confidence", "because"}, [])
        command.downgrade(config, "0001")
        back, _ = connection.scalars(text(INTENTS)).all()
        assert back == ["interested", "not_interested", "demo_request"]
    engine.dispose()


def test_hosts_that_start_together_migrate_once(empty_url: str, tmp_path: Path) -> None:
    start, command = Path(tmp_path, "start"), [sys.executable, "-c", HOST, empty_url]
    hosts = [subprocess.Popen([*command, str(start)], cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    for host in hosts:
        assert host.stdout is not None
        with host.stdout as told:
            assert told.readline() == b"ready\n"
    start.touch()
    assert [host.wait(60) for host in hosts] == [0, 0]
    with psycopg.connect(plain(empty_url)) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    with psycopg.connect(plain(empty_url)) as connection:
        connection.execute("CREATE TABLE inbound_mails (id int)")  # one of the last to be made
    with pytest.raises(Exception, match="already exists"):
        migrate(empty_url)
    engine = create_engine(empty_url)
    assert inspect(engine).get_table_names() == ["inbound_mails"]
    engine.dispose()


def test_the_migrations_can_be_taken_back(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_they_can_be_taken_back_after_a_handoff_was_withdrawn(sessions: Sessions, database_url: str) -> None:
    with sessions() as session:
        create_workspace(session)
        contact_id = create_lead(session)
        create_event(session, contacts.get(session, contact_id), "pricing_request")
        [handoff_id] = qualifying.qualify(session, contact_id, now=NOON)
        handoffs.add_notices(session, handoff_id, ["email"], NOON, news="withdrawn")
    engine = create_engine(database_url)
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        assert connection.scalar(text("SELECT count(*) FROM handoff_notices")) == 1
    engine.dispose()


def test_a_process_knows_whether_the_database_is_migrated(sessions: Sessions, empty_url: str) -> None:
    with sessions() as session:
        assert reports.is_migrated(session)
    engine = create_engine(empty_url)
    with Session(engine) as session:
        assert not reports.is_migrated(session)
    engine.dispose()


def catalogue(url: str) -> set[str]:
    """Every column, index and constraint, as the database spells it."""
    with psycopg.connect(plain(url)) as connection:
        return {str(row[0]) for row in connection.execute(CATALOGUE)}

"""PostgreSQL and Valkey under the supervisor: started, killed in every way, started again."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis
import sqlalchemy

from nurture.embedded.errors import EmbeddedError, FolderInUse
from nurture.embedded.folders import lock_folder, make_private_folder, socket_folder
from nurture.embedded.postgres import database_url, postgres_command, prepare_postgres, wait_for_postgres
from nurture.embedded.valkey import prepare_valkey, redis_url, valkey_command, wait_for_valkey

Up = Callable[[Path], Any]


def query(folder: Path, statement: str) -> Any:
    engine = sqlalchemy.create_engine(database_url(folder / "postgres"))
    try:
        with engine.begin() as connection:
            answer = connection.execute(sqlalchemy.text(statement))
            return answer.scalar() if answer.returns_rows else None
    finally:
        engine.dispose()


def valkey(folder: Path) -> redis.Redis:
    return redis.Redis.from_url(redis_url(folder / "valkey"), decode_responses=True)


def server(script: Any, name: str) -> psutil.Process:
    (found,) = [p for p in psutil.Process(script.process.pid).children() if p.name().startswith(name)]
    return found


def write(folder: Path) -> None:
    query(folder, "CREATE TABLE kept AS SELECT 42 AS answer")
    with valkey(folder) as client:
        client.set("kept", "42")


def assert_kept(folder: Path) -> None:
    assert query(folder, "SELECT answer FROM kept") == 42
    with valkey(folder) as client:
        assert client.get("kept") == "42"


def test_sigterm_ends_everything_and_the_next_start_has_the_data(up: Up, data_folder: Path) -> None:
    script = up(data_folder)
    write(data_folder)
    family = script.family()
    script.send(signal.SIGTERM)
    assert script.process.wait(15) == 0
    assert psutil.wait_procs(family, 1)[1] == []
    assert not (data_folder / "postgres" / "postmaster.pid").exists()
    up(data_folder)
    assert_kept(data_folder)


def test_s12_killed_servers_come_back(up: Up, data_folder: Path, until: Callable[..., None]) -> None:
    script = up(data_folder)
    write(data_folder)
    # appendfsync everysec writes before it answers, so a kill of the process loses nothing.
    for process in [server(script, name) for name in ("postgres", "valkey")]:
        process.kill()
    until(lambda: script.text().count("part started") == 4)
    wait_for_postgres(data_folder / "postgres")
    wait_for_valkey(data_folder / "valkey")
    assert_kept(data_folder)


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_works(up: Up, data_folder: Path) -> None:
    script = up(data_folder)
    write(data_folder)
    family = script.family()
    script.send(signal.SIGKILL)
    script.process.wait()
    again = up(data_folder)  # at once, while the old servers may be going down
    assert psutil.wait_procs(family, 10)[1] == []
    assert_kept(data_folder)
    assert "part ended" not in again.text()
    assert "FATAL" not in again.text()


def test_an_open_transaction_does_not_hold_up_the_stop(up: Up, data_folder: Path) -> None:
    script = up(data_folder)
    host = str(socket_folder(data_folder / "postgres", ".s.PGSQL.5432"))
    with psycopg.connect(host=host, user="postgres", dbname="nurture") as connection:
        connection.execute("SELECT 1")
        script.send(signal.SIGTERM)
        assert script.process.wait(8) == 0
        connection.close()


def test_two_starts_on_one_folder_are_a_clear_error(running: Any) -> None:
    with pytest.raises(
        FolderInUse, match=rf"in use by another nurture \(process {running.script.process.pid}\)"
    ):
        lock_folder(running.folder).__enter__()


def test_a_server_still_running_on_the_folder_is_a_clear_error(running: Any) -> None:
    with pytest.raises(FolderInUse, match=f"process {server(running.script, 'postgres').pid}"):
        prepare_postgres(running.folder / "postgres", timeout_seconds=0.1)
    with pytest.raises(FolderInUse, match="already runs"):
        prepare_valkey(running.folder / "valkey", timeout_seconds=0.1)
    assert query(running.folder, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["long-" * 30, "with space, comma'%41#?é"])
def test_any_folder_path_works(up: Up, data_folder: Path, name: str) -> None:
    folder = data_folder / name
    sockets = [
        socket_folder(folder / "postgres", ".s.PGSQL.5432"),
        socket_folder(folder / "valkey", "valkey.sock"),
    ]
    assert all(socket.parent == Path("/tmp") for socket in sockets)
    try:
        up(folder)
        write(folder)
        assert_kept(folder)
        assert [socket.stat().st_mode & 0o777 for socket in sockets] == [0o700, 0o700]
    finally:
        for socket in sockets:
            shutil.rmtree(socket)


def test_only_sockets_are_opened_and_only_their_owner_gets_in(running: Any) -> None:
    for process in running.script.family():
        assert process.net_connections(kind="inet") == []
    for folder in ("postgres", "valkey"):
        assert (running.folder / folder).stat().st_mode & 0o077 == 0


def test_the_database_is_unicode(running: Any) -> None:
    assert query(running.folder, "SELECT lower('ÄÉŻ')") == "äéż"
    assert query(running.folder, "SHOW server_encoding") == "UTF8"
    assert query(running.folder, "SHOW synchronous_commit") == "on"


def test_x21_no_value_of_a_statement_is_in_the_servers_log(running: Any) -> None:
    query(running.folder, "CREATE TABLE people (email text PRIMARY KEY)")
    query(running.folder, "INSERT INTO people VALUES ('jane@acme.example')")
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        query(running.folder, "INSERT INTO people VALUES ('jane@acme.example')")
    query(running.folder, "DROP TABLE people")
    assert "duplicate key value" in running.script.text()
    assert "jane@" not in running.script.text()


def test_foreign_pg_variables_change_nothing(running: Any) -> None:
    assert query(running.folder, "SHOW port") == "5432"


def test_the_pid_of_another_process_in_a_stale_file_is_no_obstacle(data_folder: Path) -> None:
    folder = data_folder / "postgres"
    prepare_postgres(folder)
    (folder / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n")
    prepare_postgres(folder, timeout_seconds=0.1)
    assert not (folder / "postmaster.pid").exists()


def test_an_interrupted_initdb_is_begun_again(data_folder: Path) -> None:
    half = data_folder / "postgres.making"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    prepare_postgres(data_folder / "postgres")
    assert not half.exists()
    assert (data_folder / "postgres" / "global" / "pg_control").exists()


def test_prepare_changes_nothing_the_second_time(data_folder: Path) -> None:
    folder = data_folder / "postgres"
    prepare_postgres(folder)
    before = (folder / "global" / "pg_control").read_bytes()
    prepare_postgres(folder)
    assert (folder / "global" / "pg_control").read_bytes() == before


def test_foreign_files_and_other_versions_are_refused(data_folder: Path) -> None:
    folder = data_folder / "postgres"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(EmbeddedError, match="not empty"):
        prepare_postgres(folder)
    (folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="PostgreSQL 16"):
        prepare_postgres(folder)
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="--data"):
        lock_folder(tmp_path / "file").__enter__()


def test_a_socket_folder_that_somebody_else_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "trap").symlink_to(tmp_path / "target")
    with pytest.raises(EmbeddedError, match="belongs to"):
        make_private_folder(tmp_path / "trap", os.geteuid())


def test_waiting_ends_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="PostgreSQL did not get ready within 0.1 s"):
        wait_for_postgres(tmp_path, timeout_seconds=0.1)
    with pytest.raises(EmbeddedError, match="Valkey did not answer within 0.1 s"):
        wait_for_valkey(tmp_path, timeout_seconds=0.1)


def test_the_commands_run_in_the_foreground(data_folder: Path) -> None:
    assert "listen_addresses=" in postgres_command(data_folder)
    words = valkey_command(data_folder)
    assert words[words.index("--daemonize") + 1] == "no"
    assert words[words.index("--port") + 1] == "0"
    assert words[words.index("--maxmemory-policy") + 1] == "noeviction"

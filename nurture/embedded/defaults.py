"""Fills in what the environment leaves out, so that one command runs on a bare machine."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nurture.embedded.errors import EmbeddedError
from nurture.embedded.postgres import database_url
from nurture.embedded.valkey import redis_url

MAILBOX_PORTS = {"MAILBOX_SMTP_PORT": "2525", "MAILBOX_HTTP_PORT": "8025"}


@dataclass(frozen=True, slots=True)
class Filled:
    """A whole environment, and which servers are ours to run because it named none.

    `mailbox_ports`: where the development mailbox takes mail, and where its page is.
    """

    environ: dict[str, str]
    data: Path
    postgres: bool
    valkey: bool
    mailbox: bool
    mailbox_ports: tuple[int, int]


def fill_in(environ: Mapping[str, str], data: Path, *, make_secrets: bool = False) -> Filled:
    """The environment with defaults for this data folder. Mail goes to the development mailbox, never out.

    Secrets are kept in `data/secrets`, made once by `make_secrets`; variables that are set always win.
    """
    data = data.absolute()
    host, _, port = (environ.get("WEB_LISTEN") or "127.0.0.1:8000").rpartition(":")
    smtp_port, page_port = (_port(environ, name) for name in MAILBOX_PORTS)
    defaults = {
        "DATA_DIR": str(data),
        "BASE_URL": f"http://{'127.0.0.1' if host in ('0.0.0.0', '[::]') else host}:{port}",  # noqa: S104
        "DATABASE_URL": database_url(data / "postgres"),
        "REDIS_URL": redis_url(data / "valkey"),
        "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        **_secrets(data, make=make_secrets),
    }
    given = {name: value for name, value in environ.items() if value}
    return Filled(
        environ={**defaults, **given},
        data=data,
        postgres="DATABASE_URL" not in given,
        valkey="REDIS_URL" not in given,
        mailbox="SMTP_URL" not in given,
        mailbox_ports=(smtp_port, page_port),
    )


def _port(environ: Mapping[str, str], name: str) -> int:
    value = environ.get(name) or MAILBOX_PORTS[name]
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise EmbeddedError(f"{name} must be a port, {MAILBOX_PORTS[name]} for example")
    return int(value)


def _secrets(data: Path, *, make: bool) -> dict[str, str]:
    folder = data / "secrets"
    names = ("SECRET_KEY", "WEBHOOK_SECRET")
    if make:
        for name in names:
            _make_secret(folder / name)
    try:
        return {name: (folder / name).read_text() for name in names if (folder / name).exists()}
    except OSError as error:
        raise EmbeddedError(f"cannot read {folder}: {error.strerror}") from error


def _make_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))

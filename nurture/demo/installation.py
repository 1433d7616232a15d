"""An installation for the demonstration: every part that `nurture up` runs, on free ports."""

import os
import secrets
import socket
import sys
import time
from base64 import b64encode
from collections.abc import Iterable, MutableMapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nurture.cli.running import everything, start_servers
from nurture.demo.cast import Cast
from nurture.embedded.defaults import Filled, fill_in
from nurture.embedded.errors import PartFailed
from nurture.embedded.part import Part
from nurture.embedded.supervisor import Supervisor
from nurture.settings import Settings, from_env
from nurture.store.migrating import migrate

LOOPBACK: Final = "127.0.0.1"
MAILERS: Final = 2
SETTLE_SECONDS: Final = 2
PATIENCE_SECONDS: Final = 30
# What an installation is told; the demonstration runs on servers of its own, whatever is set here.
OURS: Final = frozenset(
    {
        *("DATA_DIR", "BASE_URL", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SECRET_KEYS_OLD", "LOG_LEVEL"),
        *("WEBHOOK_SECRET", "BOUNCE_DOMAIN", "WEB_LISTEN", "LMTP_LISTEN", "TRUSTED_PROXIES"),
        *("WEBHOOK_ALLOW_PRIVATE", "DKIM_KEY_FILE", "DKIM_SELECTOR", "DKIM_DOMAIN", "JUDGE_SETTLE_SECONDS"),
    }
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where everything is. `filled` is the whole environment of the parts."""

    filled: Filled
    settings: Settings
    smtp_port: int
    mailbox_port: int
    hooks_port: int

    @property
    def mailbox_url(self) -> str:
        """The page of the development mailbox."""
        return f"http://{LOOPBACK}:{self.mailbox_port}"

    @property
    def folder(self) -> Path:
        """Where the demonstration keeps its own files."""
        return self.filled.data / "demo"

    def hook(self, rep: str) -> str:
        """The webhook of a rep."""
        return f"http://{LOOPBACK}:{self.hooks_port}/hooks/{rep}"


def plan_site(data: Path) -> Site:
    """Choose ports and secrets, and forget what this process's environment says of another installation."""
    forget_installation(os.environ)
    web, lmtp, smtp, mailbox, hooks = free_ports(5)
    told = {
        "WEB_LISTEN": f"{LOOPBACK}:{web}",
        "LMTP_LISTEN": f"{LOOPBACK}:{lmtp}",
        "SMTP_URL": f"smtp://{LOOPBACK}:{smtp}",
        "WEBHOOK_SECRET": f"whsec_{b64encode(secrets.token_bytes(32)).decode()}",
        "WEBHOOK_ALLOW_PRIVATE": "yes",
        "JUDGE_SETTLE_SECONDS": str(SETTLE_SECONDS),
    }
    filled = fill_in({**os.environ, **told}, data, make_secrets=True)
    site = Site(filled, from_env(filled.environ), smtp, mailbox, hooks)
    site.folder.mkdir(parents=True, exist_ok=True)
    return site


def forget_installation(environ: MutableMapping[str, str]) -> None:
    """Remove the variables that would lead the parts to other servers than their own."""
    for name in [name for name in environ if name in OURS or name.startswith("SMTP_URL")]:
        del environ[name]


def free_ports(number: int) -> list[int]:
    """Different free ports of loopback."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(number)]
        return [int(each.getsockname()[1]) for each in sockets]


def start_everything(supervisor: Supervisor, site: Site, cast: Cast) -> None:
    """Start servers, parts and recipients; returns when they can be used, or a signal asks for the end."""
    start_servers(supervisor, site.filled)
    supervisor.start(_mailbox_part(site, (member.address for member in cast.members if member.role.refused)))
    if not supervisor.stopping:
        migrate(site.settings.database_url)
    for part in everything(site.filled, site.settings, MAILERS):
        supervisor.start(part)
    supervisor.start(_recipients_part(site))


def _mailbox_part(site: Site, refused: Iterable[str]) -> Part:
    command = [
        *(sys.executable, "-m", "nurture.embedded.mailbox", "--folder", str(site.filled.data / "mailbox")),
        *("--smtp-port", str(site.smtp_port), "--http-port", str(site.mailbox_port)),
        *(word for address in refused for word in ("--refuse", f"{_wire(address)}=550 5.1.1 no such user")),
    ]
    return Part("mailbox", command, ready=lambda: await_port(LOOPBACK, site.smtp_port))


def _recipients_part(site: Site) -> Part:
    """Ready when the door for their replies is open as well."""
    host, port = site.settings.lmtp_listen
    command = [
        *(sys.executable, "-m", "nurture.demo.recipients", "--cast", str(site.folder / "cast.json")),
        *("--diary", str(site.folder / "diary.jsonl"), "--mailbox", site.mailbox_url),
        *("--lmtp", f"{host}:{port}", "--hooks", str(site.hooks_port)),
    ]
    environ = {"WEBHOOK_SECRET": site.settings.webhook_secret}

    def ready() -> None:
        await_port(host, port)
        await_port(LOOPBACK, site.hooks_port)

    return Part("recipients", command, environ, ready=ready)


def _wire(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


def await_port(host: str, port: int) -> None:
    """Return when somebody listens there; raises PartFailed after a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection((host, port), timeout=2).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise PartFailed(f"nobody listens on {host}:{port}: {error}") from error
        time.sleep(0.05)

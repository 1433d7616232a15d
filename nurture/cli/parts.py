"""The parts of an installation as processes for the supervisor."""

import sys
import urllib.request
from collections.abc import Mapping
from time import monotonic, sleep

from nurture.embedded.defaults import Filled
from nurture.embedded.errors import PartFailed
from nurture.embedded.part import Part
from nurture.jobs import MAIL, NOW, WORK


def worker_parts(environ: Mapping[str, str], mailers: int) -> list[Part]:
    """A worker for what cannot wait, `mailers` for mail, one for the rest."""
    mails = [_part(f"mail-{number}", MAIL, environ) for number in range(1, mailers + 1)]
    return [_part("now", NOW, environ), *mails, _part("work", WORK, environ)]


def shipper_part(environ: Mapping[str, str]) -> Part:
    """Moves this host's journals to the database."""
    return _part("shipper", "shipper", environ)


def clock_part(environ: Mapping[str, str]) -> Part:
    return _part("clock", "clock", environ)


def inbound_part(environ: Mapping[str, str]) -> Part:
    return _part("inbound", "inbound", environ)


def web_part(environ: Mapping[str, str], listen: tuple[str, int]) -> Part:
    """The web server; ready when it answers."""
    command = [sys.executable, "-m", "nurture.web"]
    return Part("web", command, dict(environ), ready=lambda: _answers(listen))


def mailbox_part(filled: Filled) -> Part:
    """The development mailbox, where mail goes that has no server."""
    smtp, page = filled.mailbox_ports
    ports = ["--smtp-port", str(smtp), "--http-port", str(page)]
    folder = ["--folder", str(filled.data / "mailbox")]
    return Part("mailbox", [sys.executable, "-m", "nurture.embedded.mailbox", *ports, *folder])


def _part(name: str, module_part: str, environ: Mapping[str, str]) -> Part:
    return Part(name, [sys.executable, "-m", "workers", module_part], dict(environ), stop_seconds=20)


def _answers(listen: tuple[str, int]) -> None:
    host, port = listen
    deadline = monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(f"http://{host}:{port}/healthz", timeout=2).close()  # noqa: S310
            return
        except OSError as error:
            if monotonic() > deadline:
                raise PartFailed(f"the web server does not answer on {host}:{port}: {error}") from error
        sleep(0.05)

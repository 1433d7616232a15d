"""Runs an installation, or one part of it."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from nurture.bootstrap import check_settings
from nurture.cli import parts
from nurture.cli.options import data_option
from nurture.embedded.addresses import refuse_taken
from nurture.embedded.defaults import MAILBOX_PORTS, Filled, fill_in
from nurture.embedded.folders import lock_folder
from nurture.embedded.part import Part
from nurture.embedded.postgres import postgres_part
from nurture.embedded.supervisor import Supervisor
from nurture.embedded.valkey import valkey_part
from nurture.settings import Settings, from_env
from nurture.store.migrating import migrate as bring_up_to_date

mailers_option = click.option(
    "--mailers", type=click.IntRange(1, 64), default=1, show_default=True, help="Workers that send mail."
)


@click.command()
@data_option
@mailers_option
def up(data: Path, mailers: int) -> None:
    """Run everything; start PostgreSQL, Valkey and a mailbox where the environment names none."""
    filled = fill_in(os.environ, data, make_secrets=True)
    settings = from_env(filled.environ)
    check_settings(settings)
    with lock_folder(filled.data), Supervisor() as supervisor:
        refuse_taken(_addresses(filled, settings))
        start_servers(supervisor, filled)
        if not supervisor.stopping:
            bring_up_to_date(settings.database_url)
        for part in everything(filled, settings, mailers):
            supervisor.start(part)
        if not supervisor.stopping:
            _say_where(filled, settings)
        supervisor.run_forever()


@click.command()
@data_option
def web(data: Path) -> None:
    """Serve tracked links, pages and the API; ship this host's hits."""
    filled, settings = _filled(data)
    refuse_taken([("WEB_LISTEN", settings.web_listen)])
    run_parts([parts.shipper_part(filled.environ), parts.web_part(filled.environ, settings.web_listen)])


@click.command()
@data_option
@mailers_option
def worker(data: Path, mailers: int) -> None:
    """Send mail, judge, promote and hand off; ship this host's receipts."""
    filled, _settings = _filled(data)
    run_parts([parts.shipper_part(filled.environ), *parts.worker_parts(filled.environ, mailers)])


@click.command()
@data_option
def clock(data: Path) -> None:
    """Wake the workers for what is due. One is enough; two do no harm."""
    run_parts([parts.clock_part(_filled(data)[0].environ)])


@click.command()
@data_option
def inbound(data: Path) -> None:
    """Take replies and bounces by LMTP from a mail server."""
    filled, settings = _filled(data)
    refuse_taken([("LMTP_LISTEN", settings.lmtp_listen)])
    run_parts([parts.inbound_part(filled.environ)])


@click.command()
@data_option
def migrate(data: Path) -> None:
    """Bring the database to this version; safe to run on several hosts at once."""
    bring_up_to_date(_filled(data)[1].database_url)


def start_servers(supervisor: Supervisor, filled: Filled) -> None:
    """Start those servers that the environment did not name."""
    if filled.postgres:
        supervisor.start(postgres_part(filled.data / "postgres"))
    if filled.valkey:
        supervisor.start(valkey_part(filled.data / "valkey"))
    if filled.mailbox:
        supervisor.start(parts.mailbox_part(filled))


def everything(filled: Filled, settings: Settings, mailers: int) -> list[Part]:
    """All parts of an installation on one host, in the order they start."""
    return [
        parts.shipper_part(filled.environ),
        *parts.worker_parts(filled.environ, mailers),
        parts.clock_part(filled.environ),
        parts.inbound_part(filled.environ),
        parts.web_part(filled.environ, settings.web_listen),
    ]


def run_parts(wanted: Sequence[Part]) -> None:
    """Keep these parts running until a signal asks for the end."""
    with Supervisor() as supervisor:
        for part in wanted:
            supervisor.start(part)
        supervisor.run_forever()


def _addresses(filled: Filled, settings: Settings) -> list[tuple[str, tuple[str, int]]]:
    """Where an installation listens, after the setting that says so."""
    listen = [("WEB_LISTEN", settings.web_listen), ("LMTP_LISTEN", settings.lmtp_listen)]
    mailbox = zip(MAILBOX_PORTS, filled.mailbox_ports, strict=True) if filled.mailbox else ()
    return listen + [(setting, ("127.0.0.1", port)) for setting, port in mailbox]


def _filled(data: Path) -> tuple[Filled, Settings]:
    filled = fill_in(os.environ, data)
    settings = from_env(filled.environ)
    check_settings(settings)
    return filled, settings


def _say_where(filled: Filled, settings: Settings) -> None:
    click.echo(f"Nurture is up at {settings.base_url} (data in {filled.data}); Ctrl-C ends it.")
    host, port = settings.lmtp_listen
    click.echo(f"Replies and bounces: LMTP on {host}:{port}.")
    if filled.mailbox:
        click.echo(
            f"No SMTP_URL is set: mail goes to http://127.0.0.1:{filled.mailbox_ports[1]} and no further."
        )

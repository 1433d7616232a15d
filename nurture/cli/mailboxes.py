"""Shows the mailboxes, lets one rest and lets it send again."""

import getpass
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nurture.cli.options import NAME, data_option, open_app
from nurture.cli.visible import visible
from nurture.core.reputation import WINDOW
from nurture.services import resting
from nurture.services.resting import MailboxState, UnknownMailbox

by_option = click.option(
    "--by", type=NAME, default=getpass.getuser, show_default="your user name", help="Who says so."
)


@click.group(invoke_without_command=True)
@data_option
@click.pass_context
def mailboxes(context: click.Context, data: Path) -> None:
    """List the mailboxes: what came back of their mails, and which of them rest."""
    if context.invoked_subcommand:
        return
    app = open_app(data)
    table = Table("mailbox", f"sent in {WINDOW.days} days", "bounced", "complaints", "state", box=None)
    with app.sessions() as session:
        for mailbox in resting.list_mailboxes(session, now=app.now()):
            table.add_row(*(escape(visible(cell)) for cell in _cells(mailbox)))
    Console().print(table)


@mailboxes.command("rest")
@click.argument("name")
@click.option("--why", required=True, help="Shown wherever a mail is put off.")
@by_option
@data_option
def rest(name: str, why: str, by: str, data: Path) -> None:
    """Let a mailbox send nothing until `nurture mailboxes resume`."""
    app = open_app(data)
    try:
        with app.sessions() as session:
            changed = resting.rest(session, name, why=why, by=by, now=app.now())
    except UnknownMailbox as error:
        sys.exit(visible(f"nurture: {error}"))
    click.echo(visible(f"{name} rests" if changed else f"{name} rests already"))


@mailboxes.command("resume")
@click.argument("name")
@by_option
@data_option
def resume(name: str, by: str, data: Path) -> None:
    """Let a mailbox send again; what came back before is not counted any more."""
    app = open_app(data)
    try:
        with app.sessions() as session:
            changed = resting.resume(session, name, by=by, now=app.now())
    except UnknownMailbox as error:
        sys.exit(visible(f"nurture: {error}"))
    click.echo(visible(f"{name} sends again, within ten minutes" if changed else f"{name} does not rest"))


def _cells(mailbox: MailboxState) -> tuple[str, ...]:
    record = mailbox.record
    until = f" until {mailbox.until:%Y-%m-%d %H:%M} UTC" if mailbox.until else ""
    state = f"rests{until}: {mailbox.rests}" if mailbox.rests else "sends"
    return mailbox.name, str(record.sent), str(record.bounced), str(record.complained), state

"""Asks the program: why a contact is where it is, which mails matched nobody; and makes keys."""

import secrets
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nurture.cli.options import data_option, open_app
from nurture.cli.visible import visible
from nurture.core.people.contact import BadAddress
from nurture.services import authenticating
from nurture.services.explaining import Explanation, Line, UnknownContact
from nurture.services.explaining import explain as explain_contact
from nurture.services.reviewing import list_unmatched


@click.command()
@click.argument("email")
@data_option
def explain(email: str, data: Path) -> None:
    """Say why a contact is where it is: stages, evidence, touches, and what comes next."""
    app = open_app(data)
    try:
        with app.sessions() as session:
            told = explain_contact(session, email, now=app.now())
    except (BadAddress, UnknownContact) as error:
        sys.exit(visible(f"nurture: {error}"))
    _print(told)


@click.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@data_option
def mails(limit: int, data: Path) -> None:
    """List the newest mails that came in and match nobody, or could not be read."""
    app = open_app(data)
    table = Table("received", "state", "kind", "from", "subject", box=None)
    with app.sessions() as session:
        for mail in list_unmatched(session, limit=limit):
            row = (
                f"{mail.received_at:%Y-%m-%d %H:%M}",
                mail.state,
                mail.kind,
                mail.from_address,
                mail.subject,
            )
            table.add_row(*map(_text, row))
    Console().print(table)


@click.group("api-keys")
def api_keys() -> None:
    """Keys with which other systems send signals."""


@api_keys.command("create")
@click.argument("name")
@data_option
def create_key(name: str, data: Path) -> None:
    """Make a key and show it, this once."""
    app = open_app(data)
    key = f"nk_{secrets.token_urlsafe(32)}"
    with app.sessions() as session:
        made = authenticating.add_key(session, name, key, now=app.now())
    if not made:
        sys.exit(f"nurture: there is a key named {name} already: revoke it, or choose another name")
    click.echo(key)


@api_keys.command("revoke")
@click.argument("name")
@data_option
def revoke_key(name: str, data: Path) -> None:
    """End a key."""
    app = open_app(data)
    with app.sessions() as session:
        ended = authenticating.revoke_key(session, name, now=app.now())
    if not ended:
        sys.exit(f"nurture: no valid key is named {name}")
    click.echo(f"{name} is revoked.")


def _print(told: Explanation) -> None:
    console = Console(highlight=False)
    since = f"{told.since:%Y-%m-%d %H:%M} UTC"
    head = f"[bold]{_text(told.email)}[/bold] is [bold]{_text(told.stage)}[/bold] since {since}"
    console.print(f"{head}, fit {told.grade}, interest {told.score:g}")
    if told.suppressed:
        console.print(f"[red]gets no mail: {_text(told.suppressed)}[/red]")
    sections = {
        "Stages": told.stages,
        "Evidence": told.evidence,
        "Touches": told.touches,
        "Handoffs and tasks": told.handoffs,
        "What comes next": told.next,
        "What other stages would take": told.missing,
    }
    for title, lines in sections.items():
        if lines:
            console.print(f"\n[bold]{title}[/bold]")
        for line in lines:
            _print_line(console, line)


def _print_line(console: Console, line: Line) -> None:
    moment = f"{line.at:%Y-%m-%d %H:%M:%S}" if line.at else " " * 19
    console.print(f"  {moment}  {_text(line.text)}", soft_wrap=True)
    for sentence in line.because:
        console.print(f"  {' ' * 19}    {_text(sentence)}", style="dim", soft_wrap=True)


def _text(text: str) -> str:
    return escape(visible(text))

"""Shows the replies that wait for a person, and takes what the person decides."""

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nurture import jobs
from nurture.cli.options import NAME, NUMBER, data_option, open_app
from nurture.cli.visible import visible
from nurture.core.reaction import DEFAULT_ACTIONS
from nurture.services import reviewing
from nurture.services.reviewing import CannotDecide, Choice, Decision, Shown

LINE_CHARS = 100


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@data_option
@click.pass_context
def replies(context: click.Context, limit: int, data: Path) -> None:
    """List the mails that came in and wait for a person, the longest first."""
    if context.invoked_subcommand:
        return
    app = open_app(data)
    table = Table("id", "received", "from", "contact", "it says", "first line", "it waits because", box=None)
    with app.sessions() as session:
        for mail in reviewing.list_waiting(session, limit=limit):
            table.add_row(*map(_text, _row(mail)))
    Console().print(table)


@replies.command("show")
@click.argument("mail", type=NUMBER)
@data_option
def show(mail: int, data: Path) -> None:
    """Show one mail: what it says, how it was read, and why it waits."""
    app = open_app(data)
    try:
        with app.sessions() as session:
            _print(reviewing.show(session, mail))
    except CannotDecide as error:
        sys.exit(visible(f"nurture: {error}"))


@replies.command("decide")
@click.argument("mail", type=NUMBER)
@click.option(
    "--as", "intents", multiple=True, type=click.Choice(list(DEFAULT_ACTIONS)), help="What it says."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day that a `not_now` means.")
@click.option("--go-on", "choice", flag_value="go_on", help="It was seen: the sequence goes on.")
@click.option("--stop", "choice", flag_value="stop", help="The contact leaves its sequences.")
@click.option("--suppress", "choice", flag_value="suppress", help="The address gets no mail any more.")
@click.option("--accept-referral", metavar="ADDRESS", help="The colleague it names becomes a contact.")
@click.option(
    "--by", required=True, type=NAME, metavar="NAME", help="Who decides; it is kept with the decision."
)
@data_option
def decide(
    mail: int,
    intents: tuple[str, ...],
    until: datetime | None,
    choice: Choice | None,
    accept_referral: str | None,
    by: str,
    data: Path,
) -> None:
    """Decide about a mail that waits: as if it had been read so, or what is to be done."""
    app = open_app(data)
    decision = Decision(intents, choice, accept_referral or "", until.date() if until else None)
    try:
        with app.sessions() as session:
            contact_id = reviewing.decide(session, mail, decision, by=by.strip(), now=app.now())
    except CannotDecide as error:
        sys.exit(visible(f"nurture: {error}"))
    if contact_id is not None:
        app.queue.wake(jobs.QUALIFY, contact_id)
    click.echo(visible(f"Mail {mail} is decided: {decision}."))


def _row(mail: Shown) -> tuple[str, ...]:
    return (
        str(mail.id),
        f"{mail.received_at:%Y-%m-%d %H:%M}",
        mail.from_address,
        mail.contact or "nobody we know",
        ", ".join(_said(intent) for intent in mail.intents) or mail.kind.replace("_", " "),
        mail.first_line[:LINE_CHARS],
        mail.why,
    )


def _print(mail: Shown) -> None:
    console = Console(highlight=False)
    known = f"{mail.contact} (by {mail.matched_by.replace('_', ' ')})" if mail.contact else "nobody we know"
    lines = {
        "from": mail.from_address,
        "contact": known,
        "subject": mail.subject,
        "received": f"{mail.received_at:%Y-%m-%d %H:%M} UTC by {mail.source}",
        "kind": ", ".join(filter(None, (mail.kind.replace("_", " "), mail.language))),
        "why this kind": "; ".join(mail.evidence),
        "it says": "; ".join(_said(intent) for intent in mail.intents),
        "it waits because": mail.why,
        "decided": mail.decision,
    }
    for title, line in lines.items():
        if line:
            console.print(f"[bold]{title}[/bold]: {_text(line)}", soft_wrap=True)
    console.print()
    for line in mail.text.splitlines():
        console.print(_text(line), soft_wrap=True)


def _said(intent: Mapping[str, Any]) -> str:
    """ "not now until 2026-07-01 (0.93: not before July)"."""
    rest = [f"until {intent['date']}"] if intent.get("date") else []
    rest += [str(intent[name]) for name in ("reason", "address") if intent.get(name)]
    what = " ".join((str(intent["name"]).replace("_", " "), *rest))
    because = f": {intent['because']}" if intent.get("because") else ""
    return f"{what} ({float(intent['confidence']):.2f}{because})"


def _text(text: str) -> str:
    return escape(visible(text))

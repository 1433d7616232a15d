"""Takes the word of whoever knows that it was a machine."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from nurture import jobs
from nurture.cli.options import NUMBER, data_option, open_app
from nurture.cli.visible import visible
from nurture.core.people.contact import BadAddress
from nurture.services import disowning
from nurture.services.disowning import Disowned, Nobody

_FORMATS = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]


@click.command()
@click.argument("email")
@click.option("--mail", type=NUMBER, help="Of this mail alone: its number in `nurture explain`.")
@click.option("--since", type=click.DateTime(_FORMATS), help="From this moment on, in UTC.")
@click.option("--by", required=True, help="Who says so: kept with the record.")
@data_option
def disown(email: str, mail: int | None, since: datetime | None, by: str, data: Path) -> None:
    """Say that what a contact fetched and sent was a machine's: all that came of it is undone.

    Opens, clicks and forms, with the promotions, handoffs and changes of sequence that rest on them, and
    what forms said on mail and tracking. What was said in a reply stands.
    """
    if not by.strip():
        raise click.BadParameter("write who says so", param_hint="--by")
    app = open_app(data)
    try:
        with app.sessions() as session:
            told = disowning.disown(
                session,
                by=by.strip()[:100],
                now=app.now(),
                email=email,
                message_id=mail,
                since=since.replace(tzinfo=UTC) if since else None,
            )
    except (BadAddress, Nobody) as error:
        sys.exit(visible(f"nurture: {error}"))
    app.queue.wake(jobs.QUALIFY, told.contact_id)
    for handoff_id in told.handoffs:
        app.queue.wake(jobs.HAND_OFF, handoff_id)
    _print(told)


def _print(told: Disowned) -> None:
    number = "1 hit or form is" if told.events == 1 else f"{told.events} hits and forms are"
    click.echo(f"{number} a machine's now.")
    for move in told.undone:
        click.echo(visible(f"Undone: {move}."))
    for move in told.flagged:
        click.echo(visible(f"Flagged for sales, who had accepted: {move}."))
    for purpose in told.taken_back:
        click.echo(f"Taken back: what was said on {purpose}.")

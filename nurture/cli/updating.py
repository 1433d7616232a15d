"""Takes newer lists of who fetches: agents, networks, gateways."""

import sys
from pathlib import Path

import click

from nurture import jobs
from nurture.cli.options import data_option, open_app
from nurture.cli.visible import visible
from nurture.services.updating import update_list


@click.command("update-lists")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@data_option
def update_lists(files: tuple[Path, ...], data: Path) -> None:
    """Replace the lists of agents, networks or gateways by those in FILES (TOML, as in the package).

    All of them or none; hits of the last days are judged again by them.
    """
    app = open_app(data)
    with app.sessions() as session:
        updates = []
        for file in files:
            try:
                updates.append(update_list(session, file.read_text("utf-8"), now=app.now()))
            except (ValueError, OSError) as error:
                session.rollback()
                sys.exit(visible(f"nurture: {file}: {_told(error)}; nothing was changed"))
    if any(update.changed for update in updates):
        app.queue.wake(jobs.JUDGE_AGAIN)
    for update in updates:
        what = "is in use now" if update.changed else "was in use already"
        click.echo(visible(f"{update.name} of {update.dated} from {update.source}: {what}"))


def _told(error: ValueError | OSError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "this is not UTF-8: save it as such"
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).rstrip(".")

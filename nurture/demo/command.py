"""`nurture demo`."""

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from nurture.bootstrap import build_app
from nurture.demo.comparison import Record
from nurture.demo.figures import figures
from nurture.demo.installation import Site, plan_site, start_everything
from nurture.demo.screen import River, show_ending
from nurture.demo.story import Ending, Interrupted, Play, Stage, prepare, tell
from nurture.demo.terminal import last_words, own_terminal
from nurture.embedded.errors import EmbeddedError
from nurture.embedded.folders import lock_folder
from nurture.embedded.supervisor import Supervisor
from nurture.telling import set_up_logs

INTERRUPTED: Final = 130
PLAIN_WIDTH: Final = 130


@click.command()
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the figures to this file.",
)
@click.option("--exit", "leave", is_flag=True, help="End when the comparison is done.")
@click.option("--contacts", type=click.IntRange(1, 2000), default=42, show_default=True)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="An empty folder for it all; else a temporary one, which --exit removes.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same people for the same number.")
def demo(json_file: Path | None, leave: bool, contacts: int, data: Path | None, seed: int) -> None:
    """Run everything for real, with people who read and answer, and compare what both sides say."""
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise click.BadParameter("there is no such folder: make it first", param_hint="--json")
    folder = _folder(data)
    log = folder / "demo" / "log.txt"
    try:
        with own_terminal(log) as terminal:
            width = None if terminal.isatty() else PLAIN_WIDTH
            status = _run(Console(file=terminal, width=width), folder, json_file, leave, contacts, seed)
    except EmbeddedError:
        click.echo(last_words(log), err=True)
        click.echo(f"The folder {folder} is kept.", err=True)
        raise
    if data is None and leave and status in (0, INTERRUPTED):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        click.echo(f"The data of this demonstration are in {folder}.")
    sys.exit(status)


@dataclass(slots=True)
class _Telling:
    """The story's thread and what came of it."""

    console: Console
    site: Site
    play: Play
    leave: bool
    json_file: Path | None
    began: float
    stopped: threading.Event = field(default_factory=threading.Event)
    ending: Ending | None = None
    error: BaseException | None = None

    def run(self) -> None:
        """Tell the story; then end the supervisor, or say what there is to look at."""
        try:
            self._tell()
        except Interrupted:
            return
        except BaseException as error:
            self.error = error
        if self.leave or self.error is not None or self.ending is None:
            # The handler that ends the supervisor runs in the main thread.
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            _say_where(self.console, self.site, self.ending.record)

    def _tell(self) -> None:
        app = build_app(self.site.settings)
        with River(self.console) as river:
            self.ending = tell(Stage(app, self.site, self.play, self.stopped, river.show))
        if self.json_file is not None:
            seconds = time.monotonic() - self.began
            told = figures(self.ending.record, self.ending.differences, seconds)
            self.json_file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        show_ending(self.console, self.ending)


def _run(
    console: Console, folder: Path, json_file: Path | None, leave: bool, contacts: int, seed: int
) -> int:
    began = time.monotonic()
    set_up_logs("INFO")
    site = plan_site(folder)
    play = prepare(site, contacts, seed)
    telling = _Telling(console, site, play, leave, json_file, began)
    with lock_folder(folder), Supervisor() as supervisor:
        console.print(f"Starting PostgreSQL, Valkey, a mailbox and all parts of Nurture in {folder} …")
        start_everything(supervisor, site, play.cast)
        if not supervisor.stopping:
            console.print(f"All of them are up after {time.monotonic() - began:.1f} s.")
            thread = threading.Thread(target=telling.run, name="story")
            thread.start()
            supervisor.run_forever()
            telling.stopped.set()
            thread.join()
    return _status(telling)


def _status(telling: _Telling) -> int:
    if telling.error is not None:
        raise telling.error
    if telling.ending is None:
        return INTERRUPTED
    return 1 if telling.ending.differences else 0


def _folder(data: Path | None) -> Path:
    if data is None:
        return Path(tempfile.mkdtemp(prefix="nurture-demo-"))
    if data.exists() and any(data.iterdir()):
        raise click.BadParameter("choose an empty or a new folder", param_hint="--data")
    return data.absolute()


def _say_where(console: Console, site: Site, record: Record) -> None:
    """What to look at: the handed-off person's mails and history, and somebody's page for prices."""
    members = record.cast.members
    told = (member for member in members if member.role.handed_off and member.address.isascii())
    address = next(told, members[0]).address
    prices = next((entry.detail["prices"] for entry in record.arrived if entry.detail["prices"]), "")
    lines = {
        "every mail": f"{site.mailbox_url}/",
        "mails to one person": f"{site.mailbox_url}/?to={address}",
        "why they are there": f"nurture explain {address} --data {site.filled.data}",
        "asking for prices": prices or "nobody got a link to it",
    }
    console.print("\nEverything stays up to be looked at; Ctrl-C ends it.", highlight=False)
    for name, line in lines.items():
        console.print(f"  {name:<20} {line}", highlight=False, soft_wrap=True)

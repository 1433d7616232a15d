"""Brings in the marketer's files and the contacts."""

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from nurture import places
from nurture.cli.options import data_option, open_app
from nurture.cli.visible import visible
from nurture.core.people.column import BadColumns
from nurture.core.people.csv_reader import BadFile
from nurture.services.importing import ImportReport, RefusedRow, UnknownStage, import_contacts
from nurture.services.publishing import publish
from nurture.workspace.faults import WorkspaceFaults
from nurture.workspace.load import load_workspace


@click.group()
def workspace() -> None:
    """The marketer's files: stages, rules, team, sequences, mails."""


@workspace.command("apply")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--mails",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=lambda: places.templates() / "email",
    show_default="templates/email",
    help="The folder of the mails.",
)
@data_option
def apply(folder: Path, mails: Path, data: Path) -> None:
    """Check every file, then publish a new version; changes nothing where there is a fault."""
    try:
        loaded = load_workspace(folder, mails)
    except WorkspaceFaults as error:
        for fault in error.faults:
            click.echo(visible(f"{fault.file}:{fault.line}: {fault.message}"), err=True)
        click.echo(f"{len(error.faults)} to mend; nothing was changed.", err=True)
        sys.exit(1)
    app = open_app(data)
    with app.sessions() as session:
        version, changed = publish(session, loaded, now=app.now())
    click.echo(f"Published version {version}." if changed else f"Version {version} is current already.")


@click.group()
def contacts() -> None:
    """The people you write to."""


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "pairs", multiple=True, metavar="COLUMN=FIELD", help="Say what a column means.")
@click.option("--stage", help="The stage of new contacts; else the first.")
@click.option("--no-enroll", is_flag=True, help="Start no sequence.")
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every refused row with its number and reason to this CSV file.",
)
@data_option
def import_file(
    file: Path, pairs: tuple[str, ...], stage: str | None, no_enroll: bool, refused: Path | None, data: Path
) -> None:
    """Import contacts from a CSV file; the same file twice changes nothing."""
    app = open_app(data)
    mapping = dict(_pair(pair) for pair in pairs)
    try:
        with file.open("rb") as stream, _refusals(refused) as refuse, _bar(file) as progress:
            report = import_contacts(
                app.sessions,
                stream,
                now=app.now(),
                mapping=mapping,
                stage=stage,
                enroll=not no_enroll,
                source=file.name,
                progress=progress,
                refuse=refuse,
            )
    except (UnknownStage, BadFile, BadColumns) as error:
        sys.exit(visible(f"nurture: {file.name}: {error}"))
    _print_report(report, refused)


def _pair(pair: str) -> tuple[str, str]:
    column, equals, field = pair.rpartition("=")
    if not equals:
        raise click.BadParameter(f"write COLUMN=FIELD, not {pair!r}", param_hint="--map")
    return column, field


@contextmanager
def _refusals(path: Path | None) -> Iterator[Callable[[RefusedRow], None] | None]:
    if path is None:
        yield None
        return
    with _created(path) as file:
        writer = csv.writer(file)
        writer.writerow(["row", "reason", "value"])
        # A cell that begins like a formula would run in a spreadsheet.
        yield lambda row: writer.writerow([row.row, row.reason, _harmless(row.value)])


def _created(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        sys.exit(
            visible(f"nurture: --refused {path} cannot be written ({error.strerror}): name another file")
        )


def _harmless(value: str) -> str:
    return f"'{value}" if value[:1] in tuple("=+-@\t\r") else value


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[int, int], None]]:
    """Two passes over the file, so the bar is twice its size: reading, then storing."""
    size = file.stat().st_size
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=2 * size or 1)

        def show(done: int, rows: int) -> None:
            text = f"{rows:,} rows stored" if rows else "reading"
            progress.update(task, completed=done + (size if rows else 0), description=text)

        yield show


def _print_report(report: ImportReport, refused: Path | None) -> None:
    click.echo(
        f"{report.rows:,} rows: {report.created:,} new, {report.updated:,} updated, "
        f"{report.unchanged:,} unchanged, {report.refused:,} refused"
    )
    click.echo(
        f"{report.enrolled:,} enrolled, {report.accounts_created:,} new accounts, "
        f"{report.suppressed:,} of the contacts get no mail"
    )
    for row in report.first_refused:
        click.echo(visible(f"  row {row.row}: {row.reason}" + (f" ({row.value})" if row.value else "")))
    if report.refused > len(report.first_refused):
        rest = report.refused - len(report.first_refused)
        where = f"in {refused}" if refused else "with --refused FILE"
        click.echo(f"  and {rest:,} more, all {where}")

"""The course of the demonstration: publish, import, follow the people until all is done, compare."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event
from typing import Final

from nurture import places
from nurture.core.hasten import hasten
from nurture.core.workspace import Workspace
from nurture.demo.cast import Cast, Rep, make_cast, make_members, save_cast
from nurture.demo.comparison import Record, compare
from nurture.demo.contact_list import compose_list, count_bad_rows
from nurture.demo.diary import FINISHED, read_diary
from nurture.demo.installation import Site
from nurture.ports import App
from nurture.services.importing import ImportReport, import_contacts
from nurture.services.publishing import publish
from nurture.services.summarising import summarise
from nurture.workspace.load import load_workspace

WAIT: Final = timedelta(seconds=16)
LOOK_SECONDS: Final = 0.5
# Readers take their time, and the longest story has three mails of it.
PATIENCE_SECONDS: Final = 75.0
SETTLE_SECONDS: Final = 12.0


class Interrupted(Exception):
    """Somebody asked for the end before the story had come to its own."""


@dataclass(frozen=True, slots=True)
class Play:
    """What is played: the example workspace in a hurry, with webhooks, and everybody in it."""

    workspace: Workspace
    cast: Cast
    seed: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended. `seconds`: since the contacts were imported."""

    record: Record
    imported: ImportReport
    differences: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Stage:
    """What a story is told on. `show` is given every new state of things."""

    app: App
    site: Site
    play: Play
    stopped: Event
    show: Callable[[Record, ImportReport], None]


def prepare(site: Site, contacts: int, seed: int) -> Play:
    """Load the shipped example, make the cast and write it down for the recipients."""
    workspace = hasten(load_workspace(places.workspace(), places.templates() / "email"), wait=WAIT)
    reps = tuple(replace(rep, webhook=site.hook(rep.name)) for rep in workspace.reps)
    cast = make_cast(
        make_members(contacts, seed), (Rep(rep.name, rep.email, rep.webhook or "") for rep in reps)
    )
    save_cast(cast, site.folder / "cast.json")
    return Play(replace(workspace, reps=reps), cast, seed)


def tell(stage: Stage) -> Ending:
    """Play it to its end; raises Interrupted once `stage.stopped` is set."""
    with stage.app.sessions() as session:
        publish(session, stage.play.workspace, now=stage.app.now())
    imported = _import(stage)
    began = time.monotonic()
    record = _follow(stage, imported, began + PATIENCE_SECONDS + len(stage.play.cast.members) / 10)
    record, differences = _settle(stage, imported, record)
    return Ending(record, imported, differences, time.monotonic() - began)


def compare_import(report: ImportReport, cast: Cast) -> tuple[str, ...]:
    """Every good row of the list was taken and every bad one refused."""
    wanted = (len(cast.members), count_bad_rows(cast.members))
    if (report.created, report.refused) == wanted:
        return ()
    taken, refused = report.created, report.refused
    return (f"{wanted[0]} rows should be taken and {wanted[1]} refused; it was {taken} and {refused}",)


def _import(stage: Stage) -> ImportReport:
    file = stage.site.folder / "contacts.csv"
    file.write_bytes(compose_list(stage.play.cast.members, stage.play.seed))
    with file.open("rb") as stream:
        return import_contacts(stage.app.sessions, stream, now=stage.app.now(), source=file.name)


def _follow(stage: Stage, imported: ImportReport, deadline: float) -> Record:
    """Watch until the people have done all they wanted, or the time is up."""
    while True:
        record = _look(stage)
        stage.show(record, imported)
        if record.told(FINISHED) or time.monotonic() > deadline:
            return record
        _pause(stage)


def _settle(stage: Stage, imported: ImportReport, record: Record) -> tuple[Record, tuple[str, ...]]:
    """What is under way needs a moment to arrive: compare until nothing differs, or the time is up."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        differences = (*compare_import(imported, stage.play.cast), *compare(record))
        if not differences or time.monotonic() > deadline:
            return record, differences
        _pause(stage)
        record = _look(stage)
        stage.show(record, imported)


def _look(stage: Stage) -> Record:
    with stage.app.sessions() as session:
        summary = summarise(session)
    return Record(stage.play.cast, read_diary(stage.site.folder / "diary.jsonl"), summary)


def _pause(stage: Stage) -> None:
    if stage.stopped.wait(LOOK_SECONDS):
        raise Interrupted

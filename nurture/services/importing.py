"""Brings a contact list in: read and checked whole first, then stored in batches.

A fault of the file itself is found before anything is stored. A crash leaves whole batches; the same file
imported again completes them and finds the others unchanged.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain, islice
from pathlib import PurePath
from typing import BinaryIO

from nurture.core.people.column import choose_columns
from nurture.core.people.contact import BadRow, ContactRow, read_contact
from nurture.core.people.csv_reader import Row, guess_encoding, read_rows
from nurture.core.workspace import Workspace
from nurture.ports import Sessions
from nurture.store import imports, workspaces
from nurture.store.imports import Batch, Origin, Transactions

CHUNK_BYTES = 64 * 1024
READ_ROWS = 10_000
BATCH_ROWS = 2_000
SHOWN_REFUSALS = 100
EXCERPT_CHARS = 100

Progress = Callable[[int, int], None]
"""Called with (bytes, rows): first bytes read and 0 rows; then bytes whose rows are stored, and stored rows.

Both times the bytes grow to the size of the file.
"""


class UnknownStage(ValueError):
    """The stage asked for is none of the workspace's."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken, numbered as a spreadsheet does (the header is 1); `value` is an excerpt."""

    row: int
    reason: str
    value: str


@dataclass(slots=True)
class ImportReport:
    """What became of the rows: `rows` is `created + updated + unchanged + refused`; blank rows do not count.

    `suppressed` of the contacts, new or known, get no mail. `first_refused` are at most SHOWN_REFUSALS;
    the `refuse` of the import gets all of them.
    """

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    suppressed: int = 0
    enrolled: int = 0
    accounts_created: int = 0
    first_refused: list[RefusedRow] = field(default_factory=list)


def import_contacts(
    sessions: Sessions,
    file: BinaryIO,
    *,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    stage: str | None = None,
    enroll: bool = True,
    source: str | None = None,
    progress: Progress | None = None,
    refuse: Callable[[RefusedRow], None] | None = None,
) -> ImportReport:
    """Import a CSV file with a header; memory stays flat for any size.

    `mapping`: column header to field, attribute name or "-" (see core.column). `stage`: of new contacts
    whose row names none; else the workspace's first. `source`: the file's name for the consent record.
    `refuse` is given every refused row at once.
    Raises NoWorkspace, UnknownStage, BadFile, BadColumns before anything is stored.
    """
    with sessions() as session:
        version_id, workspace = workspaces.current(session)
    origin = _origin(version_id, workspace, stage, source or _name(file), now)
    job = _Import(ImportReport(), progress or _ignore, refuse or _ignore)
    with _rewindable(file) as rewindable, imports.one_connection(sessions) as transactions:
        stages = [stage.name for stage in workspace.stages]
        last = job.read(rewindable, transactions, mapping or {}, stages)
        job.store(transactions, last, origin, enroll=enroll)
    return job.report


@dataclass(slots=True)
class _Import:
    """One import on its way: its two passes, and what they count."""

    report: ImportReport
    progress: Progress
    refuse: Callable[[RefusedRow], None]
    size: int = 0

    def read(
        self, file: BinaryIO, transactions: Transactions, mapping: Mapping[str, str], stages: list[str]
    ) -> int:
        """Check every row and keep the good ones in the temporary list; the number of the last of them."""
        start = file.tell()
        encoding = guess_encoding(_chunks(file))
        file.seek(start)
        rows = read_rows(self._counted(_chunks(file)), encoding)
        columns = choose_columns(next(rows, Row(1, [])).cells, mapping)
        contacts = self._contacts(rows, partial(read_contact, columns=columns, stages=stages))
        with transactions() as session:
            imports.open_list(session)
        for first in contacts:
            with transactions() as session:
                imports.keep(session, chain([first], islice(contacts, READ_ROWS)))
        with transactions() as session:
            return imports.close_list(session)

    def store(self, transactions: Transactions, last: int, origin: Origin, *, enroll: bool) -> None:
        """Store the kept rows, one transaction a batch."""
        for after in range(0, last, BATCH_ROWS):
            batch = Batch(after, min(after + BATCH_ROWS, last))
            with transactions() as session:
                repeated = imports.drop_repeated(session, batch)
                accounts = imports.store_accounts(session, batch, origin.now)
                stored = imports.store_contacts(session, batch, origin, enroll=enroll)
            for number, email, winner in repeated:
                self._refuse(number, f"the same address as row {winner}, which was taken instead", email)
            self.report.accounts_created += accounts
            self.report.created += stored.created
            self.report.updated += stored.updated
            self.report.unchanged += stored.contacts - stored.created - stored.updated
            self.report.suppressed += stored.suppressed
            self.report.enrolled += stored.enrolled
            self.progress(self.size * batch.last // last, self._stored())

    def _contacts(
        self, rows: Iterator[Row], read: Callable[[list[str]], ContactRow]
    ) -> Iterator[tuple[int, ContactRow]]:
        for row in rows:
            self.report.rows += 1
            try:
                contact = read(row.cells)
            except BadRow as error:
                self._refuse(row.number, error.reason, error.value)
            else:
                yield row.number, contact

    def _refuse(self, number: int, reason: str, value: str) -> None:
        refused = RefusedRow(number, reason, value[:EXCERPT_CHARS])
        self.report.refused += 1
        if len(self.report.first_refused) < SHOWN_REFUSALS:
            self.report.first_refused.append(refused)
        self.refuse(refused)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.size += len(chunk)
            yield chunk
            self.progress(self.size, 0)

    def _stored(self) -> int:
        return self.report.created + self.report.updated + self.report.unchanged


def _origin(version_id: int, workspace: Workspace, stage: str | None, source: str, now: datetime) -> Origin:
    names = [stage.name for stage in workspace.stages]
    if stage is not None and stage not in names:
        raise UnknownStage(f'There is no stage "{stage}" in the workspace: use one of {", ".join(names)}.')
    return Origin(
        version_id=version_id,
        stage=stage or names[0],
        sequences={stage.name: stage.sequence for stage in workspace.stages if stage.sequence},
        source=f"import {source}",
        wording=f"imported from {source}: whoever imported it says that the contact agreed to marketing mail",
        now=now,
    )


def _name(file: BinaryIO) -> str:
    name = getattr(file, "name", None)
    return PurePath(name).name if isinstance(name, str) else "file"


@contextmanager
def _rewindable(file: BinaryIO) -> Iterator[BinaryIO]:
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield copy


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    return iter(partial(file.read, CHUNK_BYTES), b"")


def _ignore(*_: object) -> None:
    pass

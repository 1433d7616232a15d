"""Sequence files: nested steps, flattened into a chain in which every step knows the next one by name."""

from pathlib import Path
from typing import Final

from nurture.core.sequence import Sequence
from nurture.workspace import values
from nurture.workspace.faults import Notes, Place
from nurture.workspace.item import Item
from nurture.workspace.steps import StepReader, chain
from nurture.workspace.yaml_lines import read_yaml

_KEYS: Final = ("name", "title", "priority", "steps")


def read_sequences(folder: Path, notes: Notes) -> tuple[Sequence, ...]:
    """Every `*.yaml` in `folder`, by file name."""
    if not folder.is_dir():
        notes.fault(Place(str(folder), 1), "this folder is missing: add it, with one YAML file per sequence")
        notes.blind("sequence")
        return ()
    return tuple(_read_file(path, notes) for path in sorted(folder.glob("[!.]*.yaml")))


def _read_file(path: Path, notes: Notes) -> Sequence:
    item = read_yaml(path, notes)
    if item is None:
        notes.blind("sequence")
        return Sequence("", "", 0, "", ())
    return _read(item)


def _read(item: Item) -> Sequence:
    table = item.table(*_KEYS)
    name = table.need("name", values.name, "")
    is_first = table.known.get("name", item).declare("sequence", name) if name else False
    drafts = table.need("steps", StepReader(name if is_first else item.file).read, ())
    first, steps = chain(drafts, None)
    sequence = Sequence(
        name,
        title=table.need("title", values.line, ""),
        priority=table.may("priority", values.whole(0, 1000), 0),
        first=first or "",
        steps=steps,
    )
    if "steps" in table.known and not any(sequence.mails()):
        table.known["steps"].fault("this sequence sends no mail: add a step '- email: …'")
    return sequence

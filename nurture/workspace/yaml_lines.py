"""YAML with line numbers: nodes instead of plain data, so that every fault can name its line."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from nurture.workspace.faults import Notes, Place
from nurture.workspace.item import Item
from nurture.workspace.source_text import read_source

MAX_DEPTH = 40

_TAB_INDENT = re.compile(r"^ *\t+[ \t]*(?=\S)", re.MULTILINE)


def read_yaml(path: Path, notes: Notes) -> Item | None:
    """The one document in `path`; None after noting why it cannot be read."""
    text = read_source(path, notes)
    if text is None or _notes_tabs(text, str(path), notes):
        return None
    try:
        node = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        notes.fault(Place(str(path), mark.line + 1 if mark else 1), _sentence(error))
        return None
    if node is None:
        notes.fault(Place(str(path), 1), "this file is empty: fill it or remove it")
        return None
    return Item(node, str(path), notes)


def _notes_tabs(text: str, file: str, notes: Notes) -> bool:
    lines = [text.count("\n", 0, match.start()) + 1 for match in _TAB_INDENT.finditer(text)]
    for line in lines:
        notes.fault(Place(file, line), "this line is indented with a tab: use spaces")
    return bool(lines)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, _Refused):
        return str(error.problem)
    where = f" {error.context}" if error.context else ""
    return f"this is not valid YAML ({error.problem}{where}): check indentation, colons and quotes here"


class _Refused(yaml.MarkedYAMLError):
    """YAML that is valid, and that these files do not use."""


class _Composer(yaml.SafeLoader):
    """Composes nodes, and refuses what makes a small file large or deep."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(
                problem="anchors (&) and aliases (*) are not allowed: write the value out or quote it",
                problem_mark=event.start_mark,
            )
        if getattr(event, "tag", None):
            raise _Refused(problem="tags (!) are not allowed: remove it", problem_mark=event.start_mark)
        if self._depth >= MAX_DEPTH:
            message = f"this is nested more than {MAX_DEPTH} levels deep: flatten it"
            raise _Refused(problem=message, problem_mark=event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

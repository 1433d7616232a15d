"""A YAML value and its place. Reading never raises: a fault is noted and a blank value given back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import yaml

from nurture.workspace.faults import Notes, Place, Reference, instead

T = TypeVar("T")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a YAML file."""

    node: yaml.Node
    file: str
    notes: Notes

    @property
    def place(self) -> Place:
        mark = self.node.start_mark
        return Place(self.file, mark.line + 1, mark.index)

    @property
    def is_text(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode) and not self.is_blank

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_table(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_blank(self) -> bool:
        return self.node.tag == "tag:yaml.org,2002:null"

    def fault(self, message: str) -> None:
        self.notes.fault(self.place, message)

    def declare(self, kind: str, name: str, *, otherwise: str = "give one of them another name") -> bool:
        return self.notes.declare(kind, name, self.place, otherwise=otherwise)

    def refer(self, *kinds: str, name: str, noun: str = "", earlier: bool = False) -> None:
        self.notes.refer(Reference(kinds, name, self.place, noun or kinds[0], earlier))

    def text(self) -> str:
        """The value as it is written, so that 17:00, off and NO stay what the author wrote."""
        if self.is_text:
            return str(self.node.value).strip()
        self.fault(
            "this is empty: write a value" if self.is_blank else "write one value here, no list or keys"
        )
        return ""

    def items(self) -> tuple["Item", ...]:
        if self.is_list:
            return tuple(Item(node, self.file, self.notes) for node in self.node.value)
        self.fault("write a list here: one line per entry, each beginning with '- '")
        return ()

    def entries(self) -> tuple[tuple["Item", "Item"], ...]:
        """Keys with their values, in file order."""
        if self.is_table:
            pairs = self.node.value
            return tuple((self._beside(key), self._beside(value)) for key, value in pairs)
        self.fault("write keys with values here, such as 'name: …'")
        return ()

    def table(self, *keys: str) -> "Table":
        """The mapping, with `keys` as the ones that are known."""
        return Table(self, self._known(keys))

    def _known(self, keys: tuple[str, ...]) -> dict[str, "Item"]:
        known: dict[str, Item] = {}
        for key, value in self.entries():
            word = key.text()
            if word in known:
                key.fault(f"the key {word!r} is there already (line {known[word].place.line}): remove one")
            elif word in keys:
                known[word] = value
            elif word:
                key.fault(f"unknown key {word!r}{instead(word, keys)}")
        return known

    def _beside(self, node: yaml.Node) -> "Item":
        return Item(node, self.file, self.notes)


@dataclass(frozen=True, slots=True)
class Table:
    """A YAML mapping. `known` holds the items of the keys that are written and allowed."""

    item: Item
    known: Mapping[str, Item]

    def need(self, key: str, read: Callable[[Item], T], blank: B) -> T | B:
        """The value of a key that must be there; `blank` after noting that it is not."""
        if key in self.known:
            return read(self.known[key])
        if self.item.is_table:
            self.item.fault(f"the key {key!r} is missing: add it")
        return blank

    def may(self, key: str, read: Callable[[Item], T], default: B) -> T | B:
        """The value of a key that may be left out."""
        return read(self.known[key]) if key in self.known else default


def unread(file: str) -> Item:
    """Stands for a file that could not be read: an empty mapping whose own faults nobody hears."""
    mark = yaml.Mark(file, 0, 0, 0, "", 0)
    return Item(yaml.MappingNode("tag:yaml.org,2002:map", [], mark, mark), file, Notes())

"""What is wrong in the marketer's files: gathered while reading, raised all together."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

MANY_NAMES = 12


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing to change. `line` counts from 1; `message` says what to change."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class WorkspaceFaults(ValueError):
    """The files cannot be published. `faults` holds every one, by file and line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; `index` counts characters from the start of the file."""

    file: str
    line: int
    index: int = 0


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that must be declared as one of `kinds`; `earlier`: above this place in the same file."""

    kinds: tuple[str, ...]
    name: str
    place: Place
    noun: str
    earlier: bool = False


class Notes:
    """What reading has found so far: faults, declared names, and names that others must declare."""

    def __init__(self) -> None:
        self._faults: set[Fault] = set()
        self._declared: dict[str, dict[str, Place]] = {}
        self._references: list[Reference] = []
        self._blind: set[str] = set()

    def fault(self, place: Place, message: str) -> None:
        self._faults.add(Fault(place.file, place.line, message))

    def declare(
        self, kind: str, name: str, place: Place, *, otherwise: str = "give one of them another name"
    ) -> bool:
        """Make `name` known; a second one of the same kind is a fault, and gives False."""
        first = self._declared.setdefault(kind, {}).setdefault(name, place)
        if first != place:
            where = f"line {first.line}" if first.file == place.file else f"{first.file}, line {first.line}"
            noun = kind.partition(" of ")[0]
            self.fault(place, f"the {noun} {name!r} is there already ({where}): {otherwise}")
        return first == place

    def refer(self, reference: Reference) -> None:
        self._references.append(reference)

    def blind(self, *kinds: str) -> None:
        """Names of these kinds stand in a file that cannot be read: do not report them as unknown."""
        self._blind.update(kinds)

    def check_references(self) -> None:
        for reference in self._references:
            if self._blind.isdisjoint(reference.kinds):
                self._check(reference)

    def raise_faults(self) -> None:
        """Raise WorkspaceFaults when anything was noted."""
        if self._faults:
            raise WorkspaceFaults(tuple(sorted(self._faults)))

    def _check(self, reference: Reference) -> None:
        known = {name: at for kind in reference.kinds for name, at in self._declared.get(kind, {}).items()}
        found = known.get(reference.name)
        if found is None:
            self.fault(
                reference.place,
                f"unknown {reference.noun} {reference.name!r}{instead(reference.name, known)}",
            )
        elif reference.earlier and found.index > reference.place.index:
            message = (
                f"the {reference.noun} {reference.name!r} comes later (line {found.line}): name one above"
            )
            self.fault(reference.place, message)


def instead(wrong: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one, or all of them."""
    names = sorted(known)
    close = nearest(wrong, names)
    if close:
        return f": did you mean {close!r}?"
    if not names:
        return ": there is none yet, add one"
    more = ", …" if len(names) > MANY_NAMES else ""
    return f": use {', '.join(names[:MANY_NAMES])}{more}"


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like `wrong`, if one does."""
    by_lower = {word.lower(): word for word in known}
    close = difflib.get_close_matches(wrong.lower()[:80], by_lower, n=1)
    return by_lower[close[0]] if close else None

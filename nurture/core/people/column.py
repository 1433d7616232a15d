"""Which column of a contact list means what: by its name in several languages, or as the user says."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nurture.core.people.name_table import fold, names_of

FIELDS = ("email", "given_name", "family_name", "company", "title", "country", "time_zone", "stage")
LEFT_OUT = "-"

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,62}")


class BadColumns(ValueError):
    """A header that cannot be understood; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions from 0: of the fields, of the attributes, and of the columns without a name."""

    width: int
    fields: tuple[tuple[str, int], ...]
    attributes: tuple[tuple[str, int], ...]
    nameless: tuple[int, ...]


def choose_columns(header: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """What each column of the header means; raises BadColumns.

    `mapping` gives a column by its header a field (FIELDS), an attribute name (`[a-z][a-z0-9_]{0,62}`) or
    LEFT_OUT. A column that it does not name is a field if its header says so, and else an attribute
    under its header in snake case.
    """
    names = [_tidy(name) for name in header]
    named = {name.casefold(): at for at, name in enumerate(names) if name}
    _check_header(names)
    targets = _mapped(named, names, mapping)
    targets |= _recognised(named, names, targets)
    targets |= {at: _attribute(names[at]) for at in named.values() if at not in targets}
    _check_targets(names, targets)
    return Columns(
        width=len(names),
        fields=tuple((target, at) for at, target in targets.items() if target in FIELDS),
        attributes=tuple((target, at) for at, target in targets.items() if target not in (*FIELDS, LEFT_OUT)),
        nameless=tuple(at for at, name in enumerate(names) if not name),
    )


def _check_header(names: list[str]) -> None:
    address = next((name for name in names if "@" in name), None)
    if address is not None:
        raise BadColumns(f"The first row must name the columns, but it holds {address!r}: add a header row.")
    folded = [name.casefold() for name in names if name]
    twice = _quoted(dict.fromkeys(name for name in names if folded.count(name.casefold()) > 1))
    if twice:
        raise BadColumns(f"Two columns have the same name: {twice}. Rename or remove one.")


def _mapped(named: Mapping[str, int], names: list[str], mapping: Mapping[str, str]) -> dict[int, str]:
    targets = {}
    for column, target in mapping.items():
        at = named.get(_tidy(column).casefold())
        if at is None:
            raise BadColumns(f'There is no column "{column}" to map. The columns are {_quoted(names)}.')
        if target not in FIELDS and target != LEFT_OUT and not _ATTRIBUTE.fullmatch(target):
            raise BadColumns(
                f'"{column}" cannot be mapped to "{target}": give a field ({", ".join(FIELDS)}), an '
                f"attribute name of a-z, 0-9 and _ that begins with a letter, or {LEFT_OUT} to leave it out."
            )
        targets[at] = target
    return targets


def _recognised(named: Mapping[str, int], names: list[str], taken: Mapping[int, str]) -> dict[int, str]:
    known = names_of("column_names")
    fields = {at: known.get(fold(names[at]), "") for at in named.values() if at not in taken}
    return {at: field for at, field in fields.items() if field and field not in taken.values()}


def _attribute(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    attribute = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not _ATTRIBUTE.fullmatch(attribute):
        raise BadColumns(
            f'The column "{name}" cannot be kept under its name: map it to one of a-z, 0-9 and _ that begins '
            f'with a letter (--map "{name}=phone"), or leave it out (--map "{name}={LEFT_OUT}").'
        )
    return attribute


def _check_targets(names: list[str], targets: Mapping[int, str]) -> None:
    if "email" not in targets.values():
        raise BadColumns(
            f"No column holds the addresses as far as its name says. The columns are {_quoted(names)}: "
            f'say which one it is, as in --map "{next(filter(None, names), "Contact")}=email".'
        )
    for target in set(targets.values()) - {LEFT_OUT}:
        columns = [names[at] for at, other in sorted(targets.items()) if other == target]
        if len(columns) > 1:
            raise BadColumns(
                f"The columns {_quoted(columns)} would all be {target}: say which one is, "
                f'as in --map "{columns[0]}={target}", and map the others to another name or {LEFT_OUT}.'
            )


def _tidy(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in list(filter(None, names))[:40])

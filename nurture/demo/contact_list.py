"""The contact list as somebody's spreadsheet gives it: messy, but right, with a few rows that are not."""

import csv
import io
from collections.abc import Iterable, Sequence
from random import Random
from typing import Final

from nurture.demo.cast import FITTING, OTHER, Member

HEADER: Final = (
    *("E-Mail", "Vorname", "Last name", " Company ", "Job title", "Industry", "Employees"),
    *("Country", "Time zone", "Funnel stage"),
)
COUNTRY_NAMES: Final = {"GB": ("GB", "United Kingdom", "gb"), "BR": ("BR", "Brazil", "Brasilien")}
ENCODING: Final = "cp1252"
BAD_ROWS: Final = (
    ("no-at-sign.example", "Nobody"),
    ("atlantis@ateliernord.example", "Plato", "", "", "", "", "", "Atlantis"),
    ("one@ateliernord.example, two@ateliernord.example", "Both"),
)


def compose_list(members: Sequence[Member], seed: int) -> bytes:
    """The list as Windows-1252 with semicolons; besides the members BAD_ROWS and one address twice."""
    random = Random(seed)
    rows = [_row(member, random) for member in members]
    rows.insert(len(rows) // 2, ())
    rows += [_padded(row) for row in BAD_ROWS]
    if members:
        rows.append(_row(members[-1], Random(seed), spelling=0))
    return _written([HEADER, *rows]).encode(ENCODING)


def count_bad_rows(members: Sequence[Member]) -> int:
    """How many rows of the list must be refused."""
    return len(BAD_ROWS) + bool(members)


def _row(member: Member, random: Random, spelling: int | None = None) -> tuple[str, ...]:
    about = FITTING if member.role.fits else OTHER
    names = COUNTRY_NAMES[about["country"]]
    return (
        _spelled(member, random.randrange(4) if spelling is None else spelling),
        member.given_name,
        f" {_plain(member.family_name)}",
        member.company,
        about["title"],
        about["industry"].upper() if random.random() < 0.3 else about["industry"],
        about["employees"],
        random.choice(names),
        member.time_zone,
        member.role.stage,
    )


def _spelled(member: Member, way: int) -> str:
    local, _, domain = member.address.partition("@")
    name = f"{member.given_name} {_plain(member.family_name)}"
    ways = (
        member.address,
        f"  {member.address} ",
        f"{name} <{member.address}>",
        f"{local}@{domain.upper() if domain.isascii() else domain.encode('idna').decode()}",
    )
    return ways[way]


def _plain(name: str) -> str:
    """A name as far as Windows-1252 can hold it."""
    return name.encode(ENCODING, "ignore").decode(ENCODING)


def _padded(row: tuple[str, ...]) -> tuple[str, ...]:
    return row + ("",) * (len(HEADER) - len(row))


def _written(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue()

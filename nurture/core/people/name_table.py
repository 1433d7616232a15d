"""What people write by many names (a country, a column of a list), looked up in the data files."""

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def names_of(table: str) -> Mapping[str, str]:
    """Every folded name in `data/{table}.toml` (value = [names]), and the folded value, to the value."""
    text = (files("nurture.core") / "data" / f"{table}.toml").read_text("utf-8")
    entries: dict[str, list[str]] = tomllib.loads(text)
    return {fold(name): value for value, names in entries.items() for name in (value, *names)}


def fold(name: str) -> str:
    """The letters and digits of a name, without case and accents: "Prénom " and "PRENOM" are one."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in decomposed if character.isalnum())

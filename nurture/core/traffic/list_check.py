"""Checks a list of agents, networks or gateways before it replaces the one in use."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_network
from typing import Any, Literal, get_args

from nurture.core.traffic.network import Role

ListName = Literal["agents", "networks", "gateways"]

_AGENT_TABLES = (
    "proxies", "prefetchers", "people", "machines", "browsers", "companions", "devices", "computers",
)  # fmt: skip
_TABLES: dict[ListName, tuple[str, ...]] = {
    "agents": _AGENT_TABLES,
    "networks": ("networks",),
    "gateways": ("gateways",),
}
_MOST_BYTES = 4 << 20
_LONGEST_PATTERN = 300
_MOST_CHOICES = 8


@dataclass(frozen=True, slots=True)
class CheckedList:
    """A list that may be used: which of the three it is, where it is from and of what day."""

    name: ListName
    source: str
    dated: date


def check_list(text: str) -> CheckedList:
    """What a list says of itself.

    ValueError with a sentence that says what is wrong: no TOML, a table that no list has, an entry that is
    not well formed, a network that is none, a pattern that does not compile or that a text could slow down.
    """
    if len(text) > _MOST_BYTES:
        raise ValueError("The list is larger than 4 MB.")
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"This is not TOML: {error}.") from None
    name = _name(tables)
    source, dated = tables.get("source"), tables.get("dated")
    if not isinstance(source, str) or not source.strip():
        raise ValueError("The list does not say at its top where it is from (source).")
    if not isinstance(dated, date):
        raise ValueError("The list does not say at its top of what day it is (dated = YYYY-MM-DD).")
    for table, number, entry in _entries(name, tables):
        _check_entry(name, f"entry {number} of {table}", entry)
    return CheckedList(name, source.strip(), date(dated.year, dated.month, dated.day))


def check_pattern(pattern: str) -> None:
    """ValueError where a pattern does not compile, or could take long on some text: more than one repeat, a
    repeated group, many optional parts, or a look back at what was found."""
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"The pattern {pattern!r} cannot be read: {error}.") from None
    plain = _CLASS.sub("c", _ESCAPED.sub(_plain, pattern))
    repeats = _REPEAT.findall(plain)
    wrong = (
        "is too long" if len(pattern) > _LONGEST_PATTERN
        else "looks back at what it found" if "\0" in plain or "(?P=" in plain or "(?(" in plain
        else "repeats a group" if _REPEATED_GROUP.search(plain)
        else "repeats more than one thing" if sum(map(_is_long, repeats)) > 1
        else "leaves too much open" if len(repeats) + plain.count("?") > _MOST_CHOICES + 2 * plain.count("(?")
        else ""
    )  # fmt: skip
    if wrong:
        raise ValueError(f"The pattern {pattern!r} {wrong}: a text could be made that takes it for ever.")


def _name(tables: Mapping[str, Any]) -> ListName:
    names = set(tables) - {"source", "dated"}
    for name, known in _TABLES.items():
        if names and names <= set(known):
            if missing := set(known) - names:
                raise ValueError(f"The list of {name} lacks the table {min(missing)}.")
            return name
    unknown = sorted(names - {table for known in _TABLES.values() for table in known})
    if unknown:
        raise ValueError(f"No list has a table {unknown[0]!r}.")
    raise ValueError("The list has none of the tables of agents, networks or gateways, or of more than one.")


def _entries(name: ListName, tables: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    for table in _TABLES[name]:
        entries = tables[table]
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError(f"{table} must be a list of tables ([[{table}]]).")
        yield from ((table, number, entry) for number, entry in enumerate(entries, 1))


def _check_entry(name: ListName, place: str, entry: Mapping[str, Any]) -> None:
    if not isinstance(entry.get("name"), str) or not entry["name"].strip():
        raise ValueError(f"In {place} there is no name.")
    if unknown := sorted(set(entry) - _FIELDS[name]):
        raise ValueError(f"In {place} there is an unknown field {unknown[0]!r}.")
    if name == "agents":
        _check_agent(place, entry)
    elif name == "networks":
        _check_network(place, entry)
    else:
        _check_gateway(place, entry)


def _check_agent(place: str, entry: Mapping[str, Any]) -> None:
    told = [*_texts(place, entry, "words"), *_texts(place, entry, "names")]
    patterns = _texts(place, entry, "patterns")
    if not told and not patterns:
        raise ValueError(f"In {place} nothing tells an agent: give words, names or patterns.")
    for pattern in patterns:
        check_pattern(pattern)
        if re.search(pattern, ""):
            raise ValueError(f"In {place} the pattern {pattern!r} holds of every agent.")


def _check_network(place: str, entry: Mapping[str, Any]) -> None:
    if entry.get("role", "gateway") not in get_args(Role):
        raise ValueError(f"In {place} the role is none of {', '.join(get_args(Role))}.")
    ranges = _texts(place, entry, "ranges")
    if not ranges:
        raise ValueError(f"In {place} there are no ranges.")
    for range_ in ranges:
        try:
            network = ip_network(range_)
        except ValueError as error:
            raise ValueError(f"In {place} {range_!r} is no network: {error}.") from None
        if network.prefixlen < 8:
            raise ValueError(f"In {place} {range_!r} is too wide: at most a /8.")


def _check_gateway(place: str, entry: Mapping[str, Any]) -> None:
    hosts = _texts(place, entry, "hosts")
    if not hosts:
        raise ValueError(f"In {place} there are no hosts.")
    if wrong := next((host for host in hosts if not _HOST.fullmatch(host)), None):
        raise ValueError(f"In {place} {wrong!r} is no end of a host's name.")
    if not isinstance(entry.get("follows"), bool):
        raise ValueError(
            f"In {place} it is not said whether the gateway follows links (follows = true or false)."
        )


def _texts(place: str, entry: Mapping[str, Any], field: str) -> list[str]:
    texts = entry.get(field, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"In {place} {field} must be a list of texts, none of them empty.")
    return texts


def _plain(escaped: re.Match[str]) -> str:
    return "\0" if escaped[0][1].isdigit() else "e"


def _is_long(repeat: str) -> bool:
    if repeat in "*+":
        return True
    most = repeat.strip("{}").rpartition(",")[2]
    return not most or int(most) > 4


_FIELDS: dict[ListName, frozenset[str]] = {
    "agents": frozenset({"name", "source", "dated", "words", "names", "patterns"}),
    "networks": frozenset({"name", "source", "dated", "role", "ranges"}),
    "gateways": frozenset({"name", "source", "dated", "follows", "hosts"}),
}
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63}){1,9}", re.IGNORECASE)
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_REPEAT = re.compile(r"[*+]|\{\d*,?\d*\}")
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{)")

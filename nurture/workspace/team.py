"""`team.yaml`: the reps, and which of them owns which account."""

from dataclasses import dataclass
from typing import Final

from nurture.core.workspace import Rep
from nurture.workspace import values
from nurture.workspace.item import Item

_REP_KEYS: Final = ("name", "email", "display_name", "webhook")


@dataclass(frozen=True, slots=True)
class Team:
    """`owners`: account domain to rep name."""

    reps: tuple[Rep, ...]
    owners: dict[str, str]


def read_team(item: Item) -> Team:
    table = item.table("reps", "owners")
    return Team(table.need("reps", values.list_of(_rep), ()), table.may("owners", _owners, {}))


def _rep(item: Item) -> Rep:
    table = item.table(*_REP_KEYS)
    return Rep(
        name=table.need("name", values.declared("rep"), ""),
        email=table.need("email", values.address, ""),
        display_name=table.need("display_name", values.line, ""),
        webhook=table.may("webhook", values.web_address, None),
    )


def _owners(item: Item) -> dict[str, str]:
    owners: dict[str, str] = {}
    for key, value in item.entries():
        domain = values.domain(key)
        if domain:
            key.declare("domain", domain, otherwise="an account has one owner, remove one")
            owners[domain] = values.referred("rep")(value)
    return owners

"""Who plays: people with names, companies and a persona each, the same ones for the same seed."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Final

from nurture.demo.personas import PERSONAS, Persona, persona

GIVEN: Final = (
    "Ana", "Björn", "Chloé", "Dev", "Elif", "François", "Grace", "Hanna", "Íñigo", "Jana", "Kofi", "Léa",
    "María", "Noor", "Oskar", "Pia", "Quentin", "Rosa", "Søren", "Tariq", "Uta", "Vera", "Wim", "Zoë",
)  # fmt: skip
FAMILY: Final = (
    "Silva", "Lindgren", "Dubois", "Patel", "Yılmaz", "O'Connor", "Müller", "Nowak", "García", "Okafor",
    "Jensen", "de Vries", "Rossi", "Haddad", "Köhler", "Moreau", "Svensson", "Brandt", "Fischer", "Ivanova",
)  # fmt: skip
COMPANIES: Final = (
    ("Northwind", "northwind.example"),
    ("Harbour Foods", "harbourfoods.example"),
    ("Kestrel Logistics", "kestrel-logistics.example"),
    ("Mühle & Söhne", "muehle-soehne.example"),
    ("Atelier Nord", "ateliernord.example"),
    ("Delta Wholesale", "delta-wholesale.example"),
    ("Grüne Bäckerei", "grüne-bäckerei.example"),
)
TIME_ZONES: Final = ("Europe/London", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "")
FITTING: Final = {
    "title": "Head of Operations",
    "industry": "logistics",
    "employees": "51-200",
    "country": "GB",
}
OTHER: Final = {"title": "Consultant", "industry": "education", "employees": "1-10", "country": "BR"}
PLAIN_LETTERS: Final = str.maketrans(
    {"ö": "oe", "ü": "ue", "é": "e", "ø": "o", "ç": "c", "í": "i", "ñ": "n", "ë": "e", "ı": "i", "á": "a"}
)


@dataclass(frozen=True, slots=True)
class Member:
    """One contact: `address` in its canonical form (see `canonical`), `persona` by name."""

    address: str
    given_name: str
    family_name: str
    company: str
    time_zone: str
    persona: str

    @property
    def role(self) -> Persona:
        return persona(self.persona)


@dataclass(frozen=True, slots=True)
class Rep:
    """A salesperson; `hook` is the URL of their webhook."""

    name: str
    address: str
    hook: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, and the one contact that a rep gives back ("" for nobody)."""

    members: tuple[Member, ...]
    reps: tuple[Rep, ...]
    given_back: str = ""

    def member(self, address: str) -> Member | None:
        """The contact of a canonical address."""
        return next((member for member in self.members if member.address == address), None)


def make_members(number: int, seed: int) -> tuple[Member, ...]:
    """So many people, all personas in turn."""
    random = Random(seed)
    taken: set[str] = set()
    return tuple(_make_member(PERSONAS[at % len(PERSONAS)], random, taken) for at in range(number))


def make_cast(members: Iterable[Member], reps: Iterable[Rep]) -> Cast:
    """The cast; the first who answers with interest and fits is given back by the rep."""
    members = tuple(members)
    given_back = next((member.address for member in members if member.persona == "keen"), "")
    return Cast(members, tuple(reps), given_back)


def canonical(address: str) -> str:
    """Lower-case, the domain in Unicode: one spelling for an address, whoever wrote it."""
    local, at, domain = address.strip().strip("<>").lower().rpartition("@")
    if domain.isascii() and "xn--" in domain:
        domain = domain.encode("ascii").decode("idna")
    return f"{local}{at}{domain}"


def save_cast(cast: Cast, file: Path) -> None:
    """Write the cast as JSON, for the recipients' process."""
    file.write_text(json.dumps(asdict(cast)), encoding="utf-8")


def load_cast(file: Path) -> Cast:
    """Read what `save_cast` wrote."""
    fields = json.loads(file.read_text(encoding="utf-8"))
    return Cast(
        tuple(Member(**member) for member in fields["members"]),
        tuple(Rep(**rep) for rep in fields["reps"]),
        fields["given_back"],
    )


def _make_member(role: Persona, random: Random, taken: set[str]) -> Member:
    given, family = random.choice(GIVEN), random.choice(FAMILY)
    company, domain = random.choice(COMPANIES)
    if role.acts and any(act.does in ("reply", "away", "bounce") for act in role.acts):
        company, domain = random.choice(COMPANIES[:-1])
    return Member(
        _address(given, family, domain, taken), given, family, company, random.choice(TIME_ZONES), role.name
    )


def _address(given: str, family: str, domain: str, taken: set[str]) -> str:
    name = f"{given}.{family}".lower().translate(PLAIN_LETTERS).replace("'", "").replace(" ", "")
    name = "".join(letter for letter in name if letter.isascii())
    number = 1
    while (address := f"{name}{number if number > 1 else ''}@{domain}") in taken:
        number += 1
    taken.add(address)
    return address

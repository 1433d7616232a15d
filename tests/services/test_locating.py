"""The gateways of accounts, by the routes of their mail."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from nurture.ports import App
from nurture.services.locating import BATCH, PAUSE, VALID, locate_gateways
from nurture.store import accounts
from nurture.store.tables import Account
from tests.conftest import Sessions
from tests.make import make_app

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)


@dataclass
class KnownRoutes:
    """A DNS of our own: the routes of these domains, or no answer at all."""

    routes: dict[str, tuple[str, ...]]
    asked: list[str] = field(default_factory=list)
    away: bool = False

    def mx(self, domain: str) -> tuple[str, ...]:
        self.asked.append(domain)
        if self.away:
            raise TimeoutError("nobody answers")
        return self.routes.get(domain, ())


def create_accounts(sessions: Sessions, *domains: str) -> None:
    with sessions() as session:
        for domain in domains:
            session.add(Account(domain=domain, created_at=NOW, mx_check_at=NOW))


def gateways(sessions: Sessions) -> dict[str, str | None]:
    with sessions() as session:
        return {row.domain: row.gateway for row in session.scalars(select(Account))}


def test_the_routes_tell_the_gateway(sessions: Sessions, tmp_path: Path) -> None:
    create_accounts(sessions, "acme.example", "corp.example", "plain.example")
    routes = KnownRoutes(
        {
            "acme.example": ("mx1-us1.ppe-hosted.com", "mx2-us1.ppe-hosted.com"),
            "corp.example": ("corp-example.mail.protection.outlook.com",),
            "plain.example": ("mail.plain.example",),
        }
    )
    app = at(sessions, tmp_path, routes)
    assert locate_gateways(app) == 3
    found = gateways(sessions)
    assert found["acme.example"] and "Proofpoint" in found["acme.example"]
    assert found["corp.example"] and "Microsoft" in found["corp.example"]
    assert found["plain.example"] is None
    assert locate_gateways(app) == 0, "known for a while"
    assert len(routes.asked) == 3


def test_they_are_asked_again_when_they_are_old(sessions: Sessions, tmp_path: Path) -> None:
    create_accounts(sessions, "acme.example")
    routes = KnownRoutes({})
    locate_gateways(at(sessions, tmp_path, routes))
    app = at(sessions, tmp_path, routes)
    assert locate_gateways(replace(app, now=lambda: NOW + VALID - timedelta(seconds=1))) == 0
    assert locate_gateways(replace(app, now=lambda: NOW + VALID)) == 1


def test_a_dns_that_is_away_is_left_alone_for_a_while(sessions: Sessions, tmp_path: Path) -> None:
    create_accounts(sessions, "a.example", "b.example", "c.example")
    routes = KnownRoutes({}, away=True)
    app = at(sessions, tmp_path, routes)
    assert locate_gateways(app) == 0
    assert locate_gateways(app) == 0
    assert len(routes.asked) == 1
    routes.away = False
    assert locate_gateways(replace(app, now=lambda: NOW + PAUSE)) == 3


def test_only_so_many_are_asked_at_once(sessions: Sessions, tmp_path: Path) -> None:
    create_accounts(sessions, *(f"a{number}.example" for number in range(BATCH + 5)))
    app = at(sessions, tmp_path, KnownRoutes({}))
    assert (locate_gateways(app), locate_gateways(app)) == (BATCH, 5)
    with sessions() as session:
        assert accounts.list_to_locate(session, NOW, limit=100) == []


def at(sessions: Sessions, folder: Path, routes: KnownRoutes) -> App:
    return make_app(sessions, folder, 1, lambda: NOW, routes=routes)

"""Finds out which gateway filters an account's mail, by its MX records: a prior for judging its clicks."""

from datetime import timedelta
from typing import Final

from nurture.ports import App
from nurture.store import accounts, known_lists

BATCH: Final = 20
VALID: Final = timedelta(days=30)
PAUSE: Final = timedelta(minutes=10)


def locate_gateways(app: App) -> int:
    """Ask for the routes of some accounts; how many are known now. Where the DNS is away, all wait a while.

    Asked outside of a transaction, for an answer may take a second.
    """
    with app.sessions() as session:
        domains = accounts.list_to_locate(session, app.now(), limit=BATCH)
        lists = known_lists.current(session)
    located = 0
    for domain in domains:
        try:
            gateway = lists.gateway(app.routes.mx(domain))
        except OSError:
            with app.sessions() as session:
                accounts.postpone_locating(session, app.now(), until=app.now() + PAUSE)
            break
        with app.sessions() as session:
            accounts.keep_gateway(session, domain, gateway, check_at=app.now() + VALID)
        located += 1
    return located

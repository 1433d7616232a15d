"""The local time of a contact: the first zone that is known, and the public holidays of the country."""

from datetime import date, datetime
from functools import lru_cache

import holidays

from nurture.core.schedule import Calendar, choose_zone
from nurture.core.workspace import Workspace


def calendar_for(
    workspace: Workspace,
    *,
    contact_zone: str | None,
    account_zone: str | None,
    country: str | None,
    now: datetime,
) -> Calendar:
    """When mail may reach a contact: the contact's zone, then the account's, then the workspace's."""
    zone = choose_zone(contact_zone, account_zone, workspace.time_zone)
    shut = _holidays(country.upper(), now.year) if country and workspace.skip_holidays else frozenset()
    return Calendar(workspace.window, zone, shut)


@lru_cache(maxsize=512)
def _holidays(country: str, year: int) -> frozenset[date]:
    """Public holidays of this year and the next; none for a country without a known calendar."""
    try:
        return frozenset(holidays.country_holidays(country, years=(year, year + 1)))
    except NotImplementedError:
        return frozenset()

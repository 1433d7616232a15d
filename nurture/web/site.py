"""What a view may reach: the App and the few things that live as long as the process."""

import time
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from flask import current_app

from nurture.ports import App
from nurture.services import branding, metering
from nurture.services.branding import Brand
from nurture.web.meter import Meter
from nurture.web.pace import Pace

_BRAND_SECONDS = 60.0


@dataclass(slots=True)
class Site:
    """One web process. `meter` counts what it does, `pace` slows down who asks too often."""

    app: App
    meter: Meter
    pace: Pace = field(default_factory=Pace)
    _brand: Brand | None = None
    _brand_until: float = 0.0

    def path(self, path: str) -> str:
        """A path of this site as the recipient's browser needs it: below the path of the public address.

        The public address comes from the settings alone, never from the Host header (X10).
        """
        return urlsplit(self.app.settings.base_url).path + path

    def brand(self) -> Brand | None:
        """In whose name the pages speak, at most a minute old; the last known while the database is away."""
        if time.monotonic() >= self._brand_until:
            self._brand_until = time.monotonic() + _BRAND_SECONDS
            self._brand = self._find_brand() or self._brand
        return self._brand

    def _find_brand(self) -> Brand | None:
        try:
            with self.app.sessions() as session:
                return branding.find_brand(session)
        except metering.DATABASE_AWAY:
            return None


def site() -> Site:
    """The site that answers this request."""
    return cast(Site, current_app.extensions["nurture"])

"""Fetches what has arrived in the development mailbox, over its HTTP interface."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.request import ProxyHandler, build_opener

from nurture.demo.received import Received, read_mail

TIMEOUT_SECONDS = 15
# A proxy of the environment must not stand between this machine and itself.
OPENER = build_opener(ProxyHandler({}))


class PostOffice:
    """The mailbox at `url`; remembers up to which mail it has given."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._last = 0

    def new_mails(self) -> Iterator[Received]:
        """What arrived since the last call, oldest first; OSError when the mailbox does not answer."""
        for fields in json.loads(_fetch(f"{self._url}/messages.json?after={self._last}")):
            yield _received(fields)
            self._last = fields["seq"]


def _received(fields: dict[str, Any]) -> Received:
    return read_mail(
        _fetch(f"{fields['url']}.eml"),
        seq=fields["seq"],
        at=datetime.fromisoformat(fields["received_at"]).timestamp(),
        sender=fields["from"],
        recipient=fields["to"][0],
    )


def _fetch(url: str) -> bytes:
    with OPENER.open(url, timeout=TIMEOUT_SECONDS) as response:
        return bytes(response.read())

"""Hits of one mail, made for tests."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from nurture.core.traffic.verdict import Hit, Judgement, judge

SENT = datetime(2026, 3, 5, 12, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"  # noqa: E501
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"  # noqa: E501
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
OUTLOOK = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; Microsoft Outlook 16.0.12026; ms-office; MSOffice 16)"  # noqa: E501
HOME = "203.0.113.9"
CLOUD, OTHER_CLOUD, RENTED, ISOLATION = "3.93.10.20", "34.201.7.8", "167.99.3.4", "148.163.150.7"
SAFE_LINKS = "40.107.22.83"
_ids = count(1)


def create_hit(seconds: float = 600, **fields: Any) -> Hit:
    """A click, `seconds` after the mail was accepted."""
    defaults: dict[str, Any] = {
        "id": next(_ids), "kind": "click", "at": SENT + timedelta(seconds=seconds), "link": 1,
        "agent": CHROME, "address": "203.0.113.9", "method": "GET", "headers": {},
    }  # fmt: skip
    return Hit(**(defaults | fields))


def create_open(seconds: float = 600, **fields: Any) -> Hit:
    """An image loaded."""
    return create_hit(seconds, kind="open", link=0, **fields)


def verdicts(hits: Iterable[Hit]) -> list[str]:
    """In the order given."""
    hits = list(hits)
    judged = judge(hits, SENT)
    return [judged[hit.id].verdict for hit in hits]


def only(hit: Hit) -> Judgement:
    """The judgement of a hit that comes alone."""
    return judge([hit], SENT)[hit.id]


def create_form(seconds: float, **fields: Any) -> Hit:
    """A form sent."""
    return create_hit(seconds, **({"kind": "form", "method": "POST", "link": 0} | fields))

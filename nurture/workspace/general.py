"""`workspace.yaml`: who sends, when, how much, from which mailboxes."""

from datetime import time, timedelta
from typing import Final, TypedDict, cast

from nurture.core.workspace import Mailbox, Tracking, Window
from nurture.workspace import moments, values
from nurture.workspace.item import Item

_KEYS: Final = (
    "name", "company", "postal_address", "time_zone", "window", "contact_cap", "tracking",
    "skip_holidays", "max_lateness", "mailboxes",
)  # fmt: skip
WHOLE_WEEK: Final = Window(frozenset(range(7)), time(), time())


class General(TypedDict):
    """What `workspace.yaml` says; the fields are those of Workspace."""

    name: str
    company: str
    postal_address: str
    time_zone: str
    window: Window
    contact_cap: int
    tracking: Tracking
    mailboxes: tuple[Mailbox, ...]
    skip_holidays: bool
    max_lateness: timedelta


def read_general(item: Item) -> General:
    table = item.table(*_KEYS)
    return General(
        name=table.need("name", values.name, ""),
        company=table.need("company", values.line, ""),
        postal_address=table.need("postal_address", _postal_address, ""),
        time_zone=table.need("time_zone", moments.zone, ""),
        window=table.need("window", _window, WHOLE_WEEK),
        contact_cap=table.may("contact_cap", values.whole(1, 100), 1),
        tracking=cast(Tracking, table.may("tracking", values.choice("individual", "off"), "individual")),
        mailboxes=table.need("mailboxes", values.list_of(_mailbox), ()),
        skip_holidays=table.may("skip_holidays", values.yes_no, True),
        max_lateness=table.may("max_lateness", moments.duration, timedelta(days=2)),
    )


def _postal_address(item: Item) -> str:
    """Where the sender can be reached by post: the law wants it in every marketing mail (L07)."""
    if item.is_blank or (item.is_text and not item.text()):
        item.fault("the postal address is empty: write street and town, every mail must show it")
        return ""
    return values.text(item)


def _window(item: Item) -> Window:
    table = item.table("days", "from", "to")
    days = table.need("days", _days, ())
    start, end = (table.need(key, moments.clock, time()) for key in ("from", "to"))
    return Window(frozenset(days), start, end)


def _days(item: Item) -> tuple[int, ...]:
    days = tuple(day for day in values.one_or_more(moments.weekday)(item) if day is not None)
    values.without_repeats(item, days)
    return days


def _mailbox(item: Item) -> Mailbox:
    table = item.table("name", "address", "display_name", "daily_cap", "reply_to")
    return Mailbox(
        name=table.need("name", _mailbox_name, ""),
        address=table.need("address", values.address, ""),
        display_name=table.need("display_name", values.line, ""),
        daily_cap=table.need("daily_cap", values.whole(1, 1_000_000), 1),
        reply_to=table.may("reply_to", values.address, None),
    )


def _mailbox_name(item: Item) -> str:
    name = values.declared("mailbox")(item)
    if "-" in name:
        item.fault(f"use no hyphen here, SMTP_URL_… could not name it: write {name.replace('-', '_')!r}")
    return name

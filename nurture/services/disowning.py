"""Takes a person's word that what looked like a contact was a machine, and undoes all that came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from nurture.core.people.contact import normalise_address
from nurture.store import contacts, events, messages, optouts, promotions, retractions, suppressions
from nurture.store.session import Session
from nurture.store.tables import Contact, Event, Promotion

ONE_CLICK: Final = "one_click"
FORMS: Final = ("form", "page", "preferences", ONE_CLICK)
"""The sources of what is sent by our own pages, which a scanner can do too."""

Client = tuple[str, str]


class Nobody(LookupError):
    """No contact has that address, or no mail of theirs has that number."""


@dataclass(frozen=True, slots=True)
class Disowned:
    """What came of it: how many hits and forms are a machine's now, the promotions that were undone or
    flagged, what of "marketing" and "tracking" was taken back, and the handoffs there is news of."""

    contact_id: int
    events: int
    undone: tuple[str, ...]
    flagged: tuple[str, ...]
    taken_back: tuple[str, ...]
    handoffs: tuple[int, ...]


def disown(
    session: Session,
    *,
    by: str,
    now: datetime,
    email: str | None = None,
    message_id: int | None = None,
    since: datetime | None = None,
) -> Disowned:
    """Take the word of `by` that hits and forms are a machine's: those of a contact, of one mail, or since.

    Their verdict is final, and in this transaction everything follows it: promotions, handoffs, sequences,
    and what forms have said on mail and tracking. What was said by reply, to another system or by another
    program's one-click (RFC 8058) stands. Raises Nobody and BadAddress.
    """
    events.wait_for_judges(session, alone=True)
    contact = contacts.lock(session, _find(session, email, message_id))
    rows = _choose(events.list_by_clients(session, contact.id, forms=FORMS, since=since), message_id)
    fresh = [row.id for row in rows if row.said_by is None]
    events.disown(session, fresh, by=by, now=now)
    said = _words(session, contact, rows, message_id, since)
    taken_back = optouts.take_back(session, contact, said, by=by, now=now)
    before = {row.id for row in _list_fallen(session, contact)}
    news = retractions.fold_back(session, contact, now)
    contacts.ask_for_qualification(session, [contact.id], now)
    fallen = [row for row in _list_fallen(session, contact) if row.id not in before]
    return Disowned(
        contact_id=contact.id,
        events=len(fresh),
        undone=tuple(f"{row.origin} → {row.target}" for row in fallen if row.undone_at),
        flagged=tuple(f"{row.origin} → {row.target}" for row in fallen if row.flagged_at),
        taken_back=tuple(taken_back),
        handoffs=tuple(news),
    )


def _list_fallen(session: Session, contact: Contact) -> list[Promotion]:
    """Promotions that were undone or flagged."""
    history = promotions.list_for_contact(session, contact.id)
    return [row for row in history if row.undone_at or row.flagged_at]


def _find(session: Session, email: str | None, message_id: int | None) -> int:
    contact = contacts.find_by_hash(session, normalise_address(email).hash) if email is not None else None
    if email is not None and contact is None:
        raise Nobody("no contact has that address: check its spelling")
    mail = messages.find(session, message_id) if message_id is not None else None
    if message_id is not None and (mail is None or (contact and mail.contact_id != contact.id)):
        raise Nobody(f"they were sent no mail {message_id}: `nurture explain` shows the numbers")
    if mail is not None:
        return mail.contact_id
    if contact is None:
        raise Nobody("say whose hits they were: an address, or a mail")
    return contact.id


def _choose(rows: Sequence[Event], message_id: int | None) -> list[Event]:
    """Those that are meant. A mail's forms are also known by the program that fetched its links.

    A one-click is sent by the server of a mailbox, when its owner presses a button: it is meant only where
    the very same program did the rest.
    """
    theirs = [row for row in rows if message_id in (None, row.message_id) and row.source != ONE_CLICK]
    clients = {client for row in theirs if (client := _client(row)) is not None}
    known = {row.id for row in theirs}
    return [
        row
        for row in rows
        if row.id in known
        or (_client(row) in clients and (row.source == ONE_CLICK or row.message_id is None))
    ]


def _client(row: Event) -> Client | None:
    detail: Mapping[str, Any] = row.detail if row.kind in events.HITS else row.detail.get(events.CLIENT, {})
    agent, address = str(detail.get("agent", "")), str(detail.get("address", ""))
    return (agent, address) if agent or address else None


def _words(
    session: Session,
    contact: Contact,
    rows: Iterable[Event],
    message_id: int | None,
    since: datetime | None,
) -> set[tuple[str, datetime]]:
    """What the machine said on mail and tracking. Not all of it made an event; that has no mail either."""
    said = {(row.source, row.at) for row in rows if row.kind == "unsubscribe"}
    if message_id is not None:
        return said
    record = suppressions.list_consents(session, contact.id)
    pages = (word for word in record if word.source in FORMS and word.source != ONE_CLICK)
    return said | {(word.source, word.at) for word in pages if since is None or word.at >= since}

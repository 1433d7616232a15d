"""Takes in one mail: a bounce, an opt-out, a vacation note or a reply; each once, none dropped."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime

from nurture.core.inbound.authenticity import read_sender, weigh
from nurture.core.inbound.bounce import Bounce
from nurture.core.inbound.identity import identity_of
from nurture.core.inbound.mail_parser import parse_mail
from nurture.core.inbound.reading import Reading, read_mail
from nurture.core.token import Keyring
from nurture.services.receiving import acting, reports
from nurture.services.receiving.acting import Arrival
from nurture.services.receiving.matching import Match, find_returned, match
from nurture.store import contacts, inbound, optouts
from nurture.store.session import Session

UNREADABLE = "it cannot be read"
UNMATCHED = "it matches nobody we know"
SET_ASIDE = "it could not be taken in"
HEAD_BYTES = 64_000
CHALLENGE = "a program asks whether a person writes to it"


def take_in(
    session: Session,
    keyring: Keyring,
    raw: bytes,
    recipients: Iterable[str],
    *,
    now: datetime,
    source: str = "lmtp",
    trusted: Collection[str] = (),
) -> int | None:
    """Take in one mail (RFC 5322 bytes); the id of the contact to qualify, if it said something that counts.

    The same message twice is one mail, whichever way it came: `source` is "lmtp" or "imap:ACCOUNT". What
    cannot be read is quarantined, what matches nobody is kept and shown. `trusted`: the authserv-ids of the
    servers that are believed about the sender; `recipients`: those of the envelope, where there is one.
    """
    reading = read_mail(raw, now=now)
    arrival = Arrival(reading, identity_of(reading.mail), tuple(recipients), source, now)
    if reading.mail.fault is not None:
        _keep(session, arrival, "unreadable", review=UNREADABLE, text=reading.mail.fault)
        return None
    if reading.bounce is not None:
        _take_report(session, keyring, arrival, reading.bounce)
        return None
    if reading.mail.subject.strip().lower() == "unsubscribe" and _take_opt_out(session, keyring, arrival):
        return None
    found = match(session, keyring, reading.mail, arrival.recipients)
    _wait_for_turn(session, found)
    if found is None:
        shown = {"reply": UNMATCHED, "challenge": CHALLENGE}.get(reading.kind)
        _keep(session, arrival, reading.kind, review=shown)
        return None
    return _take_known(session, arrival, found, trusted)


def set_aside(session: Session, raw: bytes, *, place: str, error: str, now: datetime, source: str) -> None:
    """Let a person know of a mail at `place` that fails again and again with an `error`, by its head alone.

    It does not count as the mail itself, which may come another way.
    """
    mail = parse_mail(raw[:HEAD_BYTES].partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    inbound.record(
        session,
        digest=hashlib.sha256(f"{source} {place}".encode()).hexdigest(),
        state="quarantined",
        kind="other",
        from_address=mail.from_address,
        subject=mail.subject,
        new_text=place,
        source=source,
        review_reason=f"{SET_ASIDE}: {error}",
        now=now,
    )


def _wait_for_turn(session: Session, found: Match | None) -> None:
    """Hold the contact first, as qualification does, or each could wait for what the other holds."""
    if found is not None:
        contacts.lock(session, found.contact.id)


def _take_report(session: Session, keyring: Keyring, arrival: Arrival, bounce: Bounce) -> None:
    message = reports.find_message(session, bounce, find_returned(session, keyring, arrival.recipients))
    kind = "delayed" if bounce.delayed else arrival.reading.kind
    contact = contacts.get(session, message.contact_id) if message else None
    found = Match(contact, message, "return_path", own=False) if contact else None
    _wait_for_turn(session, found)
    if _keep(session, arrival, kind, found) and contact and message and not bounce.delayed:
        reports.apply(session, contact, message, bounce, key=f"mail:{arrival.key}", now=arrival.at)


def _take_opt_out(session: Session, keyring: Keyring, arrival: Arrival) -> bool:
    """The mailto of List-Unsubscribe (RFC 2369): to a mail's own return path; False where this is not."""
    returned = find_returned(session, keyring, arrival.recipients)
    if returned is None:
        return False
    found = Match(contacts.get(session, returned.contact_id), returned, "return_path", own=False)
    _wait_for_turn(session, found)
    if _keep(session, arrival, "unsubscribe", found):
        optouts.opt_out(session, found.contact, source="list-unsubscribe mail", now=arrival.at)
    return True


def _take_known(session: Session, arrival: Arrival, found: Match, trusted: Collection[str]) -> int | None:
    """A mail of somebody we know: what follows from it, and whether a person must see it."""
    reading = arrival.reading
    weight = weigh(found.by, read_sender(reading.mail, trusted), own=found.own)
    plan = acting.plan(session, arrival, found, weight)
    reviewed = plan.reaction.review if plan and plan.reaction else None
    shown = CHALLENGE if reading.kind == "challenge" else reviewed
    if not _keep(session, arrival, reading.kind, found, review=shown) or plan is None:
        return None
    return acting.carry_out(session, arrival, found, weight, plan)


def _keep(
    session: Session,
    arrival: Arrival,
    kind: str,
    found: Match | None = None,
    *,
    review: str | None = None,
    text: str | None = None,
) -> bool:
    """Write the mail down, once; False where it came before."""
    reading: Reading = arrival.reading
    mail = reading.mail
    message_id = found.message.id if found and found.message else None
    matched = inbound.Match(found.contact.id, message_id, found.by) if found else None
    state = "quarantined" if mail.fault is not None else "matched" if found else "unmatched"
    kept = inbound.record(
        session,
        digest=arrival.key,
        state=state,
        kind=kind,
        from_address=mail.from_address,
        subject=mail.subject,
        new_text=reading.new_text if text is None else text,
        intents=[intent.told() for intent in reading.intents],
        match=matched,
        source=arrival.source,
        language=reading.language,
        evidence=reading.evidence,
        review_reason=review,
        now=arrival.at,
    )
    return kept is not None

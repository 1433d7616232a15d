"""Takes in one mail: a bounce, an opt-out, a vacation note or a reply; each once, none dropped."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nurture.core.inbound.bounce import Bounce, read_bounce
from nurture.core.inbound.mail_parser import ParsedMail, parse_mail
from nurture.core.inbound.reply import Reply, read_reply
from nurture.core.schedule import choose_zone, pause_end
from nurture.core.token import Keyring
from nurture.services.receiving import reports
from nurture.services.receiving.matching import Match, find_returned, match
from nurture.store import contacts, enrollments, events, inbound, optouts
from nurture.store.session import Session

# What a person asks for or says, as events; the other intents are kept with the mail alone.
TOLD = frozenset(
    {
        "pricing_request",
        "demo_request",
        "trial_request",
        "timeline_shared",
        "interested",
        "not_interested",
        "not_now",
    }
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail on its way through: what it says, whose it is, and who it was for in SMTP."""

    mail: ParsedMail
    recipients: tuple[str, ...]
    match: Match | None


def take_in(
    session: Session, keyring: Keyring, raw: bytes, recipients: Iterable[str], *, now: datetime
) -> int | None:
    """Take in one mail (RFC 5322 bytes); the id of the contact to qualify, if it said something new.

    The same bytes twice are one mail. What cannot be read is quarantined, what matches nobody is kept.
    """
    mail = parse_mail(raw)
    reading = Reading(mail, tuple(recipients), None)
    if mail.fault is not None:
        _keep(session, reading, "quarantined", "unreadable", now, new_text=mail.fault)
        return None
    bounce = read_bounce(mail)
    if bounce is not None:
        _take_report(session, keyring, reading, bounce, now)
        return None
    reading = Reading(mail, reading.recipients, match(session, keyring, mail, reading.recipients))
    _wait_for_turn(session, reading.match)
    if _asks_to_unsubscribe_by_header(session, keyring, reading):
        _take_opt_out(session, reading, now)
        return None
    return _take_reply(session, reading, read_reply(mail, now=now), now)


def _wait_for_turn(session: Session, found: Match | None) -> None:
    """Hold the contact first, as qualification does, or each could wait for what the other holds."""
    if found is not None:
        contacts.lock(session, found.contact.id)


def _take_report(session: Session, keyring: Keyring, reading: Reading, bounce: Bounce, now: datetime) -> None:
    message = reports.find_message(session, bounce, find_returned(session, keyring, reading.recipients))
    kind = "complaint" if bounce.complaint else "delayed" if bounce.delayed else "bounce"
    contact = contacts.get(session, message.contact_id) if message else None
    found = Match(contact, message, "return_path", own=False) if contact else None
    _wait_for_turn(session, found)
    reading = Reading(reading.mail, reading.recipients, found)
    state = "matched" if found else "unmatched"
    if _keep(session, reading, state, kind, now) and contact and message and not bounce.delayed:
        reports.apply(session, contact, message, bounce, key=f"mail:{reading.mail.digest}", now=now)


def _take_opt_out(session: Session, reading: Reading, now: datetime) -> None:
    if _keep(session, reading, "matched", "unsubscribe", now) and reading.match:
        optouts.opt_out(session, reading.match.contact, source="list-unsubscribe mail", now=now)


def _take_reply(session: Session, reading: Reading, reply: Reply, now: datetime) -> int | None:
    names = [intent.name for intent in reply.intents]
    kind = "out_of_office" if "out_of_office" in names else "auto_reply" if reply.automatic else "reply"
    state = "matched" if reading.match else "unmatched"
    kept = _keep(session, reading, state, kind, now, new_text=reply.new_text, intents=names)
    if not kept or reading.match is None:
        return None
    if kind == "reply":
        return _apply_reply(session, reading, reading.match, reply, now)
    if kind == "out_of_office":
        _pause(session, reading, reading.match, reply, now)
    return None


def _apply_reply(session: Session, reading: Reading, found: Match, reply: Reply, now: datetime) -> int | None:
    """Stop at once; then record what was said. Only a writer who proved to have our mail can promote."""
    names = {intent.name for intent in reply.intents}
    enrollments.stop(session, found.contact.id, reason="replied", now=now)
    # Who asks to be removed refuses, in whatever words: no rule may take that reply for interest.
    refused = {"not_interested"} if "unsubscribe_request" in names else set()
    for kind in ("reply", *sorted(names & TOLD | refused)):
        _tell(session, reading, found, kind, reply, now)
    if "unsubscribe_request" in names and found.proven and found.own:
        optouts.opt_out(session, found.contact, source="reply", now=now)
    if not found.proven:
        return None
    contacts.ask_for_qualification(session, [found.contact.id], now)
    return found.contact.id


def _pause(session: Session, reading: Reading, found: Match, reply: Reply, now: datetime) -> None:
    account = contacts.account_of(session, found.contact)
    zone = choose_zone(found.contact.time_zone, account.time_zone if account else None)
    until = pause_end(reply.return_date, now, zone)
    _tell(session, reading, found, "out_of_office", reply, now, machine=True)
    enrollments.pause(session, found.contact.id, until=until, reason="out of office")


def _tell(
    session: Session,
    reading: Reading,
    found: Match,
    kind: str,
    reply: Reply,
    now: datetime,
    *,
    machine: bool = False,
) -> None:
    words = [intent.because for intent in reply.intents if intent.name == kind]
    unproven = () if found.proven else ("only the sender's address matches, which anyone can write",)
    events.record(
        session,
        found.contact.id,
        kind=kind,
        source="reply",
        at=now,
        now=now,
        key=f"mail:{reading.mail.digest}:{kind}",
        verdict="machine" if machine else "human" if found.proven else "unknown",
        reasons=unproven,
        message_id=found.message.id if found.message else None,
        detail={"summary": "; ".join(words)[:200], "own_address": found.own},
    )


def _asks_to_unsubscribe_by_header(session: Session, keyring: Keyring, reading: Reading) -> bool:
    """The mailto of List-Unsubscribe (RFC 2369): to the mail's own return path, with that subject."""
    returned = find_returned(session, keyring, reading.recipients)
    return returned is not None and reading.mail.subject.strip().lower() == "unsubscribe"


def _keep(
    session: Session,
    reading: Reading,
    state: str,
    kind: str,
    now: datetime,
    *,
    new_text: str = "",
    intents: Iterable[str] = (),
) -> bool:
    """Write the mail down; False where these bytes came before."""
    mail, found = reading.mail, reading.match
    kept = inbound.record(
        session,
        digest=mail.digest,
        state=state,
        kind=kind,
        from_address=mail.from_address,
        subject=mail.subject,
        new_text=new_text,
        intents=list(intents),
        now=now,
        contact_id=found.contact.id if found else None,
        message_id=found.message.id if found and found.message else None,
        matched_by=found.by if found else None,
    )
    return kept is not None

"""Whose mail this is: by the thread, then by the return path's token, then by the address."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nurture.core.inbound.mail_parser import ParsedMail
from nurture.core.people.contact import BadAddress, normalise_address
from nurture.core.token import Keyring
from nurture.store import contacts, messages
from nurture.store.session import Session
from nurture.store.tables import Contact, Message


@dataclass(frozen=True, slots=True)
class Match:
    """The contact a mail belongs to and the mail of ours it answers.

    `own`: it comes from the contact's own address. Only *thread* and *return_path* are proof that the
    writer has our mail; an address in From can be anyone's.
    """

    contact: Contact
    message: Message | None
    by: Literal["thread", "return_path", "address"]
    own: bool

    @property
    def proven(self) -> bool:
        return self.by != "address"


def match(session: Session, keyring: Keyring, mail: ParsedMail, recipients: Iterable[str]) -> Match | None:
    """The contact of a reply; None where it is nobody we know."""
    answered = messages.find_by_rfc_ids(session, (*mail.in_reply_to, *mail.references))
    if answered is not None:
        return _by_message(session, mail, answered, "thread")
    answered = find_returned(session, keyring, recipients)
    if answered is not None:
        return _by_message(session, mail, answered, "return_path")
    contact = _by_address(session, mail.from_address)
    return Match(contact, None, "address", own=True) if contact else None


def find_returned(session: Session, keyring: Keyring, recipients: Iterable[str]) -> Message | None:
    """The mail whose return path is among the envelope's recipients; forged tokens find nothing."""
    for recipient in recipients:
        local = recipient.partition("@")[0].lower()
        message_id = keyring.verify_return_path(local[2:]) if local.startswith("b-") else None
        found = messages.find(session, message_id) if message_id else None
        if found is not None:
            return found
    return None


def _by_message(
    session: Session, mail: ParsedMail, message: Message, by: Literal["thread", "return_path"]
) -> Match:
    contact = contacts.get(session, message.contact_id)
    sender = _by_address(session, mail.from_address)
    return Match(contact, message, by, own=sender is not None and sender.id == contact.id)


def _by_address(session: Session, address: str) -> Contact | None:
    try:
        return contacts.find_by_hash(session, normalise_address(address).hash)
    except BadAddress:
        return None

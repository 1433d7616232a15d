"""Contacts: who they are, which stage they are in, and whether they are to be looked at again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.core.people.contact import Address, account_domain
from nurture.store.tables import Account, Contact


@dataclass(frozen=True, slots=True)
class Locale:
    """What decides a contact's local time: the contact's own zone, the account's, and the country."""

    contact_zone: str | None
    account_zone: str | None
    country: str | None


def get(session: Session, contact_id: int) -> Contact:
    """The contact; raises LookupError where there is none."""
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise LookupError(f"contact {contact_id}")
    return contact


def lock(session: Session, contact_id: int) -> Contact:
    """The contact, held until the transaction ends: all decisions about one contact are made in turn."""
    query = select(Contact).where(Contact.id == contact_id).with_for_update(key_share=True)
    contact = session.scalar(query.execution_options(populate_existing=True))
    if contact is None:
        raise LookupError(f"contact {contact_id}")
    return contact


def find_by_hash(session: Session, email_hash: str) -> Contact | None:
    """The contact of a normalised address's hash, if known."""
    return session.scalar(select(Contact).where(Contact.email_hash == email_hash))


def account_of(session: Session, contact: Contact) -> Account | None:
    """The contact's account; None for free-mail addresses."""
    return session.get(Account, contact.account_id) if contact.account_id else None


def owner_of(session: Session, contact: Contact, owners: Mapping[str, str]) -> str | None:
    """The rep who owns the contact's account: as the account says, else by its domain in `owners`."""
    account = account_of(session, contact)
    return (account.owner or owners.get(account.domain)) if account else None


def list_locales(session: Session, ids: Iterable[int]) -> dict[int, Locale]:
    """What decides the local time of each of these contacts."""
    query = (
        select(Contact.id, Contact.time_zone, Account.time_zone, Contact.country)
        .outerjoin(Account, Account.id == Contact.account_id)
        .where(Contact.id.in_(list(ids)))
    )
    return {row[0]: Locale(row[1], row[2], row[3]) for row in session.execute(query)}


def ask_for_qualification(session: Session, ids: Iterable[int], now: datetime) -> None:
    """Note that these contacts have new evidence. The note survives a lost wake-up.

    Waits for a qualification that runs: it may not see this evidence, and clears only an older note.
    """
    locked = select(Contact.id).where(Contact.id.in_(list(ids))).order_by(Contact.id)
    session.execute(locked.with_for_update(key_share=True))
    query = update(Contact).where(Contact.id.in_(list(ids)))
    session.execute(query.values(qualify_at=func.coalesce(Contact.qualify_at, now)))


def list_waiting_for_qualification(
    session: Session, now: datetime, *, older_than: timedelta, limit: int
) -> Sequence[int]:
    """Contacts whose note is older than `older_than`: their wake-up may have been lost."""
    query = select(Contact.id).where(Contact.qualify_at <= now - older_than)
    return session.scalars(query.order_by(Contact.qualify_at).limit(limit)).all()


def move(session: Session, contact: Contact, stage: str, now: datetime) -> None:
    """Put the contact into a stage."""
    contact.stage, contact.stage_since, contact.updated_at = stage, now, now
    session.flush()


def spend_evidence(session: Session, contact: Contact, now: datetime) -> None:
    """What happened so far no longer counts for promotions: a person or a step back has answered it."""
    contact.evidence_after = now
    session.flush()


def create(session: Session, address: Address, *, stage: str, now: datetime) -> Contact:
    """Know a new person by their address, with their company's account; an existing contact is returned."""
    row = insert(Contact).values(
        email=address.email,
        email_hash=address.hash,
        account_id=_account_for(session, address.domain, now),
        stage=stage,
        stage_since=now,
        created_at=now,
        updated_at=now,
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["email_hash"]))
    return session.scalars(select(Contact).where(Contact.email_hash == address.hash)).one()


def _account_for(session: Session, domain: str, now: datetime) -> int | None:
    company = account_domain(domain)
    if company is None:
        return None
    session.execute(insert(Account).values(domain=company, created_at=now).on_conflict_do_nothing())
    return session.scalar(select(Account.id).where(Account.domain == company))

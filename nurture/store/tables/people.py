"""Who we talk to, and what they allowed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nurture.store.tables.model import Model, serial


class Account(Model):
    """A company, by its mail domain. `gateway`: who filters its mail, as its MX records told when last asked.

    They are asked again at `mx_check_at`.
    """

    __tablename__ = "accounts"
    __table_args__ = (Index("ix_accounts_mx_check_at", "mx_check_at"),)
    id: Mapped[int] = serial()
    domain: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    time_zone: Mapped[str | None]
    owner: Mapped[str | None]
    gateway: Mapped[str | None]
    mx_check_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    created_at: Mapped[datetime]


class Contact(Model):
    """A person. `email_hash` is the SHA-256 (hex) of the normalised address and the upsert key.

    `qualify_at` is set in the transaction that records a signal and cleared by qualification: a lost
    wake-up is seen by it. Evidence before `evidence_after` has been spent (a rejection, a step back).
    """

    __tablename__ = "contacts"
    __table_args__ = (
        Index("ix_contacts_qualify_at", "qualify_at", postgresql_where=text("qualify_at IS NOT NULL")),
        Index("ix_contacts_account_id", "account_id"),
    )
    id: Mapped[int] = serial()
    email: Mapped[str]
    email_hash: Mapped[str] = mapped_column(unique=True)
    given_name: Mapped[str | None]
    family_name: Mapped[str | None]
    company: Mapped[str | None]
    title: Mapped[str | None]
    country: Mapped[str | None]
    time_zone: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    stage: Mapped[str]
    stage_since: Mapped[datetime]
    tracking: Mapped[bool] = mapped_column(server_default=text("true"))
    evidence_after: Mapped[datetime | None]
    qualify_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Consent(Model):
    """Append-only: what a person allowed or withdrew, where, and in which words."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_contact_id", "contact_id"),)
    id: Mapped[int] = serial()
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    purpose: Mapped[str]
    given: Mapped[bool]
    source: Mapped[str]
    wording: Mapped[str]
    at: Mapped[datetime]


class Suppression(Model):
    """An address that gets no marketing mail. Outlives the contact, so it holds the hash alone."""

    __tablename__ = "suppressions"
    email_hash: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    source: Mapped[str]
    created_at: Mapped[datetime]

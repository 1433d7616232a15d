"""What happened: hits, replies, requests, receipts, and the mail that came in."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nurture.store.tables.model import Model, serial


class Event(Model):
    """One thing a contact (or a machine) did. A hit is *unknown* until it is judged.

    `key` names the happening itself, so that telling it twice makes one row. `said_by`: the person who said
    that it was a machine, whom no judge overrules.
    """

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("verdict IN ('human', 'machine', 'unknown')", name="verdict"),
        Index("ix_events_contact_id", "contact_id", "at"),
        Index("ix_events_message_id", "message_id", postgresql_where=text("message_id IS NOT NULL")),
        Index("ix_events_reports", "at", postgresql_where=text("kind IN ('bounce', 'complaint')")),
        Index(
            "ix_events_unjudged",
            "message_id",
            "at",
            postgresql_where=text("judged_at IS NULL"),
        ),
    )
    id: Mapped[int] = serial()
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    kind: Mapped[str]
    source: Mapped[str]
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    verdict: Mapped[str]
    reasons: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    certainty: Mapped[float | None]
    judged_at: Mapped[datetime | None]
    judge_version: Mapped[int | None]
    said_by: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    key: Mapped[str] = mapped_column(unique=True)


class JournalOffset(Model):
    """How far a journal file has been shipped; moves in the transaction that stores its records."""

    __tablename__ = "journal_offsets"
    file: Mapped[str] = mapped_column(primary_key=True)
    shipped: Mapped[int]
    bad: Mapped[int]
    updated_at: Mapped[datetime]


class Receipt(Model):
    """A mail server's 250 for a touch, as the journal told it."""

    __tablename__ = "receipts"
    touch_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    reply: Mapped[str]


class InboundMail(Model):
    """A mail that came in: matched to a contact, unmatched (shown, never dropped) or quarantined.

    `intents`: objects with `name`, `confidence`, `because` and what belongs to some (`reason`, `date`,
    `address`). `evidence`: why it is of its `kind`. `review` is *waiting* until a person decides.
    """

    __tablename__ = "inbound_mails"
    __table_args__ = (
        CheckConstraint("state IN ('matched', 'unmatched', 'quarantined')", name="state"),
        CheckConstraint("review IN ('waiting', 'decided')", name="review"),
        Index("ix_inbound_mails_contact_id", "contact_id"),
        Index("ix_inbound_mails_review", "received_at", postgresql_where=text("review = 'waiting'")),
    )
    id: Mapped[int] = serial()
    digest: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    kind: Mapped[str]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    from_address: Mapped[str]
    subject: Mapped[str]
    new_text: Mapped[str]
    language: Mapped[str | None]
    intents: Mapped[list[Any]]
    evidence: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    matched_by: Mapped[str | None]
    source: Mapped[str] = mapped_column(server_default=text("'lmtp'"))
    received_at: Mapped[datetime]
    review: Mapped[str | None]
    review_reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None]


class ImapCursor(Model):
    """How far a folder of an IMAP account has been read: the last UID under its UIDVALIDITY (RFC 3501)."""

    __tablename__ = "imap_cursors"
    account: Mapped[str] = mapped_column(primary_key=True)
    folder: Mapped[str] = mapped_column(primary_key=True)
    uid_validity: Mapped[int]
    last_uid: Mapped[int]
    updated_at: Mapped[datetime]


class KnownList(Model):
    """A list of agents, networks or gateways that replaces the shipped one: the text of its file."""

    __tablename__ = "known_lists"
    name: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    source: Mapped[str]
    dated: Mapped[str]
    digest: Mapped[str]
    installed_at: Mapped[datetime]

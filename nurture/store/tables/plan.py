"""What is to be sent, to whom, when, and how far it has come."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nurture.store.tables.model import Model, serial

TOUCH_STATES = ["planned", "claimed", "sending", "sent", "done", "failed", "uncertain", "cancelled"]


class WorkspaceVersion(Model):
    """One published, immutable version of the marketer's files; exactly one is current."""

    __tablename__ = "workspace_versions"
    __table_args__ = (
        Index("uq_workspace_versions_current", "current", unique=True, postgresql_where=text("current")),
    )
    id: Mapped[int] = serial()
    digest: Mapped[str] = mapped_column(unique=True)
    definition: Mapped[dict[str, Any]]
    current: Mapped[bool]
    published_at: Mapped[datetime]


class Enrollment(Model):
    """One contact in one sequence of one version.

    `unplanned_since` is set whenever the next touch is still to be planned after `last_step` (or at
    `goto_step`, a branch's choice); scheduling clears it. `ended_by`: the promotion that stopped it, by
    leaving its stage, which lets it go on where that promotion is undone, or by being undone itself.
    """

    __tablename__ = "enrollments"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'finished', 'stopped')", name="state"),
        Index(
            "uq_enrollments_active",
            "contact_id",
            "sequence",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        Index(
            "ix_enrollments_unplanned",
            "unplanned_since",
            postgresql_where=text("unplanned_since IS NOT NULL"),
        ),
        Index("ix_enrollments_contact_id", "contact_id"),
    )
    id: Mapped[int] = serial()
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("workspace_versions.id"))
    sequence: Mapped[str]
    stage: Mapped[str]
    state: Mapped[str]
    last_step: Mapped[str | None]
    goto_step: Mapped[str | None]
    unplanned_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    pause_reason: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("promotions.id"))


class Touch(Model):
    """One step carried out for one enrollment. `note` says why it was postponed, withheld or failed.

    `own_due_at`: when it would be due, had no pause moved it.
    """

    __tablename__ = "touches"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in TOUCH_STATES)})", name="state"),
        UniqueConstraint("enrollment_id", "step"),
        Index("ix_touches_due", "kind", "due_at", postgresql_where=text("state = 'planned'")),
        Index(
            "ix_touches_lease_until",
            "lease_until",
            postgresql_where=text("state IN ('claimed', 'sending', 'uncertain')"),
        ),
        Index("ix_touches_contact_id", "contact_id"),
    )
    id: Mapped[int] = serial()
    enrollment_id: Mapped[int] = mapped_column(ForeignKey("enrollments.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    step: Mapped[str]
    kind: Mapped[str]
    priority: Mapped[int]
    state: Mapped[str]
    due_at: Mapped[datetime]
    own_due_at: Mapped[datetime | None]
    claim_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    note: Mapped[str | None]
    done_at: Mapped[datetime | None]


class Message(Model):
    """A mail of a touch (`id` is the touch's id), written before its DATA. `rfc_id` is its Message-ID."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_contact_id", "contact_id"),
        Index("ix_messages_enrollment_id", "enrollment_id"),
        Index("ix_messages_sent", "mailbox", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(ForeignKey("touches.id"), primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    enrollment_id: Mapped[int] = mapped_column(ForeignKey("enrollments.id"))
    step: Mapped[str]
    rfc_id: Mapped[str] = mapped_column(unique=True)
    mailbox: Mapped[str]
    subject: Mapped[str]
    links: Mapped[list[Any]]
    sent_at: Mapped[datetime | None]


class DailyCount(Model):
    """Mails counted against a cap: `scope` is "mailbox" or "contact", `day` a local date."""

    __tablename__ = "daily_counts"
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    sent: Mapped[int]


class MailboxPause(Model):
    """A mailbox that sends nothing from `paused_at` to `ended_at` (or `until`), and why."""

    __tablename__ = "mailbox_pauses"
    __table_args__ = (
        Index("uq_mailbox_pauses_open", "mailbox", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[int] = serial()
    mailbox: Mapped[str]
    reason: Mapped[str]
    evidence: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    paused_at: Mapped[datetime]
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class Task(Model):
    """A call, a social touch or a piece of post for a rep to carry out."""

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_contact_id", "contact_id"),)
    id: Mapped[int] = mapped_column(ForeignKey("touches.id"), primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    rep: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    note: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

"""Promotions with their evidence, handoffs with their state, and the keys of other systems."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nurture.store.tables.model import Model, serial

OPEN_HANDOFF = "state IN ('pending', 'notified', 'accepted')"


class Promotion(Model):
    """A move between stages: which rule of which version, on which facts and events.

    *undone*: its evidence turned out to be a machine's and the contact went back. *flagged*: the same, but
    sales had accepted the contact, so that a person decides.
    """

    __tablename__ = "promotions"
    __table_args__ = (Index("ix_promotions_contact_id", "contact_id"),)
    id: Mapped[int] = serial()
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("workspace_versions.id"))
    origin: Mapped[str]
    target: Mapped[str]
    rule: Mapped[str]
    reason: Mapped[str]
    because: Mapped[list[Any]]
    evidence: Mapped[list[Any]]
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_reason: Mapped[str | None]
    flagged_at: Mapped[datetime | None]
    flag: Mapped[str | None]


class Handoff(Model):
    """A contact given to a rep. A contact has one open handoff at most (the partial unique index).

    *withdrawn*: the contact went back on its own word before or after the rep's answer.
    """

    __tablename__ = "handoffs"
    __table_args__ = (
        CheckConstraint(
            "state IN ('pending', 'notified', 'accepted', 'rejected', 'withdrawn', 'escalated')", name="state"
        ),
        Index("uq_handoffs_open", "contact_id", unique=True, postgresql_where=text(OPEN_HANDOFF)),
        Index("ix_handoffs_contact_id", "contact_id"),
        Index("ix_handoffs_promotion_id", "promotion_id"),
    )
    id: Mapped[int] = serial()
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("workspace_versions.id"))
    rep: Mapped[str]
    state: Mapped[str]
    why_now: Mapped[str]
    timeline: Mapped[list[Any]]
    signal_at: Mapped[datetime]
    created_at: Mapped[datetime]
    claim_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    notified_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None]


class HandoffNotice(Model):
    """One piece of news about a handoff for one target ("email", "webhook"): delivered, or to be tried again.

    `news`: *opened*, *withdrawn* or *flagged*.
    """

    __tablename__ = "handoff_notices"
    __table_args__ = (
        CheckConstraint("news IN ('opened', 'withdrawn', 'flagged')", name="news"),
        UniqueConstraint("handoff_id", "target", "news", name="uq_handoff_notices_news"),
        Index("ix_handoff_notices_due", "next_try_at", postgresql_where=text("delivered_at IS NULL")),
    )
    id: Mapped[int] = serial()
    handoff_id: Mapped[int] = mapped_column(ForeignKey("handoffs.id"))
    target: Mapped[str]
    news: Mapped[str] = mapped_column(server_default=text("'opened'"))
    attempts: Mapped[int]
    delivered_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    error: Mapped[str | None]


class ApiKey(Model):
    """A key of another system; only its SHA-256 is kept."""

    __tablename__ = "api_keys"
    id: Mapped[int] = serial()
    name: Mapped[str] = mapped_column(unique=True)
    key_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

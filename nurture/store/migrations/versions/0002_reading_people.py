"""What reading mails and judging clicks needs: reviews, pauses, lists, undone promotions, IMAP cursors."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Version 0001 kept intents by name alone, and called two of them otherwise.
NAMES_TO_INTENTS = """
UPDATE inbound_mails SET intents = (
    SELECT jsonb_agg(jsonb_build_object(
        'name', CASE said
            WHEN 'interested' THEN 'positive' WHEN 'not_interested' THEN 'objection' ELSE said
        END,
        'confidence', 1, 'because', ''
    ))
    FROM jsonb_array_elements_text(intents) AS said
)
WHERE intents <> '[]'
"""
INTENTS_TO_NAMES = """
UPDATE inbound_mails SET intents = (
    SELECT jsonb_agg(CASE said ->> 'name'
        WHEN 'positive' THEN 'interested' WHEN 'objection' THEN 'not_interested' ELSE said ->> 'name'
    END)
    FROM jsonb_array_elements(intents) AS said
)
WHERE intents <> '[]'
"""


def upgrade() -> None:
    op.create_table(
        "imap_cursors",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "folder", name=op.f("pk_imap_cursors")),
    )
    op.create_table(
        "known_lists",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("dated", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_known_lists")),
    )
    op.create_table(
        "mailbox_pauses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox_pauses")),
    )
    op.create_index(
        "uq_mailbox_pauses_open",
        "mailbox_pauses",
        ["mailbox"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column("accounts", sa.Column("gateway", sa.String(), nullable=True))
    op.add_column(
        "accounts",
        sa.Column("mx_check_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.create_index("ix_accounts_mx_check_at", "accounts", ["mx_check_at"], unique=False)
    op.add_column("enrollments", sa.Column("ended_by", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_enrollments_ended_by"), "enrollments", "promotions", ["ended_by"], ["id"])
    op.create_index(
        "ix_messages_sent",
        "messages",
        ["mailbox", "sent_at"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )
    op.create_index(
        "ix_events_reports",
        "events",
        ["at"],
        unique=False,
        postgresql_where=sa.text("kind IN ('bounce', 'complaint')"),
    )
    op.add_column("events", sa.Column("certainty", sa.Double(), nullable=True))
    op.add_column("events", sa.Column("said_by", sa.String(), nullable=True))
    op.drop_index("ix_events_unjudged", table_name="events")
    op.create_index(
        "ix_events_unjudged",
        "events",
        ["message_id", "at"],
        unique=False,
        postgresql_where=sa.text("judged_at IS NULL"),
    )
    op.add_column(
        "handoff_notices", sa.Column("news", sa.String(), server_default=sa.text("'opened'"), nullable=False)
    )
    op.drop_constraint(op.f("uq_handoff_notices_handoff_id_target"), "handoff_notices", type_="unique")
    op.create_unique_constraint(
        "uq_handoff_notices_news", "handoff_notices", ["handoff_id", "target", "news"]
    )
    op.add_column("inbound_mails", sa.Column("language", sa.String(), nullable=True))
    op.add_column(
        "inbound_mails",
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
    )
    op.add_column(
        "inbound_mails", sa.Column("source", sa.String(), server_default=sa.text("'lmtp'"), nullable=False)
    )
    op.add_column("inbound_mails", sa.Column("review", sa.String(), nullable=True))
    op.add_column("inbound_mails", sa.Column("review_reason", sa.String(), nullable=True))
    op.add_column("inbound_mails", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("inbound_mails", sa.Column("decision", sa.String(), nullable=True))
    op.create_check_constraint(
        op.f("ck_inbound_mails_review"), "inbound_mails", "review IN ('waiting', 'decided')"
    )
    op.create_check_constraint(
        op.f("ck_handoff_notices_news"), "handoff_notices", "news IN ('opened', 'withdrawn', 'flagged')"
    )
    op.create_index(
        "ix_inbound_mails_review",
        "inbound_mails",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("review = 'waiting'"),
    )
    op.add_column("promotions", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("promotions", sa.Column("undone_reason", sa.String(), nullable=True))
    op.add_column("promotions", sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("promotions", sa.Column("flag", sa.String(), nullable=True))
    op.add_column("touches", sa.Column("own_due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(NAMES_TO_INTENTS)


def downgrade() -> None:
    op.execute(INTENTS_TO_NAMES)
    op.drop_column("touches", "own_due_at")
    op.drop_column("promotions", "flag")
    op.drop_column("promotions", "flagged_at")
    op.drop_column("promotions", "undone_reason")
    op.drop_column("promotions", "undone_at")
    op.drop_index(
        "ix_inbound_mails_review", table_name="inbound_mails", postgresql_where=sa.text("review = 'waiting'")
    )
    op.drop_column("inbound_mails", "decision")
    op.drop_column("inbound_mails", "decided_at")
    op.drop_column("inbound_mails", "review_reason")
    op.drop_column("inbound_mails", "review")
    op.drop_column("inbound_mails", "source")
    op.drop_column("inbound_mails", "evidence")
    op.drop_column("inbound_mails", "language")
    op.drop_constraint("uq_handoff_notices_news", "handoff_notices", type_="unique")
    op.execute("DELETE FROM handoff_notices WHERE news <> 'opened'")  # version 0001 has one for each target
    op.create_unique_constraint(
        op.f("uq_handoff_notices_handoff_id_target"),
        "handoff_notices",
        ["handoff_id", "target"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("handoff_notices", "news")
    op.drop_index("ix_events_unjudged", table_name="events")
    op.create_index(
        "ix_events_unjudged",
        "events",
        ["message_id", "at"],
        unique=False,
        postgresql_where=sa.text("judged_at IS NULL AND kind IN ('open', 'click')"),
    )
    op.drop_column("events", "said_by")
    op.drop_column("events", "certainty")
    op.drop_index("ix_events_reports", table_name="events")
    op.drop_index("ix_messages_sent", table_name="messages")
    op.drop_constraint(op.f("fk_enrollments_ended_by"), "enrollments", type_="foreignkey")
    op.drop_column("enrollments", "ended_by")
    op.drop_index("ix_accounts_mx_check_at", table_name="accounts")
    op.drop_column("accounts", "mx_check_at")
    op.drop_column("accounts", "gateway")
    op.drop_index(
        "uq_mailbox_pauses_open", table_name="mailbox_pauses", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_table("mailbox_pauses")
    op.drop_table("known_lists")
    op.drop_table("imap_cursors")

"""The rows: one file per part of the story. Import order is the order of the story."""

from nurture.store.tables.evidence import Event, ImapCursor, InboundMail, JournalOffset, KnownList, Receipt
from nurture.store.tables.model import Model
from nurture.store.tables.people import Account, Consent, Contact, Suppression
from nurture.store.tables.plan import (
    DailyCount,
    Enrollment,
    MailboxPause,
    Message,
    Task,
    Touch,
    WorkspaceVersion,
)
from nurture.store.tables.sales import ApiKey, Handoff, HandoffNotice, Promotion

__all__ = [
    "Account",
    "ApiKey",
    "Consent",
    "Contact",
    "DailyCount",
    "Enrollment",
    "Event",
    "Handoff",
    "HandoffNotice",
    "ImapCursor",
    "InboundMail",
    "JournalOffset",
    "KnownList",
    "MailboxPause",
    "Message",
    "Model",
    "Promotion",
    "Receipt",
    "Suppression",
    "Task",
    "Touch",
    "WorkspaceVersion",
]

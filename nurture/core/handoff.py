"""What a salesperson is told: one document, whatever the way it travels."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nurture.core.workspace import Mailbox, Rep

News = Literal["opened", "withdrawn", "flagged"]
"""What there is to tell: a contact to call; that it was none; that it may be none, after it was accepted."""


@dataclass(frozen=True, slots=True)
class HandoffNotice:
    """A handoff as it is told. `url` leads to the page where the rep accepts or rejects.

    `notice_id` is the same on every try, so that a target can tell a repetition. `reason`: why it is
    withdrawn or flagged; `told_at`: when that was found out, or when the handoff was opened.
    """

    notice_id: str
    handoff_id: int
    rep: Rep
    sender: Mailbox
    company: str
    contact_name: str
    contact_email: str
    contact_title: str
    contact_company: str
    stage: str
    why_now: str
    because: tuple[str, ...]
    timeline: tuple[str, ...]
    url: str
    signal_at: datetime
    created_at: datetime
    news: News = "opened"
    reason: str = ""
    told_at: datetime | None = None


REJECT_REASONS = ("not a fit", "wrong person", "no budget", "bad timing", "already a customer", "other")

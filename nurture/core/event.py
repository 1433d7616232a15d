"""What happened to a contact: the evidence that rules and scores rest on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

EventKind = Literal[
    "open", "click", "reply", "interested", "not_interested", "not_now",
    "pricing_request", "demo_request", "trial_request", "meeting_request", "information_request",
    "timeline_shared",
    "out_of_office", "unsubscribe", "bounce", "complaint",
]  # fmt: skip
Verdict = Literal["human", "machine", "unknown"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, the evidence of rules. `step` names the step of the mail it belongs to."""

    id: int
    kind: EventKind
    at: datetime
    verdict: Verdict = "human"
    source: str = ""
    message_id: int | None = None
    step: str | None = None
    detail: str = ""

"""The marketer's workspace as one checked value: what `config/workspace/` says, ready to publish."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal

from nurture.core.reaction import ReplyRules
from nurture.core.rule import Rule
from nurture.core.score import GradeModel, ScoreModel
from nurture.core.sequence import Sequence

Tracking = Literal["off", "individual"]


@dataclass(frozen=True, slots=True)
class Window:
    """Mails go out on `weekdays` (0 is Monday) from `start` to `end`, local time.

    `end` before `start` is an overnight window that belongs to the weekday it starts on;
    equal ends mean the whole day.
    """

    weekdays: frozenset[int]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A sending address. `daily_cap`: mails a calendar day in the workspace's time zone."""

    name: str
    address: str
    display_name: str
    daily_cap: int
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Rep:
    """A salesperson. `webhook`: where their handoffs are posted too."""

    name: str
    email: str
    display_name: str
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A funnel stage, in funnel order. `handoff`: reaching it hands the contact to sales."""

    name: str
    title: str
    sequence: str | None
    handoff: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail prepared for rendering: Jinja templates; HTML with its CSS inlined."""

    name: str
    subject: str
    html: str
    text: str
    mailbox: str | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything a marketer keeps in files.

    `contact_cap`: mails one contact gets a day at most. `skip_holidays`: no mail on public holidays of
    the contact's country. `owners`: account domain to rep name. `max_lateness`: an overdue mail that is
    later than this is withheld and its sequence goes on from that day (an outage must not burst).
    """

    name: str
    company: str
    postal_address: str
    time_zone: str
    window: Window
    contact_cap: int
    tracking: Tracking
    stages: tuple[Stage, ...]
    rules: tuple[Rule, ...]
    score: ScoreModel
    grade: GradeModel
    reps: tuple[Rep, ...]
    mailboxes: tuple[Mailbox, ...]
    sequences: tuple[Sequence, ...]
    mails: tuple[Mail, ...]
    owners: Mapping[str, str] = field(default_factory=dict)
    skip_holidays: bool = True
    max_lateness: timedelta = timedelta(days=2)
    replies: ReplyRules = field(default_factory=ReplyRules)

    def stage(self, name: str) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)

    def sequence(self, name: str) -> Sequence:
        return next(sequence for sequence in self.sequences if sequence.name == name)

    def mail(self, name: str) -> Mail:
        return next(mail for mail in self.mails if mail.name == name)

    def mailbox(self, name: str | None) -> Mailbox:
        """The mailbox of that name; without a name the first one."""
        return next(mailbox for mailbox in self.mailboxes if name in (None, mailbox.name))

    def rep(self, name: str) -> Rep:
        return next(rep for rep in self.reps if rep.name == name)

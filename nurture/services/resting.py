"""The mailboxes as a person sees them: which rest, why, and what came back lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nurture.core.reputation import WINDOW, Record
from nurture.store import mailboxes, workspaces
from nurture.store.session import Session


@dataclass(frozen=True, slots=True)
class MailboxState:
    """A mailbox: what came of its mails lately, and why it rests (`until` None: until a person ends it)."""

    name: str
    record: Record
    rests: str | None
    until: datetime | None


class UnknownMailbox(LookupError):
    """The published workspace has no mailbox of that name."""


def list_mailboxes(session: Session, *, now: datetime) -> Sequence[MailboxState]:
    """The mailboxes of the published workspace."""
    _version, workspace = workspaces.current(session)
    pauses = {pause.mailbox: pause for pause in mailboxes.list_pauses(session, now)}
    return [
        MailboxState(
            mailbox.name,
            mailboxes.measure(session, mailbox.name, now - WINDOW),
            pauses[mailbox.name].reason if mailbox.name in pauses else None,
            pauses[mailbox.name].until if mailbox.name in pauses else None,
        )
        for mailbox in workspace.mailboxes
    ]


def rest(session: Session, mailbox: str, *, why: str, by: str, now: datetime) -> bool:
    """Let a mailbox rest until a person ends it; False where it does already. Raises UnknownMailbox."""
    _check(session, mailbox)
    return mailboxes.pause(session, mailbox, reason=f"{why} (said {by})", until=None, now=now)


def resume(session: Session, mailbox: str, *, by: str, now: datetime) -> bool:
    """End a mailbox's rest; its record begins anew. False where it has none. Raises UnknownMailbox."""
    _check(session, mailbox)
    return mailboxes.resume(session, mailbox, by=by, now=now)


def _check(session: Session, mailbox: str) -> None:
    _version, workspace = workspaces.current(session)
    names = [known.name for known in workspace.mailboxes]
    if mailbox not in names:
        raise UnknownMailbox(f"there is no mailbox {mailbox!r}: the workspace has {', '.join(names)}")

"""A person's word on mail and tracking, with all that follows from it, in the caller's transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from nurture.store import enrollments, events, stages, suppressions, tasks
from nurture.store.tables import Consent, Contact

UNSUBSCRIBED: Final = suppressions.UNSUBSCRIBED
WORDING: Final = {
    ("marketing", True): "Send me mails about products and offers.",
    ("marketing", False): "Do not send me any more mails.",
    ("tracking", True): "Notice which mails I open and which links I follow.",
    ("tracking", False): "Do not notice which mails I open or which links I follow.",
}
"""The words a person agrees to, by purpose and whether it is given; pages show them, consents keep them."""
PURPOSES: Final = ("marketing", "tracking")
ALLOWING: Final = ("preferences", "disowned")
"""Where a "yes" comes from that lets mail flow again; that of an import revives nobody (L10)."""


def opt_out(
    session: Session,
    contact: Contact,
    *,
    source: str,
    now: datetime,
    message_id: int | None = None,
    client: Mapping[str, Any] | None = None,
) -> bool:
    """End all marketing mail to a contact, in the middle of a wait too; False where it had ended before.

    Said again in another way it is kept too: one of them may prove to be nobody's word. `client`: who sent
    the form of ours, in answer to the mail `message_id`, as `events.CLIENT` has it.
    """
    fresh = suppressions.suppress(session, contact.email_hash, reason=UNSUBSCRIBED, source=source, now=now)
    refusals = _list_refusals(session, contact.id)
    if not fresh and source in refusals:
        return False
    keep_word(session, contact.id, "marketing", given=False, source=source, now=now)
    _stop(session, contact, now)
    events.record(
        session,
        contact.id,
        kind="unsubscribe",
        source=source,
        at=now,
        now=now,
        key=f"unsubscribe:{contact.id}:{source}:{now.isoformat()}",
        message_id=message_id,
        detail={events.CLIENT: dict(client)} if client else {},
    )
    return fresh or not refusals


def opt_in(session: Session, contact: Contact, *, source: str, now: datetime) -> None:
    """Take mail up again after the person asked; an address that bounced or complained stays suppressed."""
    suppression = suppressions.find(session, contact.email_hash)
    if suppression is not None and suppression.reason == UNSUBSCRIBED:
        suppressions.lift(session, contact.email_hash)
        keep_word(session, contact.id, "marketing", given=True, source=source, now=now)


def keep_word(
    session: Session, contact_id: int, purpose: str, *, given: bool, source: str, now: datetime
) -> None:
    """Append a person's word to the record, in the words it was asked in."""
    suppressions.record_consent(
        session,
        contact_id,
        purpose=purpose,
        given=given,
        source=source,
        wording=WORDING[purpose, given],
        now=now,
    )


def take_back(
    session: Session, contact: Contact, said: Collection[tuple[str, datetime]], *, by: str, now: datetime
) -> list[str]:
    """Take back what a machine said (source and moment of each word); the purposes that this changed.

    The record is only appended to. What the person said before, later or in another way holds again.
    """
    record = suppressions.list_consents(session, contact.id)
    changed = []
    for purpose in PURPOSES:
        words = [w for w in record if w.purpose == purpose and not (w.given and w.source not in ALLOWING)]
        given = _given_without(words, said)
        if words and given is not words[-1].given:
            wording = f"Taken back, for a machine had said it as {by} tells: {words[-1].wording}"
            suppressions.record_consent(
                session, contact.id, purpose=purpose, given=given, source="disowned", wording=wording, now=now
            )
            _restore(session, contact, purpose, given, said, now)
            changed.append(purpose)
    return changed


def _given_without(words: Collection[Consent], said: Collection[tuple[str, datetime]]) -> bool:
    """What holds without the words that were said by a machine: each was the other one's contrary."""
    others = [word.given for word in words if (word.source, word.at) not in said]
    theirs = [word.given for word in words if (word.source, word.at) in said]
    return others[-1] if others else not theirs[:1][0] if theirs else True


def _restore(
    session: Session,
    contact: Contact,
    purpose: str,
    given: bool,
    said: Collection[tuple[str, datetime]],
    now: datetime,
) -> None:
    if purpose == "tracking":
        contact.tracking, contact.updated_at = given, now
    elif given:
        _take_up(session, contact, said, now)
    else:
        suppressions.suppress(session, contact.email_hash, reason=UNSUBSCRIBED, source="disowned", now=now)
        _stop(session, contact, now)


def _stop(session: Session, contact: Contact, now: datetime) -> None:
    enrollments.stop(session, contact.id, reason=UNSUBSCRIBED, now=now)
    tasks.cancel_open(session, contact.id, now)


def _take_up(
    session: Session, contact: Contact, said: Collection[tuple[str, datetime]], now: datetime
) -> None:
    """Let mail flow again and sequences go on where they were left; not where another cause has ended it."""
    suppression = suppressions.find(session, contact.email_hash)
    if suppression is not None and suppression.reason == UNSUBSCRIBED:
        suppressions.lift(session, contact.email_hash)
    moments = {at for _, at in said}
    left = [
        row
        for row in enrollments.list_for_contact(session, contact.id)
        if row.state == "stopped" and row.end_reason == UNSUBSCRIBED and row.ended_at in moments
    ]
    stages.go_on(session, stages.list_going_on(session, contact, left), now)


def _list_refusals(session: Session, contact_id: int) -> list[str]:
    """The ways in which the person has refused mail since it last allowed it."""
    words = [c for c in suppressions.list_consents(session, contact_id) if c.purpose == "marketing"]
    allowed = max((number for number, word in enumerate(words) if word.given), default=-1)
    return [word.source for word in words[allowed + 1 :]]

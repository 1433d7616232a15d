"""Shows a person what the program does not settle by itself, and does what they decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from nurture.core.inbound.mail_parser import find_addresses
from nurture.core.people.contact import BadAddress, normalise_address
from nurture.core.reaction import DEFAULT_ACTIONS, SIGNALS, Reaction, act_on
from nurture.core.schedule import choose_zone, wait_end
from nurture.core.workspace import Workspace
from nurture.store import contacts, inbound, optouts, reactions, stages, suppressions, workspaces
from nurture.store.session import Session
from nurture.store.tables import Contact, InboundMail

Choice = Literal["go_on", "stop", "suppress"]


class CannotDecide(ValueError):
    """This decision does not fit that mail; the message says why and what does."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail as a person sees it. `contact`: the address of the contact it belongs to, "" for nobody.

    `intents`: objects with `name`, `confidence`, `because` and, where they hold, `date`, `reason`, `address`.
    """

    id: int
    received_at: datetime
    kind: str
    state: str
    from_address: str
    contact: str
    matched_by: str
    source: str
    subject: str
    text: str
    language: str
    intents: tuple[Mapping[str, Any], ...]
    evidence: tuple[str, ...]
    why: str
    decision: str

    @property
    def first_line(self) -> str:
        return next((line.strip() for line in self.text.splitlines() if line.strip()), self.subject)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decides: what the mail says (`intents`, `until` a day for "not now"), or what to do.

    `referred`: the colleague who becomes a contact; without anything else the mail is a referral.
    """

    intents: tuple[str, ...] = ()
    choice: Choice | None = None
    referred: str = ""
    until: date | None = None

    def __str__(self) -> str:
        said = [f"as {', '.join(self.intents)}"] if self.intents else []
        said += [self.choice.replace("_", " ")] if self.choice else []
        said += [f"accept {self.referred}"] if self.referred else []
        return " and ".join(said)


@dataclass(frozen=True, slots=True)
class _Heard:
    """An intent as a person has decided it."""

    name: str
    day: date | None = None
    address: str = ""
    confidence: float = 1.0


def list_unmatched(session: Session, *, limit: int) -> Sequence[InboundMail]:
    """The newest mails that match nobody, or that could not be read."""
    return inbound.list_unmatched(session, limit)


def list_waiting(session: Session, *, limit: int) -> list[Shown]:
    """The mails that wait for a person, the longest first."""
    return [_shown(session, mail) for mail in inbound.list_waiting(session, limit)]


def show(session: Session, mail_id: int) -> Shown:
    """One mail, decided or not; raises CannotDecide where there is none of that number."""
    return _shown(session, _get(session, mail_id))


def decide(session: Session, mail_id: int, decision: Decision, *, by: str, now: datetime) -> int | None:
    """Do what a person decided about a mail that waits; the id of the contact where it is to be qualified.

    An intent has the effects it would have had, had it been read so from somebody who proved to be the
    contact. Raises CannotDecide: decided before, nothing chosen, or what does not fit this mail.
    """
    contact_id = _get(session, mail_id).contact_id
    contact = contacts.lock(session, contact_id) if contact_id else None
    mail = inbound.lock(session, mail_id)
    _check(mail, decision)
    if decision.until is not None and decision.until <= now.date():
        raise CannotDecide(f"{decision.until} is over: give a day to come (--until)")
    if decision.referred:
        _accept_referral(session, mail, contact, decision.referred, by, now)
    inbound.decide(session, mail, decision=f"{decision}, by {by}", now=now)
    if contact is None:
        if decision.choice == "suppress":
            _suppress_sender(session, mail, by, now)
        return None
    reactions.take_back(session, contact, mail.received_at, now)
    return _follow(session, mail, contact, decision, by, now)


def _get(session: Session, mail_id: int) -> InboundMail:
    try:
        return inbound.get(session, mail_id)
    except LookupError:
        raise CannotDecide(f"there is no mail {mail_id}: `nurture replies` lists those that wait") from None


def _check(mail: InboundMail, decision: Decision) -> None:
    if mail.review == "decided":
        raise CannotDecide(f"mail {mail.id} was decided on {mail.decided_at:%Y-%m-%d %H:%M}: {mail.decision}")
    if mail.review is None:
        raise CannotDecide(f"mail {mail.id} waits for nobody: the program has acted on it")
    if not (decision.intents or decision.choice or decision.referred):
        raise CannotDecide("say what it is (--as), or what to do")
    if decision.intents and decision.choice:
        raise CannotDecide("say either what it is (--as) or what to do, not both")
    unknown = [name for name in decision.intents if name not in DEFAULT_ACTIONS]
    if unknown:
        raise CannotDecide(f"no reply can say {unknown[0]!r}: use {', '.join(DEFAULT_ACTIONS)}")
    if mail.contact_id is None and (decision.intents or decision.choice == "stop"):
        raise CannotDecide(
            f"mail {mail.id} belongs to no contact: only --go-on (it was seen), --suppress (its sender) "
            "and --accept-referral fit"
        )


def _follow(
    session: Session, mail: InboundMail, contact: Contact, decision: Decision, by: str, now: datetime
) -> int | None:
    answer = _answer(mail, contact, decision, by)
    said = decision.intents or (("referral",) if decision.referred and not decision.choice else ())
    if not said:
        chosen = Reaction("stop", suppress=decision.choice == "suppress")
        if decision.choice != "go_on":
            reactions.follow(session, contact, chosen, answer, until=now, now=now)
        reactions.note(session, answer)
        return None
    _, workspace = workspaces.current(session)
    heard = [_heard(mail, name, decision.until) for name in said]
    # The person has seen it: what was only to be shown goes on.
    reaction = replace(act_on(heard, workspace.replies), review=None)
    zone = _zone(session, contact, workspace)
    until = wait_end(reaction.wait_until, workspace.replies.wait, now, zone)
    counts = reactions.apply(session, contact, reaction, answer, until=until, now=now)
    return contact.id if counts else None


def _heard(mail: InboundMail, name: str, until: date | None) -> _Heard:
    """An intent with what was read beside it, where it was read at all."""
    none: Mapping[str, Any] = {}
    read = next((intent for intent in mail.intents if intent["name"] == name), none)
    day = until or (date.fromisoformat(read["date"]) if read.get("date") else None)
    return _Heard(name, day, read.get("address", ""))


def _zone(session: Session, contact: Contact, workspace: Workspace) -> str:
    account = contacts.account_of(session, contact)
    return choose_zone(contact.time_zone, account.time_zone if account else None, workspace.time_zone)


def _answer(mail: InboundMail, contact: Contact, decision: Decision, by: str) -> reactions.Answer:
    said = [intent for intent in mail.intents if intent["name"] in SIGNALS]
    read: dict[str, str] = {SIGNALS[intent["name"]]: str(intent["because"]) for intent in said}
    return reactions.Answer(
        key=mail.digest,
        at=mail.received_at,
        message_id=mail.message_id,
        own_address=mail.from_address.lower() == contact.email.lower(),
        words=read,
        because=(f"waited for a person: {mail.review_reason}", f"{by} decided: {decision}"),
        decided_by=by,
    )


def _accept_referral(
    session: Session, mail: InboundMail, contact: Contact | None, written: str, by: str, now: datetime
) -> None:
    """Make the colleague whom the mail names a contact, in the first stage and its sequence."""
    try:
        address = normalise_address(written)
    except BadAddress as error:
        raise CannotDecide(f"{written!r}: {error}") from None
    if address.email.lower() not in _named(mail):
        raise CannotDecide(f"mail {mail.id} does not name {address.email}: check the spelling, or import it")
    if contacts.find_by_hash(session, address.hash):
        raise CannotDecide(f"{address.email} is a contact already: decide about the mail without it")
    version_id, workspace = workspaces.current(session)
    stage = workspace.stages[0]
    made = contacts.create(session, address, stage=stage.name, now=now)
    made.attributes = {"referred_by": contact.email if contact else mail.from_address, "accepted_by": by}
    stages.enter(session, made, stage, version_id=version_id, reason="referred", now=now)


def _named(mail: InboundMail) -> set[str]:
    """The addresses in the mail, in lower case."""
    told = " , ".join(
        (mail.new_text, mail.review_reason or "", *(str(i.get("address", "")) for i in mail.intents))
    )
    return {address.lower() for address in find_addresses(told)}


def _suppress_sender(session: Session, mail: InboundMail, by: str, now: datetime) -> None:
    try:
        address = normalise_address(mail.from_address)
    except BadAddress as error:
        raise CannotDecide(f"its sender cannot be suppressed: {error}") from None
    source = f"reply, as {by} decided"
    suppressions.suppress(session, address.hash, reason=optouts.UNSUBSCRIBED, source=source, now=now)


def _shown(session: Session, mail: InboundMail) -> Shown:
    contact = contacts.get(session, mail.contact_id) if mail.contact_id else None
    return Shown(
        id=mail.id,
        received_at=mail.received_at,
        kind=mail.kind,
        state=mail.state,
        from_address=mail.from_address,
        contact=contact.email if contact else "",
        matched_by=mail.matched_by or "",
        source=mail.source,
        subject=mail.subject,
        text=mail.new_text,
        language=mail.language or "",
        intents=tuple(mail.intents),
        evidence=tuple(mail.evidence),
        why=mail.review_reason or "",
        decision=mail.decision or "",
    )

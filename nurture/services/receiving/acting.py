"""Decides what follows from a mail of somebody we know, and does it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nurture.calendars import calendar_for
from nurture.core.inbound.authenticity import Weight
from nurture.core.inbound.reading import Reading
from nurture.core.reaction import SIGNALS, Course, Reaction, ReplyRules, act_on, react
from nurture.core.schedule import Calendar, pause_end, wait_end
from nurture.services.receiving.matching import Match
from nurture.store import contacts, enrollments, events, reactions, workspaces
from nurture.store.session import Session

AWAY = "out of office"
GONE = frozenset({"left_company", "wrong_person"})
LONGEST_UNPROVEN = timedelta(days=90)
"""The longest pause by a note that anybody may have sent: nobody is told of it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail on its way through. `key` is its identity, `recipients` are those of SMTP, `at` is now."""

    reading: Reading
    key: str
    recipients: tuple[str, ...]
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows: a reaction, or a pause for somebody away (None); `until`: how long each waits."""

    reaction: Reaction | None
    until: datetime


def plan(session: Session, arrival: Arrival, found: Match, weight: Weight) -> Plan | None:
    """What follows from the mail; None for nothing. Words of an automatic mail ask for nothing."""
    reading = arrival.reading
    rules, calendar = _gather(session, found, arrival.at)
    if reading.kind == "reply":
        reaction = react(reading.intents, weight.standing, rules)
        until = wait_end(reaction.wait_until, rules.wait, arrival.at, calendar.zone)
        return Plan(_with_names(reaction, reaction.referred), until)
    if reading.kind not in ("out_of_office", "auto_reply"):
        return None
    left = _has_left(reading, weight, rules)
    if left is not None:
        return Plan(left, arrival.at)
    until = pause_end(reading.return_date, arrival.at, calendar.zone, calendar.holidays)
    if weight.standing == "unproven":
        until = min(until, arrival.at + LONGEST_UNPROVEN)
    return Plan(None, until) if reading.kind == "out_of_office" else None


def carry_out(session: Session, arrival: Arrival, found: Match, weight: Weight, plan: Plan) -> int | None:
    """Do what was planned; the id of the contact where it is to be qualified."""
    if plan.reaction is None:
        _wait_for_return(session, arrival, found, weight, plan.until)
        return None
    contact, at = found.contact, arrival.at
    answer = _answer(arrival, found, weight)
    if arrival.reading.kind != "reply":
        reactions.follow(session, contact, plan.reaction, answer, until=plan.until, now=at)
        return None
    counts = reactions.apply(session, contact, plan.reaction, answer, until=plan.until, now=at)
    return contact.id if counts else None


def _gather(session: Session, found: Match, now: datetime) -> tuple[ReplyRules, Calendar]:
    """What the marketer wants, and the contact's calendar."""
    workspace = workspaces.current(session)[1]
    account = contacts.account_of(session, found.contact)
    calendar = calendar_for(
        workspace,
        contact_zone=found.contact.time_zone,
        account_zone=account.time_zone if account else None,
        country=found.contact.country,
        now=now,
    )
    return workspace.replies, calendar


def _has_left(reading: Reading, weight: Weight, rules: ReplyRules) -> Reaction | None:
    """The reaction to a program's note that nobody is there any more; None where it says no such thing."""
    left = [
        intent for intent in reading.intents if intent.name in GONE and intent.confidence >= rules.threshold
    ]
    if not left:
        return None
    reaction = act_on(left, rules)
    if weight.standing != "proven":
        course: Course = "hold" if weight.standing == "unproven" else reaction.course
        reaction = replace(reaction, course=course, suppress=False)
    told = replace(
        reaction, review=f"an automatic answer: {reaction.review or 'the contact is there no more'}"
    )
    return _with_names(told, reading.alternative_contacts)


def _with_names(reaction: Reaction, addresses: tuple[str, ...]) -> Reaction:
    if not addresses or reaction.review is None:
        return reaction
    return replace(reaction, review=f"{reaction.review}; it names {', '.join(addresses[:10])}")


def _wait_for_return(
    session: Session, arrival: Arrival, found: Match, weight: Weight, until: datetime
) -> None:
    enrollments.pause(session, found.contact.id, until=until, reason=AWAY)
    events.record(
        session,
        found.contact.id,
        kind="out_of_office",
        source="reply",
        at=arrival.at,
        now=arrival.at,
        key=f"mail:{arrival.key}:out_of_office",
        verdict="machine",
        reasons=(*arrival.reading.evidence[:5], *weight.because),
        message_id=found.message.id if found.message else None,
        detail={"own_address": found.own, "until": until.isoformat()},
    )


def _answer(arrival: Arrival, found: Match, weight: Weight) -> reactions.Answer:
    automatic = arrival.reading.kind != "reply"
    said = reversed(arrival.reading.intents)  # the surest come first, and are to stay
    words: dict[str, str] = {SIGNALS[i.name]: i.because for i in said if i.name in SIGNALS}
    return reactions.Answer(
        key=arrival.key,
        at=arrival.at,
        message_id=found.message.id if found.message else None,
        own_address=found.own,
        words=words,
        because=weight.because,
        ended=reactions.LEFT if automatic else reactions.REPLIED,
    )

"""Gathers what decides whether a claimed mail may go now."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from nurture.calendars import calendar_for
from nurture.core.delivery import Decision, Standing, decide
from nurture.core.schedule import Calendar
from nurture.core.sequence import EmailStep
from nurture.core.workspace import Mailbox, Workspace
from nurture.store import caps, contacts, enrollments, mailboxes, suppressions, touches, workspaces
from nurture.store.session import Session
from nurture.store.tables import Contact, Enrollment, Touch


@dataclass(frozen=True, slots=True)
class Cap:
    """A daily cap a mail counts against: `day` is that of `zone`, the contact's or the workspace's."""

    scope: str
    key: str
    zone: str
    day: date
    limit: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A claimed mail with everything around it, and what to do about it."""

    decision: Decision
    calendar: Calendar
    caps: tuple[Cap, ...]
    contact: Contact
    enrollment: Enrollment
    workspace: Workspace
    step: EmailStep
    mailbox: Mailbox


def check(session: Session, touch: Touch, now: datetime) -> Checked:
    """Decide about a claimed mail as things stand in this transaction."""
    contact = contacts.get(session, touch.contact_id)
    enrollment = enrollments.list_by_ids(session, [touch.enrollment_id])[touch.enrollment_id]
    workspace = workspaces.get(session, enrollment.version_id)
    step = workspace.sequence(enrollment.sequence).step(touch.step)
    assert isinstance(step, EmailStep)  # noqa: S101  claims take mails only
    mailbox = workspace.mailbox(workspace.mail(step.mail).mailbox)
    calendar = _calendar(session, workspace, contact, now)
    counted = _caps(workspace, contact, mailbox, calendar, now)
    decision = decide(
        _standing(session, touch, contact, enrollment, mailbox, counted, now),
        calendar,
        now,
        contact_cap=workspace.contact_cap,
        mailbox_cap=mailbox.daily_cap,
        mailbox_zone=workspace.time_zone,
        max_lateness=workspace.max_lateness,
    )
    return Checked(decision, calendar, counted, contact, enrollment, workspace, step, mailbox)


def _standing(
    session: Session,
    touch: Touch,
    contact: Contact,
    enrollment: Enrollment,
    mailbox: Mailbox,
    counted: tuple[Cap, ...],
    now: datetime,
) -> Standing:
    suppression = suppressions.find(session, contact.email_hash)
    rest = mailboxes.find_pause(session, mailbox.name, now)
    by_contact, by_mailbox = (caps.used(session, cap.scope, cap.key, cap.day) for cap in counted)
    return Standing(
        due_at=touch.due_at,
        suppressed=suppression.reason if suppression else None,
        ended=None if enrollment.state == "active" else enrollment.end_reason,
        paused_until=enrollment.paused_until,
        pause_reason=enrollment.pause_reason,
        contact_used=by_contact,
        rivals=touches.count_rivals(session, touch, now),
        mailbox_used=by_mailbox,
        mailbox_rests=rest.reason if rest else None,
        mailbox_rests_until=rest.until if rest else None,
    )


def _caps(
    workspace: Workspace, contact: Contact, mailbox: Mailbox, calendar: Calendar, now: datetime
) -> tuple[Cap, ...]:
    here, there = workspace.time_zone, calendar.zone
    return (
        Cap("contact", str(contact.id), there, _day(now, there), workspace.contact_cap),
        Cap("mailbox", mailbox.name, here, _day(now, here), mailbox.daily_cap),
    )


def _day(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


def _calendar(session: Session, workspace: Workspace, contact: Contact, now: datetime) -> Calendar:
    account = contacts.account_of(session, contact)
    return calendar_for(
        workspace,
        contact_zone=contact.time_zone,
        account_zone=account.time_zone if account else None,
        country=contact.country,
        now=now,
    )

"""What mail servers and mailbox providers report: bounces, delays, complaints; and forgeries of them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from nurture.core.token import Keyring
from nurture.services import consenting, receiving, resting, reviewing, scheduling
from nurture.store import contacts, enrollments, events, inbound, messages, suppressions, tasks, touches
from tests.conftest import Sessions
from tests.make import NOON, SECRET, create_event, create_lead, create_mail, create_workspace

KEYRING = Keyring([SECRET])
NOW = NOON + timedelta(hours=1)
NOWHERE = "bounces@meridian.example"
DSN = """\
From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b
Content-Type: text/plain

The mail could not be delivered.

--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; jane@acme.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--=b
Content-Type: text/rfc822-headers

From: hello@meridian.example
To: jane@acme.example
Message-ID: {message_id}
Subject: A guide

--=b--
"""
COMPLAINT = """\
From: abuse@provider.example
To: {to}
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="=b"

--=b
Content-Type: text/plain

This is an abuse report.

--=b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1

--=b
Content-Type: message/rfc822

From: hello@meridian.example
To: jane@acme.example
Message-ID: {message_id}
Subject: A guide

Hello
--=b--
"""
UNKNOWN: dict[str, str] = {
    "action": "failed",
    "status": "5.1.1",
    "diagnostic": "550 5.1.1 <jane@acme.example> no such user",
}
ABROAD = "<somebody.elses@x.example>"


@pytest.fixture
def lead(sessions: Sessions) -> int:
    """Jane, who got the first mail of her sequence and waits for its next step, with a call on a list."""
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
        create_mail(session, jane)
        scheduling.plan_touches(session, now=NOON)
        [first, _] = touches.list_for_contact(session, jane)
        tasks.add(session, first, rep="ana", kind="call", subject="Call", note="", now=NOON)
    return jane


@pytest.mark.parametrize("by", ["return path", "message id"])
def test_d09_a_dead_address_is_suppressed_and_its_sequence_stopped(
    sessions: Sessions, lead: int, by: str
) -> None:
    own = returned(sessions, lead).upper() if by == "return path" else NOWHERE
    raw = report(DSN, message_id=rfc_id(sessions, lead) if by == "message id" else ABROAD, **UNKNOWN)
    assert take(sessions, raw, own) is None
    assert fate(sessions, lead) == ("stopped", "bounced")
    with sessions() as session:
        [enrollment] = enrollments.list_for_contact(session, lead)
        assert enrollment.end_reason == "bounce: 5.1.1 userunknown"
        assert [task.state for task in tasks.list_for_contact(session, lead)] == ["cancelled"]
        assert [touch.state for touch in touches.list_for_contact(session, lead)] == ["sent", "cancelled"]
        [event] = events.list_for_contact(session, lead)
        assert (event.kind, event.verdict, event.detail["hard"]) == ("bounce", "machine", True)
        [mail] = inbound.list_for_contact(session, lead)
        assert (mail.kind, mail.matched_by) == ("bounce", "return_path")


def test_d09_a_bounce_told_twice_is_one(sessions: Sessions, lead: int) -> None:
    raw = report(DSN, message_id=rfc_id(sessions, lead), **UNKNOWN)
    for _ in range(2):
        take(sessions, raw)
    with sessions() as session:
        assert len(events.list_for_contact(session, lead)) == 1


def test_d09_a_soft_bounce_stops_and_suppresses_nobody(sessions: Sessions, lead: int) -> None:
    take(sessions, soft_report(rfc_id(sessions, lead)))
    assert fate(sessions, lead) == ("active", None)


def test_d09_an_address_that_keeps_failing_is_given_up(sessions: Sessions, lead: int) -> None:
    mails = [create_further_mail(sessions, lead, days) for days in (1, 2, 3)]
    for number, mail in enumerate(mails):
        take(sessions, soft_report(mail), now=NOW + timedelta(days=number + 1, hours=6))
        expected = ("stopped", "kept bouncing") if number == 2 else ("active", None)
        assert fate(sessions, lead) == expected


@pytest.mark.parametrize("sign", ["opened", "no news"])
def test_d09_a_delivery_begins_the_count_anew(sessions: Sessions, lead: int, sign: str) -> None:
    mails = [create_further_mail(sessions, lead, days) for days in (1, 2, 3, 12)]
    if sign == "opened":
        with sessions() as session:
            [middle] = [m for m in messages.list_for_contact(session, lead) if f"<{m.rfc_id}>" == mails[2]]
            jane = contacts.get(session, lead)
            create_event(session, jane, "open", NOW + timedelta(days=3), message_id=middle.id)
    for mail, days in ((mails[0], 1), (mails[1], 2), (mails[3], 12)):
        take(sessions, soft_report(mail), now=NOW + timedelta(days=days, hours=6))
    assert fate(sessions, lead) == ("active", None)


def test_d12_bounces_over_the_limit_let_the_mailbox_rest(sessions: Sessions, lead: int) -> None:
    with sessions() as session:
        people = [create_lead(session, f"p{number}@acme.example") for number in range(5)]
        for person in people:
            create_mail(session, person)
    for person in people:
        assert rest(sessions) is None
        take(sessions, report(DSN, message_id=rfc_id(sessions, person), **UNKNOWN))
    assert rest(sessions) == ("5 of 6 mails in 7 days bounced: 83.3%, more than 5.0%", None)


def test_d12_complaints_over_the_limit_let_the_mailbox_rest_until_a_person_ends_it(
    sessions: Sessions, lead: int
) -> None:
    with sessions() as session:
        people = [create_lead(session, f"p{number}@acme.example") for number in range(3)]
        for person in people:
            create_mail(session, person)
    for person in people[:2]:
        take(sessions, report(COMPLAINT, message_id=rfc_id(sessions, person)))
    assert rest(sessions) == ("2 of 4 mails in 7 days were reported as spam: 50.0%, more than 0.3%", None)
    with sessions() as session:
        assert resting.resume(session, "hello", by="mia", now=NOW + timedelta(hours=1))
        assert not resting.resume(session, "hello", by="mia", now=NOW + timedelta(hours=1))
    take(sessions, report(COMPLAINT, message_id=rfc_id(sessions, people[2])), now=NOW + timedelta(hours=2))
    assert rest(sessions) is None, "what came before is forgiven"


def test_d09_a_delay_is_no_bounce(sessions: Sessions, lead: int) -> None:
    raw = report(
        DSN,
        message_id=rfc_id(sessions, lead),
        action="delayed",
        status="4.4.1",
        diagnostic="connection timed out",
    )
    take(sessions, raw)
    assert fate(sessions, lead) == ("active", None)
    with sessions() as session:
        assert events.list_for_contact(session, lead) == []
        assert [mail.kind for mail in inbound.list_for_contact(session, lead)] == ["delayed"]


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.7.515", "550 5.7.515 Access denied, sending domain does not meet the required authentication"),
        ("4.7.32", "421 4.7.32 this mail has been rate limited, unaligned From domain"),
    ],
)
def test_d09_a_fault_of_the_sender_touches_no_contact(
    sessions: Sessions, lead: int, status: str, diagnostic: str
) -> None:
    raw = report(
        DSN, message_id=rfc_id(sessions, lead), action="failed", status=status, diagnostic=diagnostic
    )
    take(sessions, raw)
    assert fate(sessions, lead) == ("active", None)
    assert rest(sessions) == (f"a server does not believe that we are the sender: {diagnostic}", None)


def test_d09_a_bad_name_lets_the_mailbox_rest_for_some_hours(sessions: Sessions, lead: int) -> None:
    said = "550 5.7.1 Service unavailable; client host [192.0.2.1] blocked using a blocklist"
    raw = report(DSN, message_id=rfc_id(sessions, lead), action="failed", status="5.7.1", diagnostic=said)
    take(sessions, raw)
    assert fate(sessions, lead) == ("active", None)
    assert rest(sessions) == (f"a server refuses our mails: {said}", NOW + timedelta(hours=4))
    assert rest(sessions, NOW + timedelta(hours=4)) is None


def test_d09_a_complaint_suppresses_for_ever(sessions: Sessions, lead: int) -> None:
    take(sessions, report(COMPLAINT, message_id=rfc_id(sessions, lead)))
    assert fate(sessions, lead) == ("stopped", "complained")
    with sessions() as session:
        assert [event.kind for event in events.list_for_contact(session, lead)] == ["complaint"]


def test_d09_a_complaint_after_an_opt_out_cannot_be_taken_back_as_that_can(
    sessions: Sessions, lead: int
) -> None:
    with sessions() as session:
        consenting.unsubscribe(session, lead, source="page", now=NOON)
    take(sessions, report(COMPLAINT, to=NOWHERE, message_id=rfc_id(sessions, lead)))
    with sessions() as session:
        consenting.change_preferences(session, lead, mail=True, tracking=True, now=NOW)
        found = suppressions.find(session, contacts.get(session, lead).email_hash)
        assert found is not None
        assert found.reason == "complained"


def test_d09_a_failed_authentication_without_an_address_is_our_fault_too(
    sessions: Sessions, lead: int
) -> None:
    document = COMPLAINT.replace("abuse\nUser", "auth-failure\nUser").replace("To: jane@acme.example\n", "")
    take(sessions, report(document, to=NOWHERE, message_id=rfc_id(sessions, lead)))
    assert rest(sessions)
    with sessions() as session:
        [event] = events.list_for_contact(session, lead)
    assert event.detail["our_fault"]


@pytest.mark.parametrize("document", [DSN, COMPLAINT])
def test_d10_a_report_with_a_forged_return_path_does_nothing_and_is_shown(
    sessions: Sessions, lead: int, document: str
) -> None:
    own = returned(sessions, lead)
    forged = own.replace(own[20], "a" if own[20] != "a" else "b", 1)
    foreign = f"b-{Keyring([SECRET[::-1]]).sign_return_path(1)}@meridian.example"
    for recipient in (forged, foreign, "b-@meridian.example", "jane@acme.example"):
        take(sessions, report(document, message_id=ABROAD, to=recipient, **UNKNOWN), recipient)
    assert fate(sessions, lead) == ("active", None)
    with sessions() as session:
        assert events.list_for_contact(session, lead) == []
        assert inbound.list_for_contact(session, lead) == []
        assert len(reviewing.list_unmatched(session, limit=10)) == 4


def test_d10_the_address_in_a_report_is_no_proof(sessions: Sessions, lead: int) -> None:
    take(sessions, report(DSN, message_id="<t1.0000@meridian.example>", **UNKNOWN))
    assert fate(sessions, lead) == ("active", None)


def report(document: str, **values: Any) -> bytes:
    return document.format(**{"to": NOWHERE} | values).replace("\n", "\r\n").encode()


def soft_report(message_id: str) -> bytes:
    return report(
        DSN,
        message_id=message_id,
        action="failed",
        status="4.4.7",
        diagnostic="delivery time expired",
    )


def create_further_mail(sessions: Sessions, contact_id: int, days: int) -> str:
    """A mail that was sent so many days later; its Message-ID."""
    with sessions() as session:
        moment = NOW + timedelta(days=days)
        create_mail(session, contact_id, step=f"later-{days}", sent_at=moment)
    return rfc_id(sessions, contact_id)


def rest(sessions: Sessions, now: datetime = NOW) -> tuple[str, datetime | None] | None:
    """Why the mailbox sends nothing, and until when."""
    with sessions() as session:
        [mailbox] = resting.list_mailboxes(session, now=now)
        return (mailbox.rests, mailbox.until) if mailbox.rests else None


def take(sessions: Sessions, raw: bytes, recipient: str = NOWHERE, now: datetime = NOW) -> int | None:
    with sessions() as session:
        return receiving.take_in(session, KEYRING, raw, [recipient], now=now)


def fate(sessions: Sessions, contact_id: int) -> tuple[str, str | None]:
    """The state of the contact's enrollment, and why its address is suppressed."""
    with sessions() as session:
        [enrollment] = enrollments.list_for_contact(session, contact_id)
        found = suppressions.find(session, contacts.get(session, contact_id).email_hash)
        return enrollment.state, found.reason if found else None


def rfc_id(sessions: Sessions, contact_id: int) -> str:
    with sessions() as session:
        return f"<{messages.list_for_contact(session, contact_id)[-1].rfc_id}>"


def returned(sessions: Sessions, contact_id: int) -> str:
    """The return path of the contact's mail."""
    with sessions() as session:
        message_id = messages.list_for_contact(session, contact_id)[-1].id
    return f"b-{KEYRING.sign_return_path(message_id)}@meridian.example"

"""What people say: replies, absences, requests; whose they are, and what follows at once."""

import threading
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from nurture.core.people.contact import BadAddress
from nurture.core.token import Keyring
from nurture.services import qualifying, receiving, reviewing, scheduling
from nurture.services.receiving import Signal
from nurture.store import contacts, enrollments, events, inbound, messages, promotions, suppressions
from nurture.store.tables import Contact, Touch
from tests.conftest import Sessions
from tests.make import (
    NOON,
    SECRET,
    create_contact,
    create_lead,
    create_mail,
    create_workspace,
    run_together,
    wait_until_somebody_waits,
)

KEYRING = Keyring([SECRET])
NOW = NOON + timedelta(days=1)
HELLO = "hello@meridian.example"
DATE = "Thu, 05 Mar 2026 10:00:00 +0100"


@pytest.fixture
def lead(sessions: Sessions) -> int:
    """Jane, who got the first mail of her sequence and waits for its next step."""
    with sessions() as session:
        create_workspace(session)
    return mailed(sessions, "jane@acme.example")


def test_a_reply_stops_the_sequence_in_its_wait_and_is_kept(sessions: Sessions, lead: int) -> None:
    assert take(sessions, reply(sessions, lead, "Thanks, we are interested.\n\n> the old mail")) == lead
    assert stopped(sessions, lead) == "replied"
    with sessions() as session:
        [mail] = inbound.list_for_contact(session, lead)
        assert (mail.state, mail.kind, mail.matched_by) == ("matched", "reply", "thread")
        assert mail.new_text.strip() == "Thanks, we are interested."
        assert [intent["name"] for intent in mail.intents] == ["positive"]
        assert (mail.source, mail.language, mail.review) == ("lmtp", "en", None)
        known = [(e.kind, e.source, e.verdict) for e in events.list_for_contact(session, lead)]
        assert known == [("reply", "reply", "human"), ("interested", "reply", "human")]


def test_r08_the_same_bytes_twice_are_one_mail(sessions: Sessions, lead: int) -> None:
    raw = reply(sessions, lead, "What does it cost?")
    told = run_together(10, lambda: take(sessions, raw))
    assert sorted(told, key=str) == [lead, *[None] * 9]
    assert kinds(sessions, lead) == ["reply", "pricing_request"]
    with sessions() as session:
        assert len(inbound.list_for_contact(session, lead)) == 1


def test_r08_one_message_is_one_mail_whichever_way_it_came(sessions: Sessions, lead: int) -> None:
    raw = reply(sessions, lead, "What does it cost?", **{"Message-ID": "<1@acme.example>", "Date": DATE})
    assert take(sessions, raw) == lead
    traced = (
        b"Return-Path: <jane@acme.example>\r\nReceived: from a by b; now\r\nDelivered-To: x@y.example\r\n"
    )
    assert take(sessions, traced + raw, "mia@meridian.example") is None
    assert take(sessions, traced + raw.replace(b"\r\n", b"\n"), source="imap:hello") is None
    assert kinds(sessions, lead) == ["reply", "pricing_request"]
    with sessions() as session:
        assert [mail.source for mail in inbound.list_for_contact(session, lead)] == ["lmtp"]


@pytest.mark.parametrize(
    "other",
    [
        (b"What does it cost?", b"And what does support cost?"),
        (b"<1@acme.example>", b"<2@acme.example>"),
        (b"10:00:00", b"10:00:01"),
        (b"From: jane@", b"From: june@"),
    ],
)
def test_r08_another_message_is_another_mail(
    sessions: Sessions, lead: int, other: tuple[bytes, bytes]
) -> None:
    raw = reply(sessions, lead, "What does it cost?", **{"Message-ID": "<1@acme.example>", "Date": DATE})
    for each in (raw, raw.replace(*other)):
        take(sessions, each)
    with sessions() as session:
        assert len(inbound.list_for_contact(session, lead)) == 2


@pytest.mark.parametrize(
    ("thread", "return_path", "whose", "by"),
    [(True, True, 0, "thread"), (False, True, 1, "return_path"), (False, False, 2, "address")],
)
def test_r09_the_thread_counts_more_than_the_return_path_and_that_more_than_the_address(
    sessions: Sessions, lead: int, thread: bool, return_path: bool, whose: int, by: str
) -> None:
    people = [lead, *(mailed(sessions, f"{name}@acme.example") for name in ("ada", "bob"))]
    answered = f"<x@y> {rfc_id(sessions, lead)}" if thread else ""
    raw = letter("bob@acme.example", "We are interested.", References=answered)
    take(sessions, raw, HELLO, returned(sessions, people[1]) if return_path else "nobody@x.example")
    # An address proves nothing, so that one is only paused.
    fate = "held" if by == "address" else "replied"
    assert [halted(sessions, person) for person in people] == [
        fate if number == whose else None for number in range(3)
    ]
    with sessions() as session:
        [mail] = inbound.list_for_contact(session, people[whose])
        assert mail.matched_by == by


def test_r09_a_colleague_in_the_thread_stops_the_sequence_too(sessions: Sessions, lead: int) -> None:
    raw = reply(sessions, lead, "Jane asked me to look at this. I will call.", sender="boss@acme.example")
    assert take(sessions, raw) is None
    assert halted(sessions, lead) == "replied"
    assert waiting(sessions) == ["somebody else wrote, from an address that is not the contact's"]
    with sessions() as session:
        [event] = events.list_for_contact(session, lead)
        assert (event.verdict, event.detail["own_address"]) == ("unknown", False)


def test_r09_a_colleague_s_request_promotes_nobody_until_a_person_says_so(
    sessions: Sessions, lead: int
) -> None:
    take(sessions, reply(sessions, lead, "What does it cost?", sender="boss@acme.example"))
    assert kinds(sessions, lead) == ["reply", "pricing_request"]
    with sessions() as session:
        assert qualifying.qualify(session, lead, now=NOW) == []
        assert contacts.get(session, lead).stage == "lead"


def test_r09_a_spoofed_sender_pauses_the_sequence_and_promotes_nobody(sessions: Sessions, lead: int) -> None:
    assert take(sessions, letter("jane@acme.example", "What does it cost?")) is None
    assert halted(sessions, lead) == "held"
    assert waiting(sessions) == ["nothing proves who wrote it"]
    with sessions() as session:
        assert qualifying.qualify(session, lead, now=NOW) == []
        assert contacts.get(session, lead).stage == "lead"
        told = events.list_for_contact(session, lead)
        assert [(e.kind, e.verdict) for e in told] == [("reply", "unknown"), ("pricing_request", "unknown")]
        assert told[0].reasons[0] == "only the sender's address matches, which anyone can write"


@pytest.mark.parametrize(
    ("said", "in_thread", "trusted", "counts"),
    [
        ("mx.meridian.example; dmarc=pass header.from=acme.example", False, True, True),
        ("mx.meridian.example; dkim=pass header.d=acme.example", False, True, True),
        ("mx.meridian.example; dkim=pass header.d=evil.example", False, True, False),
        ("mx.meridian.example; dmarc=pass header.from=acme.example", False, False, False),
        ("mx.evil.example; dmarc=pass header.from=acme.example", False, True, False),
        ("mx.meridian.example; dmarc=fail header.from=acme.example", True, True, False),
        ("mx.meridian.example; spf=fail smtp.mailfrom=jane@acme.example", True, True, True),
        ("mx.meridian.example; dmarc=fail header.from=acme.example", True, False, True),
    ],
)
def test_r09_thread_and_authentication_are_weighed(
    sessions: Sessions, lead: int, said: str, in_thread: bool, trusted: bool, counts: bool
) -> None:
    found = {"Authentication-Results": said}
    words = "What does it cost?"
    raw = reply(sessions, lead, words, **found) if in_thread else letter("jane@acme.example", words, **found)
    told = take(sessions, raw, trusted=("MX.meridian.example",) if trusted else ())
    assert told == (lead if counts else None)
    assert halted(sessions, lead) == ("replied" if counts else "held")
    with sessions() as session:
        [first, *_] = events.list_for_contact(session, lead)
        weighed = [reason for reason in first.reasons if "mx.meridian.example says" in reason]
    assert bool(weighed) == (trusted and "evil" not in said and "spf" not in said)


def test_r09_a_mail_that_matches_nobody_is_shown(sessions: Sessions, lead: int) -> None:
    assert take(sessions, letter("stranger@x.example", "Who are you?", subject="Hm")) is None
    assert stopped(sessions, lead) is None
    with sessions() as session:
        [mail] = reviewing.list_unmatched(session, limit=10)
        assert (mail.state, mail.from_address, mail.subject) == ("unmatched", "stranger@x.example", "Hm")
    assert waiting(sessions) == ["it matches nobody we know"]


@pytest.mark.parametrize("raw", [b"", b"\x00" * 100, b"Subject: " + b"x" * 300_000 + b"\r\n\r\n"])
def test_r10_what_cannot_be_read_is_quarantined_and_the_next_one_is_read(
    sessions: Sessions, lead: int, raw: bytes
) -> None:
    assert take(sessions, raw) is None
    with sessions() as session:
        [mail] = reviewing.list_unmatched(session, limit=10)
        assert mail.state == "quarantined"
        assert mail.new_text
    assert waiting(sessions) == ["it cannot be read"]
    assert take(sessions, reply(sessions, lead, "What does it cost?")) == lead


def test_r10_a_mail_that_cannot_be_taken_in_is_shown_once_and_still_can_be(
    sessions: Sessions, lead: int
) -> None:
    raw = reply(sessions, lead, "What does it cost?")
    for _ in range(2):
        with sessions() as session:
            receiving.set_aside(
                session, raw, place="mail 7 of main/INBOX", error="DataError", now=NOW, source="imap:main"
            )
    with sessions() as session:
        [mail] = reviewing.list_waiting(session, limit=10)
    assert (mail.state, mail.from_address, mail.text) == (
        "quarantined",
        "jane@acme.example",
        "mail 7 of main/INBOX",
    )
    assert mail.why == "it could not be taken in: DataError"
    assert take(sessions, raw) == lead


@pytest.mark.parametrize("poison", [b"\x00", b"\xff\xfe", b"=?utf-8?q?=00=ED=A0=80?=", b"\xed\xa0\x80"])
def test_r10_no_byte_of_a_mail_can_keep_it_out(sessions: Sessions, lead: int, poison: bytes) -> None:
    raw = reply(sessions, lead, "POISON price? What does POISON it cost?", sender="jane@acme.example")
    raw = raw.replace(b"Subject: Re", b"Subject: POISON Re").replace(b"<x@y>", b"<POISON@y>")
    assert take(sessions, raw.replace(b"POISON", poison)) == lead


def test_r06_an_absence_pauses_until_a_working_day_after_the_return(sessions: Sessions, lead: int) -> None:
    note = "I am out of office and will be back on 13 March 2026."
    raw = letter(
        "jane@acme.example",
        note,
        subject="Automatic reply: Re: A guide",
        **{"Auto-Submitted": "auto-replied"},
    )
    assert take(sessions, raw) is None
    assert stopped(sessions, lead) is None
    assert kinds(sessions, lead) == ["out_of_office"]
    with sessions() as session:
        [enrollment] = enrollments.list_for_contact(session, lead)
        monday = datetime(2026, 3, 15, 23, tzinfo=UTC)  # in Paris; the day after the return is a Saturday
        assert (enrollment.paused_until, enrollment.pause_reason) == (monday, "out of office")
        assert next_due(sessions, lead) == monday
        assert qualifying.qualify(session, lead, now=NOW) == []
        assert events.list_for_contact(session, lead)[0].verdict == "machine"


def test_r06_a_shorter_absence_does_not_end_a_longer_one(sessions: Sessions, lead: int) -> None:
    for day in (20, 10):
        note = f"I am out of office until {day} March 2026."
        take(sessions, letter("jane@acme.example", note, **{"Auto-Submitted": "auto-replied"}))
    with sessions() as session:
        [enrollment] = enrollments.list_for_contact(session, lead)
        assert enrollment.paused_until == datetime(2026, 3, 22, 23, tzinfo=UTC)


def test_r06_a_holiday_at_home_is_no_working_day(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session, skip_holidays=True)
    jane = mailed(sessions, "jane@acme.example", country="FR", time_zone="Europe/Paris")
    note = "I am out of office and will be back on 30 April 2026."  # 1 May is a holiday, then comes a weekend
    take(sessions, letter("jane@acme.example", note, **{"Auto-Submitted": "auto-replied"}))
    with sessions() as session:
        [enrollment] = enrollments.list_for_contact(session, jane)
        assert enrollment.paused_until == datetime(2026, 5, 3, 22, tzinfo=UTC)


def test_r06_an_absence_that_anybody_may_have_made_up_is_no_long_one(sessions: Sessions, lead: int) -> None:
    note = "I am out of office until 1 February 2027."
    take(sessions, letter("jane@acme.example", note, **{"Auto-Submitted": "auto-replied"}))
    assert next_due(sessions, lead) == NOW + timedelta(days=90)
    take(sessions, reply(sessions, lead, note, **{"Auto-Submitted": "auto-replied"}))
    assert next_due(sessions, lead) == datetime(2027, 2, 1, 23, tzinfo=UTC)


def test_r06_without_a_return_date_the_sequence_waits_two_weeks(sessions: Sessions, lead: int) -> None:
    raw = letter("jane@acme.example", "I am out of office.", **{"Auto-Submitted": "auto-replied"})
    take(sessions, raw)
    assert next_due(sessions, lead) == NOW + timedelta(days=14)
    assert waiting(sessions) == []


def test_a_note_that_somebody_left_stops_the_sequence_and_shows_whom_it_names(
    sessions: Sessions, lead: int
) -> None:
    words = "Jane Doe is no longer with the company. Please contact bob@acme.example."
    raw = reply(sessions, lead, words, **{"Auto-Submitted": "auto-replied"})
    assert take(sessions, raw) is None
    assert halted(sessions, lead) == "left the company"
    [why] = waiting(sessions)
    assert "left company" in why
    assert "bob@acme.example" in why
    assert (kinds(sessions, lead), suppressed(sessions, lead)) == ([], False)


def test_an_automatic_answer_that_says_nothing_of_absence_changes_nothing(
    sessions: Sessions, lead: int
) -> None:
    due = next_due(sessions, lead)
    note = "Your message has been received. Ticket 4711."
    assert take(sessions, reply(sessions, lead, note, **{"Auto-Submitted": "auto-generated"})) is None
    assert (stopped(sessions, lead), next_due(sessions, lead), kinds(sessions, lead)) == (None, due, [])


def test_r03_not_now_is_no_refusal(sessions: Sessions, lead: int) -> None:
    words = "Interesting, but not before Q3. Please write again then."
    assert take(sessions, reply(sessions, lead, words)) == lead
    assert kinds(sessions, lead) == ["reply", "not_now"]
    assert next_due(sessions, lead) == datetime(2026, 6, 30, 22, tzinfo=UTC)  # 1 July in Paris


def test_a_price_question_by_reply_is_the_same_signal_as_the_form(sessions: Sessions, lead: int) -> None:
    assert take(sessions, reply(sessions, lead, "Could you send me your prices?")) == lead
    with sessions() as session:
        assert len(qualifying.qualify(session, lead, now=NOW)) == 1
        [promotion] = promotions.list_for_contact(session, lead)
    assert (promotion.rule, promotion.target) == ("asked-for-prices", "opportunity")


@pytest.mark.parametrize(
    ("sender", "in_thread", "ended"),
    [
        ("jane@acme.example", True, True),
        ("boss@acme.example", True, False),
        ("jane@acme.example", False, False),
    ],
)
def test_r04_please_remove_me_suppresses_only_who_proves_to_be_the_recipient(
    sessions: Sessions, lead: int, sender: str, in_thread: bool, ended: bool
) -> None:
    words = "Please remove me from your list."
    raw = reply(sessions, lead, words, sender=sender) if in_thread else letter(sender, words)
    take(sessions, raw)
    fate = "unsubscribed" if ended else "replied" if in_thread else "held"
    assert (halted(sessions, lead), suppressed(sessions, lead)) == (fate, ended)


def test_r04_our_own_footer_quoted_is_no_opt_out(sessions: Sessions, lead: int) -> None:
    footer = "On Wed, 4 Mar 2026 at 12:00, Mia <hello@meridian.example> wrote:\n> Unsubscribe: https://x/u"
    assert take(sessions, reply(sessions, lead, f"What does it cost?\n\n{footer}\n")) == lead
    assert not suppressed(sessions, lead)


def test_d02_the_mailto_of_list_unsubscribe_ends_all_mail(sessions: Sessions, lead: int) -> None:
    raw = letter("somebody-else@x.example", "", subject="unsubscribe")
    assert take(sessions, raw, returned(sessions, lead)) is None
    assert suppressed(sessions, lead)
    assert stopped(sessions, lead) == "unsubscribed"
    with sessions() as session:
        [consent] = suppressions.list_consents(session, lead)
        assert (consent.given, consent.source) == (False, "list-unsubscribe mail")


def test_d10_a_forged_return_path_unsubscribes_nobody(sessions: Sessions, lead: int) -> None:
    own = returned(sessions, lead)
    forged = own[:10] + ("a" if own[10] != "a" else "b") + own[11:]
    take(sessions, letter("x@x.example", "", subject="unsubscribe"), forged)
    assert not suppressed(sessions, lead)
    assert stopped(sessions, lead) is None


def test_a_reply_and_a_promotion_at_once_wait_for_each_other(sessions: Sessions, lead: int) -> None:
    """Both want the contact and its enrollments; in different orders one of them would be aborted."""
    raw = reply(sessions, lead, "What does it cost?")
    told: list[int | None] = []
    with sessions() as session:
        contacts.lock(session, lead)
        thread = threading.Thread(target=lambda: told.append(take(sessions, raw)))
        thread.start()
        wait_until_somebody_waits(sessions)
        assert enrollments.stop(session, lead, reason="moved", now=NOW)
    thread.join(10)
    assert told == [lead]


def test_a_signal_of_another_system_makes_the_contact_it_is_about(sessions: Sessions) -> None:
    with sessions() as session:
        create_workspace(session)
    signal = Signal("New@Acme.example", "pricing_request", NOON, "order-7", "shop", {"need": "seats"})

    def tell() -> tuple[int, int | None]:
        with sessions() as session:
            return receiving.accept_signal(session, signal, now=NOW)

    told = run_together(10, tell)
    assert len({contact_id for contact_id, _ in told}) == 1
    assert len([event_id for _, event_id in told if event_id]) == 1
    with sessions() as session:
        [contact] = session.query(Contact)
        assert (contact.stage, contact.qualify_at) == ("lead", NOW)
        assert enrollments.list_for_contact(session, contact.id) == []
        with pytest.raises(BadAddress):
            bad = Signal("no address", "pricing_request", NOON, "1", "shop", {})
            receiving.accept_signal(session, bad, now=NOW)


def test_a_contact_is_described_to_itself(sessions: Sessions) -> None:
    with sessions() as session:
        jane = create_contact(session, tracking=False)
        person = receiving.describe_contact(session, jane.id)
        assert (person.email, person.given_name, person.title) == ("jane@acme.example", "Jane", "")
        assert (person.suppressed, person.tracking) == (False, False)
        with pytest.raises(LookupError):
            receiving.describe_contact(session, jane.id + 1)


def mailed(sessions: Sessions, email: str, **fields: str) -> int:
    with sessions() as session:
        contact_id = create_lead(session, email, **fields)
        create_mail(session, contact_id)
        scheduling.plan_touches(session, now=NOON)
    return contact_id


def letter(sender: str, words: str, *, subject: str = "Re: A guide", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, HELLO, subject
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(words)
    return mail.as_bytes().replace(b"\n", b"\r\n")


def reply(
    sessions: Sessions, contact_id: int, words: str, *, sender: str = "jane@acme.example", **headers: str
) -> bytes:
    """A reply to the contact's mail."""
    answered = rfc_id(sessions, contact_id)
    return letter(sender, words, **{"In-Reply-To": answered, "References": f"<x@y> {answered}"}, **headers)


def rfc_id(sessions: Sessions, contact_id: int) -> str:
    with sessions() as session:
        return f"<{messages.list_for_contact(session, contact_id)[-1].rfc_id}>"


def returned(sessions: Sessions, contact_id: int) -> str:
    """The return path of the contact's mail."""
    with sessions() as session:
        message_id = messages.list_for_contact(session, contact_id)[-1].id
    return f"b-{KEYRING.sign_return_path(message_id)}@meridian.example"


def take(sessions: Sessions, raw: bytes, *recipients: str, **more: Any) -> int | None:
    with sessions() as session:
        return receiving.take_in(session, KEYRING, raw, recipients or [HELLO], now=NOW, **more)


def waiting(sessions: Sessions) -> list[str]:
    """Why each mail waits for a person."""
    with sessions() as session:
        return [mail.why for mail in reviewing.list_waiting(session, limit=10)]


def halted(sessions: Sessions, contact_id: int) -> str | None:
    """Why the contact's sequence was stopped, or "held" where it waits for a person."""
    held = next_due(sessions, contact_id) == enrollments.HELD
    return "held" if held else stopped(sessions, contact_id)


def stopped(sessions: Sessions, contact_id: int) -> str | None:
    """Why the contact's sequence was stopped; nothing of it may be planned then."""
    with sessions() as session:
        [enrollment] = enrollments.list_for_contact(session, contact_id)
    if enrollment.state == "active":
        assert next_due(sessions, contact_id)
        return None
    assert next_due(sessions, contact_id) is None
    return enrollment.end_reason


def next_due(sessions: Sessions, contact_id: int) -> datetime | None:
    with sessions() as session:
        planned = session.query(Touch).filter_by(contact_id=contact_id, state="planned").one_or_none()
        return planned.due_at if planned else None


def kinds(sessions: Sessions, contact_id: int) -> list[str]:
    with sessions() as session:
        return [event.kind for event in events.list_for_contact(session, contact_id)]


def suppressed(sessions: Sessions, contact_id: int) -> bool:
    with sessions() as session:
        return suppressions.find(session, contacts.get(session, contact_id).email_hash) is not None

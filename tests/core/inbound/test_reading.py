"""Kinds of mail in their order, and what of a mail counts for each."""

import os
import time
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from nurture.core.inbound.reading import Reading, read_body, read_mail
from tests.accuracy.absences import faults_of, measure_absences, read_row

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CORPUS = ROOT / os.environ.get("NURTURE_CORPORA", "../shared/corpora") / "bounces"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no collection of bounces at {CORPUS}")
NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)  # a Tuesday
WRITTEN = NOW.date()
NOTES = [
    row
    for file in sorted((HERE / "notes").glob("*.toml"))
    for row in tomllib.loads(file.read_text("utf-8")).get("note", ())
]
ANSWERS = tomllib.loads((HERE / "notes" / "people.toml").read_text("utf-8"))["answer"]


def read(text: str, subject: str = "Re: Your plan", head: str = "") -> Reading:
    raw = f"From: Ann Roe <ann@example.org>\nTo: us@ours.example\nSubject: {subject}\n{head}"
    return read_mail(f"{raw}Content-Type: text/plain; charset=utf-8\n\n{text}".encode(), now=NOW)


def names(reading: Reading) -> set[str]:
    return {intent.name for intent in reading.intents}


# --- the order of the kinds

DSN = """Content-Type: multipart/report; report-type=delivery-status; boundary=b
{head}
--b
Content-Type: text/plain

I am out of the office. Unsubscribe. How much is it?
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; bob@example.org
Action: {action}
Status: {status}

--b--
"""


def report(action: str, status: str, head: str = "") -> Reading:
    raw = "From: MAILER-DAEMON@example.org\nTo: us@ours.example\nSubject: Out of office: unsubscribe\n"
    return read_mail((raw + DSN.format(action=action, status=status, head=head)).encode(), now=NOW)


def test_r07_a_bounce_is_one_whatever_else_it_says_of_itself() -> None:
    read_ = report(
        "failed", "5.1.1", "Auto-Submitted: auto-replied\nX-Autoreply: yes\nPrecedence: auto_reply\n"
    )
    assert read_.kind == "bounce"
    assert read_.bounce is not None
    assert [recipient.address for recipient in read_.bounce.recipients] == ["bob@example.org"]
    assert (read_.intents, read_.new_text, read_.return_date) == ((), "", None)
    assert read_.evidence == ("delivery status (RFC 3464): 5.1.1",)


def test_d09_a_warning_of_delay_is_a_bounce_without_effect() -> None:
    assert (report("delayed", "4.4.1").kind, report("delayed", "4.4.1").delayed) == ("bounce", True)
    assert report("failed", "5.1.1").delayed is False


def test_a_report_of_success_is_automatic_and_asks_for_nothing() -> None:
    read_ = report("delivered", "2.0.0")
    assert (read_.kind, read_.intents, read_.alternative_contacts) == ("auto_reply", (), ())


def test_a_read_receipt_is_automatic() -> None:
    text = (
        "--b\nContent-Type: text/plain\n\nYour mail was read. Contact x@example.org for prices.\n"
        "--b\nContent-Type: message/disposition-notification\n\n"
        "Disposition: manual-action; displayed\n--b--\n"
    )
    raw = f"From: a@example.org\nContent-Type: multipart/report; boundary=b\n\n{text}"
    read_ = read_mail(raw.encode(), now=NOW)
    assert (read_.kind, read_.evidence) == ("auto_reply", ("read receipt (RFC 8098)",))
    assert (read_.intents, read_.alternative_contacts) == ((), ())


def test_a_complaint_is_one_before_it_is_automatic() -> None:
    text = (
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n"
        "Auto-Submitted: auto-generated\n\n"
        "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
        "Original-Rcpt-To: bob@example.org\n\n--b--\n"
    )
    read_ = read_mail(f"From: fbl@example.org\n{text}".encode(), now=NOW)
    assert (read_.kind, read_.evidence) == ("complaint", ("feedback report (RFC 5965): abuse",))


@pytest.mark.parametrize("raw", [b"", b"\0\0", b"\xff\xfe" * 50, b"no header at all", b"a" * 26_000_000])
def test_what_cannot_be_parsed_is_other_and_says_why(raw: bytes) -> None:
    read_ = read_mail(raw, now=NOW)
    assert (read_.kind, bool(read_.evidence)) == ("other", True)


def test_a_reply_carries_its_parts() -> None:
    quoted = "On Mon, Feb 9, 2026 at 9:00 AM Us <us@ours.example> wrote:\n> Our offer"
    read_ = read(f"Could you send me your price list?\n\n-- \nAnn Roe\n\n{quoted}")
    assert (read_.kind, read_.language, read_.evidence) == ("reply", "en", ())
    assert "pricing_request" in names(read_)
    assert "price list" in read_.new_text
    assert "Our offer" in read_.quoted_text
    assert "Ann Roe" in read_.signature


def test_a_bare_body_is_read_alike() -> None:
    assert "pricing_request" in names(read_body("Could you send me your price list?", now=NOW))
    assert read_body("", now=NOW).kind == "reply"
    note = "Thank you for your email. I am out of the office until 3 March. For urgent matters call Bob."
    assert (read_body(note, now=NOW).kind, read_body(note, now=NOW).return_date) == (
        "out_of_office",
        date(2026, 3, 3),
    )


# --- automatic replies


def test_an_automatic_reply_names_who_is_there_instead_and_asks_for_nothing() -> None:
    text = "Bob no longer works here. Please contact kim@example.org."
    found = read(text, head="Auto-Submitted: auto-replied\n")
    assert (found.kind, found.alternative_contacts) == ("auto_reply", ("kim@example.org",))
    assert names(found) == {"left_company", "referral"}
    asking = read("How much is it? Send your prices. Unsubscribe me.", head="Auto-Submitted: auto-replied\n")
    assert (asking.kind, asking.intents) == ("auto_reply", ())


def test_contacts_are_neither_the_writer_nor_us() -> None:
    text = (
        "I am out of office. Ask kim@example.org, lee@example.org or kim@example.org; not me "
        "(ann@example.org, ann.roe@other.example, ann@other.example). You wrote from us@ours.example. "
        "请联系王芳wang@lizi.example。"
    )
    read_ = read(text, head="Auto-Submitted: auto-replied\nReply-To: desk@example.org\n")
    assert read_.alternative_contacts == ("kim@example.org", "lee@example.org", "wang@lizi.example")


def test_days_count_from_the_mails_own_date() -> None:
    head = "Auto-Submitted: auto-replied\nDate: {}\n"
    text = "I am out of the office and back on Monday."
    read_ = read(text, head=head.format("Tue, 03 Mar 2020 08:00:00 +0100"))
    assert read_.return_date == date(2020, 3, 9)
    tomorrow = "I am out of the office and back tomorrow."
    late = read(tomorrow, head=head.format("Sun, 08 Feb 2026 23:30:00 -0800"))
    assert late.return_date == date(2026, 2, 9)  # there it was still Sunday
    assert read(text, head=head.format("Sat, 01 Jan 2050 00:00:00 +0000")).return_date == date(2026, 2, 16)
    assert read(text, head=head.format("nonsense")).return_date == date(2026, 2, 16)


@pytest.mark.parametrize("row", NOTES, ids=lambda row: f"{row['language']}-{row['text'].strip()[:30]}")
def test_r06_a_note_of_absence_is_read_with_its_return_and_contacts(row: dict[str, Any]) -> None:
    read_ = read_row({**row, "plain": not row.get("marked")}, WRITTEN)
    assert faults_of(row, read_) == (), (read_.kind, read_.return_date, read_.alternative_contacts)
    assert read_.language == row["language"]
    assert read_.intents == ()
    assert read_.evidence


def test_r06_eighteen_languages_and_more_with_six_notes_each() -> None:
    counts = {row["language"]: 0 for row in NOTES}
    for row in NOTES:
        counts[row["language"]] += 1
    assert sum(count >= 6 for count in counts.values()) >= 18


@pytest.mark.parametrize("subject", ["Re: Your plan", "Your plan", "AW: Ihr Angebot"])
@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row["text"][:30])
def test_r06_a_person_who_speaks_of_holidays_is_a_person(row: dict[str, str], subject: str) -> None:
    read_ = read(row["text"], subject)
    assert (read_.kind, read_.return_date) == ("reply", None), read_.evidence
    assert read_.intents


@pytest.mark.parametrize("text", [row["text"] for row in ANSWERS[:6]])
def test_r06_a_subject_of_absence_turns_no_persons_question_into_a_note(text: str) -> None:
    assert read(text, "Re: Automatic reply: Your plan").kind == "reply"


def test_r06_most_of_the_half_to_measure_on_is_read_right() -> None:
    figures = measure_absences(ROOT / "tests" / "accuracy" / "absences.toml", "measure")
    assert figures["people_called_automatic"] == 0
    assert min(figures["kinds"], figures["return_dates"], figures["contacts"]) >= 0.9, figures["wrong"]


# --- opt-outs and quotations

FOOTER = (
    "You get this mail because you signed up. To unsubscribe from this list, click here. "
    "How much does it cost? Book a demo. Please take me off the list. I am out of the office until Monday."
)


@pytest.mark.parametrize(
    "quoted",
    [
        f"On Mon, Feb 2, 2026 at 9:00 AM Us <us@example.com> wrote:\n> {FOOTER}",
        f"-----Original Message-----\nFrom: Us <us@example.com>\nSent: Monday\n\n{FOOTER}",
        f"From: Us <us@example.com>\nSent: Monday\nTo: Ann\nSubject: Hi\n\n{FOOTER}",
        f"Am 02.02.2026 um 09:00 schrieb Us <us@example.com>:\n> {FOOTER}",
    ],
)
def test_r04_our_own_quoted_words_ask_for_nothing(quoted: str) -> None:
    read_ = read(f"Thanks, got it.\n\n{quoted}")
    assert read_.kind == "reply"
    assert names(read_) <= {"thanks", "other"}


@pytest.mark.parametrize("subject", ["unsubscribe", "Unsubscribe", "Abmelden", "remove me!"])
def test_a_list_unsubscribe_mail_is_a_request(subject: str) -> None:
    read_ = read("Mail sent this to unsubscribe.", subject, "Auto-Submitted: auto-replied\n")
    assert (read_.kind, names(read_)) == ("reply", {"unsubscribe_request"})
    assert "RFC 2369" in read_.evidence[0]


# --- all of them


@needs_corpus
def test_every_message_of_the_collection_is_read_fast_and_none_but_bounces_are_bounces() -> None:
    raws = {path.name: path.read_bytes() for path in sorted((CORPUS / "messages").glob("*.eml"))}
    begin = time.process_time()
    kinds = {name: read_mail(raw, now=NOW).kind for name, raw in raws.items()}
    assert time.process_time() - begin < len(raws) / 200 * 3  # a machine that shares its cores
    notes = {name for name in kinds if name.startswith("rfc3834")}
    assert {kinds[name] for name in notes} <= {"auto_reply", "out_of_office"}
    assert sum(kind in ("bounce", "complaint") for kind in kinds.values()) >= 0.95 * (len(raws) - len(notes))

import os
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from nurture.core.inbound import automatic, intent
from nurture.core.inbound.bounce import read_bounce
from nurture.core.inbound.dates import find_return_date, find_timeline
from nurture.core.inbound.mail_parser import parse_mail
from nurture.core.inbound.quotation import _DATA as QUOTATION
from nurture.core.inbound.quotation import cut
from nurture.core.inbound.reply import Reply, read_reply

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / os.environ.get("NURTURE_CORPORA", "../shared/corpora") / "replies"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no collection of replies at {CORPUS}")
NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)  # a Tuesday


def reply(text: str, subject: str = "Re: Your plan", head: str = "") -> Reply:
    raw = f"From: Ann <ann@example.org>\nSubject: {subject}\nMessage-ID: <1@example.org>\n{head}\n{text}"
    return read_reply(parse_mail(raw.encode()), now=NOW)


def names(text: str) -> set[str]:
    return {found.name for found in reply(text).intents}


# --- the new text


@needs_corpus
def test_r01_new_text_of_real_replies_is_cut_exactly() -> None:
    files = sorted((CORPUS / "emails").iterdir())
    exact = [
        path.name
        for path in files
        if cut(path.read_text("utf-8")).new_text.strip()
        == (CORPUS / "trimmed" / path.name).read_text("utf-8").strip()
    ]
    assert len(exact) >= 0.9 * len(files)


@pytest.mark.parametrize("row", QUOTATION["attribution"], ids=lambda row: row["language"])
def test_r01_the_line_above_a_quotation_is_known_in_every_language(row: dict[str, Any]) -> None:
    assert cut(f"My words.\n\n{row['example']}\n> old words").new_text == "My words."
    assert cut(f"My words.\n\n{row['example']}\n\nold words, not marked").new_text == "My words."


@pytest.mark.parametrize(
    "below",
    [
        QUOTATION["separator"]["example"] + "\nFrom: us\nold",
        QUOTATION["signature"]["example"],
        "-- \nAnn\nHead of Things",
        "__________\nFrom: Us <us@example.com>\nSent: Monday\nTo: Ann\nSubject: Hi\n\nold",
        "Von: Wir <us@example.com>\nGesendet: Montag\nAn: Ann\nBetreff: Hallo\n\nalt",
        "De : Nous <us@example.com>\nEnvoyé : lundi\nÀ : Ann\nObjet : Bonjour\n\nvieux",
        "> old\n> older",
    ],
)
def test_r01_what_stands_below_is_cut(below: str) -> None:
    assert cut(f"My words,\nall of them.\n\n{below}").new_text == "My words,\nall of them."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote: nothing new happened.\nMore of mine.",
        "To do:\n- one\n- two",
        "From: what I see it works.\nYes.",
        "-- \nyes, call me",
        "Sent from my phone: yes, send the offer",
        "On Mon, Feb 1, 2016 at 6:32 PM, Ann <ann@example.org> wrote:\nmine, below",
        "> only a quotation",
    ],
)
def test_r01_new_text_is_never_empty_when_there_are_words(text: str) -> None:
    assert cut(text).new_text


def test_r01_answers_between_quotations_are_kept_with_them_but_only_the_own_words_count() -> None:
    text = "> How much may it cost?\n\nNothing.\n\n> Shall we remove you?\n\nYes.\n"
    found = cut(f"See below.\n\n{text}")
    assert "Nothing." in found.new_text
    assert "How much" in found.new_text
    assert "How much" not in found.own_text


# --- intents


@pytest.mark.parametrize("row", intent.DATA["phrase"], ids=lambda row: f"{row['intent']}-{row['language']}")
def test_r03_every_phrase_file_entry_is_found_in_its_example(row: dict[str, Any]) -> None:
    found = {i.name: i for i in reply(row["example"]).intents}
    assert row["intent"] in found
    if row.get("needs_date"):
        assert found[row["intent"]].day is not None


@pytest.mark.parametrize(
    "text",
    [
        "We are not interested.",
        "Not really interested, sorry.",
        "No, thanks.",
        "We are not currently interested in this.",
        "Nein, danke. Kein Interesse.",
        "Wir sind nicht interessiert.",
        "I don't think we are interested.",
    ],
)
def test_r03_not_interested_is_not_interest(text: str) -> None:
    assert names(text) == {"not_interested"}


def test_r03_interested_but_later_is_not_now_with_a_date() -> None:
    (found,) = reply("Interested, but not before Q3.").intents
    assert (found.name, found.day) == ("not_now", date(2026, 7, 1))


@pytest.mark.parametrize(
    "text, day",
    [
        ("Could you get back to me after March?", date(2026, 4, 1)),
        ("Please contact me next quarter.", date(2026, 4, 1)),
        ("We are swamped until September, then gladly.", date(2026, 9, 1)),
        ("Not before 15 May 2026, please.", date(2026, 5, 15)),
        ("Bitte melden Sie sich im nächsten Quartal, vorher nicht.", None),
        ("Nicht vor Q4.", date(2026, 10, 1)),
        ("Circle back in six months.", date(2026, 8, 10)),
    ],
)
def test_r03_not_now_has_its_date(text: str, day: date | None) -> None:
    found = {i.name: i.day for i in reply(text).intents}
    if day is not None:
        assert found.get("not_now") == day


@pytest.mark.parametrize(
    "text",
    [
        "We don't need pricing.",
        "No need to send me a quote.",
        "Please do not send any more price lists.",
        "Preise brauchen wir nicht.",
        "Wir brauchen kein Angebot.",
        "Thanks for the pricing page, all clear.",
    ],
)
def test_r03_a_negated_request_is_none(text: str) -> None:
    assert "pricing_request" not in names(text)


@pytest.mark.parametrize(
    "text",
    [
        "How much is it for 50 seats?",
        "Can't you send me a quote?",
        "I couldn't find your prices, could you help?",
        "Why not. What does it cost?",
        "Pricing?",
        "Was würde das kosten?",
        "Können Sie uns ein Angebot\nzusenden?",
        "Looks good, but how much would it be per user?",
    ],
)
def test_r03_a_request_for_prices_is_one(text: str) -> None:
    assert "pricing_request" in names(text)


@pytest.mark.parametrize(
    "text",
    [
        "Please take me off the list",
        "please remove me",
        "Take me off\nyour mailing list, please.",
        "STOP",
        "Unsubscribe",
        "Please stop emailing me!",
        "Bitte nehmen Sie mich aus dem Verteiler.",
        "Bitte schreiben Sie mir nicht mehr.",
    ],
)
def test_r04_a_person_who_asks_out_is_heard(text: str) -> None:
    assert "unsubscribe_request" in names(text)


FOOTER = (
    "You get this mail because you signed up. To unsubscribe from this list, click here. "
    "How much does it cost? Book a demo. Please take me off the list."
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
    assert names(f"Thanks, got it.\n\n{quoted}") == {"other"}


@pytest.mark.parametrize(
    "footer",
    [
        "To unsubscribe, click here.",
        "If you want to unsubscribe, click here.",
        "To opt out, follow this link.",
    ],
)
def test_r04_a_footer_that_was_not_cut_is_still_no_opt_out(footer: str) -> None:
    assert "unsubscribe_request" not in names(f"Fine.\n{footer}")


def test_a_list_unsubscribe_mail_is_a_request() -> None:
    found = reply(
        "Apple Mail sent this email to unsubscribe.", "unsubscribe", "Auto-Submitted: auto-replied\n"
    )
    assert [i.name for i in found.intents] == ["unsubscribe_request"]


# --- automatic mail


def test_r05_x_auto_response_suppress_is_no_sign() -> None:
    assert not reply("Hello.", head="X-Auto-Response-Suppress: All\n").automatic


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-generated; owner=x\n",
        "AUTO-SUBMITTED: Auto-Notified\n",
        "X-Autoreply: yes\n",
        "X-POST-MessageClass: 9; Autoresponder\n",
        "Precedence: auto_reply\n",
        "X-MS-Exchange-Inbox-Rules-Loop: ann@example.org\n",
        "Return-Path: <>\n",
    ],
)
def test_r06_headers_of_automatic_mail_are_signs(head: str) -> None:
    found = reply("Send me your pricing.", head=head)
    assert found.automatic
    assert found.automatic_because
    assert [i.name for i in found.intents] == ["other"]


@pytest.mark.parametrize("head", ["Auto-Submitted: no\n", "Auto-Submitted: no; x=y\n", "Precedence: bulk\n"])
def test_r06_other_headers_are_none(head: str) -> None:
    assert not reply("Hello.", head=head).automatic


@pytest.mark.parametrize("row", automatic.SIGNS["subject"], ids=lambda row: row["begins"][0])
def test_r06_a_subject_counts_with_a_header_or_without_text_never_alone(row: dict[str, Any]) -> None:
    assert automatic.subject_sign(row["example"])
    assert reply("", row["example"]).automatic
    assert not reply("Great, please send me your pricing.", row["example"]).automatic
    assert not automatic.subject_sign(f"Re: {row['example']}")


@pytest.mark.parametrize("row", automatic.SIGNS["away"], ids=lambda row: row["language"])
def test_r06_absence_is_understood_in_every_language_with_its_date(row: dict[str, Any]) -> None:
    found = reply(row["example"], head="Auto-Submitted: auto-replied\n")
    assert [i.name for i in found.intents] == ["out_of_office"]
    assert found.return_date == date(2026, 3, 3)


def test_r06_eighteen_languages() -> None:
    languages = {part for row in automatic.SIGNS["subject"] for part in row["language"].split(", ")}
    assert len(languages) >= 18


@pytest.mark.parametrize(
    "text, day",
    [
        ("I am back on 3 March.", date(2026, 3, 3)),
        ("I will return on March 3rd.", date(2026, 3, 3)),
        ("Ich bin bis 3. März nicht im Büro.", date(2026, 3, 3)),
        ("Ich bin vom 20.02.2026 bis 03.03.2026 im Urlaub.", date(2026, 3, 3)),
        ("Away from 12/02/2026 until 2026-02-20.", date(2026, 2, 20)),
        ("Out until Monday.", date(2026, 2, 16)),
        ("Ab Donnerstag bin ich wieder erreichbar.", date(2026, 2, 12)),
        ("I am out next week, back on Monday 23 February.", date(2026, 2, 23)),
        ("Back on 2 December.", date(2026, 12, 2)),
        ("Back on 5 February.", None),
        ("Back on 3 March 2024.", None),
        ("Back on 30 February 2027.", None),
        ("Back in 2029-01-01.", None),
        ("I am away. Call +49 30 1234-5678.", None),
        ("Back on 99/99/2026, 32.13.2026.", None),
    ],
)
def test_r06_return_dates_are_future_and_within_a_year(text: str, day: date | None) -> None:
    assert find_return_date(text, NOW) == day


@pytest.mark.parametrize(
    "text, day",
    [
        ("in Q1", date(2026, 1, 1)),
        ("after Q2", date(2026, 7, 1)),
        ("next year", date(2027, 1, 1)),
        ("in the new year", date(2027, 1, 1)),
        ("in two weeks", date(2026, 2, 24)),
        ("in January", date(2027, 1, 1)),
        ("we may do it", None),
        ("a march through the forest", None),
        ("nach dem März", date(2026, 4, 1)),
    ],
)
def test_r03_times_are_read_relative_to_now(text: str, day: date | None) -> None:
    found = find_timeline(text, NOW)
    assert found == (day if day is None or day > NOW.date() else None)


def test_a_person_on_vacation_who_asks_is_a_person() -> None:
    found = reply("I'm on vacation, but how much does it cost?")
    assert not found.automatic
    assert "pricing_request" in {i.name for i in found.intents}


def test_an_unmarked_note_of_absence_is_out_of_office() -> None:
    found = reply("I am out of the office until 3 March.", subject="Ann is away")
    assert [i.name for i in found.intents] == ["out_of_office"]
    assert found.return_date == date(2026, 3, 3)


# --- hostile text

HOSTILE = {
    "a": "a" * 1_000_000,
    "blanks": " " * 1_000_000,
    "lines": "\n" * 1_000_000,
    "marks": ">" * 1_000_000,
    "marked lines": "> \n" * 330_000,
    "on": "On 1 " * 200_000,
    "on lines": "On 1 2016\n" * 100_000,
    "wrote": "a@b 12:12 wrote:\n" * 60_000,
    "how much": "how much " * 110_000,
    "send": "send " * 200_000,
    "commas": "a," * 500_000,
    "interested": "interested, " * 80_000,
    "not": "not " * 250_000,
    "at": "a@" * 500_000,
    "angles": "<a@b.c " * 140_000,
    "dashes": "- " * 500_000,
    "fields": "From: x\n" * 120_000,
    "dots": "1.1." * 250_000,
    "months": "1 january " * 100_000,
    "next": "next week in two weeks " * 40_000,
    "back": "back on monday " * 60_000,
    "fences": "```\n" * 250_000,
    "codes": "550 5.1.1 " * 100_000,
    "recipients": "final-recipient: " * 60_000,
    "addresses": "<a@example.org>: 550\n" * 50_000,
    "brackets": "([{" * 300_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("head", ["", "Auto-Submitted: auto-replied\n", "Content-Type: text/html\n"])
def test_r11_every_pattern_on_a_megabyte_takes_less_than_a_second(name: str, head: str) -> None:
    raw = f"From: MAILER-DAEMON@example.org\nSubject: x\n{head}\n{HOSTILE[name]}".encode()
    begin = time.process_time()
    mail = parse_mail(raw)
    read_bounce(mail)
    read_reply(mail, now=NOW)
    assert time.process_time() - begin < 1

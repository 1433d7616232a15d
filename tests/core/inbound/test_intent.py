"""What people want by their own words."""

import time
from datetime import UTC, date, datetime

import pytest

from nurture.core.inbound.intent import ACTING, Intent, find_intents

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)


def acted_on(text: str, language: str | None = None) -> dict[str, Intent]:
    """The intents surely enough found to act on."""
    return {i.name: i for i in find_intents(text, NOW, language=language) if i.confidence >= ACTING}


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, but we are not interested.",
        "I'm not really interested in this.",
        "We have no interest at all.",
        "Sounds great, but we are not interested.",
        "Danke, aber wir sind daran nicht interessiert.",
        "Leider haben wir kein Interesse.",
    ],
)
def test_r03_not_interested_is_no_interest(text: str) -> None:
    found = acted_on(text)
    assert "positive" not in found
    assert found["objection"].reason == "no_need"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Interested, but not before Q3.", date(2026, 7, 1)),
        ("This looks interesting, but please get back to me in September.", date(2026, 9, 1)),
        ("Interessant, aber nicht vor September.", date(2026, 9, 1)),
    ],
)
def test_r03_interest_with_a_later_date_is_not_now_with_that_date(text: str, day: date) -> None:
    found = acted_on(text)
    assert "positive" not in found
    assert found["not_now"].day == day


@pytest.mark.parametrize(
    "text",
    [
        "Please take me off the list.",
        "UNSUBSCRIBE",
        "Stop emailing me!",
        "Sounds interesting, but please remove me from your mailing list.",
        "Bitte nehmen Sie mich aus dem Verteiler.",
        "Schreiben Sie mir bitte nicht mehr.",
    ],
)
def test_r04_who_asks_to_be_left_out_opts_out_whatever_else_is_said(text: str) -> None:
    assert set(acted_on(text)) == {"unsubscribe_request"}


@pytest.mark.parametrize(
    "text",
    [
        "How do you handle unsubscribes?",
        "Our users can unsubscribe with the link in the footer.",
        "To unsubscribe from these emails, click here.",
        "You can unsubscribe at any time.",
        "Can recipients opt out with a link in the footer?",
        'Your footer says "please take me off the list", is that on purpose?',
        "Wie lösen Sie das, wenn sich Kunden abmelden?",
    ],
)
def test_r04_talk_about_unsubscribing_is_no_opt_out(text: str) -> None:
    assert "unsubscribe_request" not in acted_on(text)


@pytest.mark.parametrize(
    "piece",
    [
        "not ", "please send please ", "if you ", "<" * 7, "\n", "a@", "'", '"x ', "nicht mehr ", ",",
        "we decide in may ", "http://a", "take me take ", "über ", "x" * 5_000 + " ", "12.", "???",
    ],
)  # fmt: skip
def test_r11_a_megabyte_of_hostile_text_is_read_within_a_second(piece: str) -> None:
    text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    find_intents("warm", NOW)
    start = time.process_time()
    find_intents(text, NOW)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("text", ["", "   \n\n", "--", "…"])
def test_a_text_without_words_is_empty(text: str) -> None:
    assert [i.name for i in find_intents(text, NOW)] == ["empty"]


def test_nothing_is_done_about_what_nobody_knows() -> None:
    assert set(acted_on("The kettle is blue and the cat is fat")) == {"other"}


def test_several_wishes_hold_at_once_surest_first() -> None:
    found = find_intents("Could you send me a quote? And could we have a demo next week?", NOW)
    assert {"pricing_request", "demo_request"} <= {i.name for i in found}
    assert [i.confidence for i in found] == sorted((i.confidence for i in found), reverse=True)


def test_a_referral_names_the_address() -> None:
    found = acted_on("I am the wrong person. Please write to Jane.Roe@Example.org instead.")
    assert found["referral"].address == "jane.roe@example.org"
    assert "wrong_person" in found


def test_what_was_thanked_for_or_supposed_is_not_asked_for() -> None:
    assert "demo_request" not in acted_on("Thanks for the demo.")
    assert "objection" not in acted_on("If we had no budget, I would tell you.")


def test_an_intent_rests_on_the_words_as_written() -> None:
    (intent,) = find_intents("Hi,\n\nHow Much is it for 20 seats?", NOW)
    assert (intent.name, intent.because) == ("pricing_request", "How Much")


def test_told_leaves_out_what_there_is_not() -> None:
    assert Intent("thanks", 0.9, "Thanks").told() == {
        "name": "thanks",
        "confidence": 0.9,
        "because": "Thanks",
    }
    later = Intent("not_now", 0.876, "later", day=date(2026, 7, 1)).told()
    assert later == {"name": "not_now", "confidence": 0.88, "because": "later", "date": "2026-07-01"}


def test_a_slip_of_the_fingers_is_forgiven() -> None:
    assert "unsubscribe_request" in acted_on("please unsubcribe me")
    assert "pricing_request" in acted_on("Could you send me your prcing?", "en")

"""The data by which intents are found: every language knows every concept, every rule and example holds."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from nurture.core.inbound.intent import IntentName, find_intents
from nurture.core.inbound.intent_rule import Rule, rules
from nurture.core.inbound.learned import learned
from nurture.core.inbound.phrase import LANGUAGES, Lexicon, lexicon, read_lexicon
from nurture.core.inbound.rule_reading import read_sentence
from nurture.core.inbound.sentence import split_sentences
from tests.accuracy.digest import digest

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)
MADE = {"ADDRESS", "CALENDAR", "NAME"}
FRAME = {
    "NEG",
    "HARMLESS",
    "LACK",
    "COND",
    "POLITE_IF",
    "WONDER",
    "BUT",
    "AND",
    "BECAUSE",
    "THANKSFOR",
    "QWORD",
}
FRAME |= {"TITLE", "PLEASE", "THANKS", "COURTESY"}
NEEDED = FRAME | {name for rule in rules() for row in (*rule.all, tuple(rule.unless)) for name in row} - MADE
EXAMPLES = [
    (language, f"{row['intent']}:{row['reason']}" if row.get("reason") else row["intent"], text)
    for language in LANGUAGES
    for row in read_lexicon(language)["example"]
    for text in row["text"]
    if row["intent"] in {rule.intent for rule in rules()}
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_defines_every_concept_and_says_where_its_words_are_from(language: str) -> None:
    data: dict[str, Any] = read_lexicon(language)
    assert not NEEDED - set(data["concepts"]), "missing"
    assert not set(data["concepts"]) - NEEDED, "used by no rule"
    assert data["source"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_an_example_of_every_intent(language: str) -> None:
    shown = {row["intent"] for row in read_lexicon(language)["example"]}
    assert shown == set(get_args(IntentName)) - {"empty", "other"}


@pytest.mark.parametrize(("language", "name", "text"), EXAMPLES)
def test_every_example_is_found_by_a_rule(language: str, name: str, text: str) -> None:
    assert ruled(text, language).get(name, 0.0) >= 0.8


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.example)
def test_every_rule_finds_its_example(rule: Rule) -> None:
    name = f"{rule.intent}:{rule.reason}" if rule.reason else rule.intent
    assert ruled(rule.example, "en").get(name, 0.0) >= rule.weight


def ruled(text: str, language: str) -> dict[str, float]:
    """What the rules say of a text, each with its weight."""
    readings = [read_sentence(sentence, language, NOW) for sentence in split_sentences(text)]
    rulings = sorted((ruling.weight, ruling.name) for reading in readings for ruling in reading.rulings)
    return {name: weight for weight, name in rulings}


def test_what_was_learned_was_learned_from_these_examples() -> None:
    assert learned().made_from == digest(), "run `make learn`"


def test_the_grammar_of_entries_holds() -> None:
    english: Lexicon = lexicon("en")
    assert english.find(("we", "have", "no", "spare", "budget"))["NOBUDGET"]
    assert "NOBUDGET" not in english.find(("no", ",", "budget", "reports"))
    assert english.find(("a", "quotation"))["PRICE"] == [(1, 2)]


def test_german_is_read_with_umlauts_without_and_written_out() -> None:
    for text in ("Bitte löschen Sie mich", "Bitte loschen Sie mich", "Bitte loeschen Sie mich"):
        assert find_intents(text, NOW, language="de")[0].name == "unsubscribe_request"

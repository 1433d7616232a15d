"""The Dutch lexicon: turns of phrase that only this language has, and what must not be taken for them."""

import pytest

from nurture.core.inbound.negation import Scopes
from nurture.core.inbound.phrase import lexicon, read_lexicon
from nurture.core.inbound.sentence import spell_out, split_sentences

SAID = [
    ("Schrijf me uit aub.", "SAYS_OUT"),
    ("Haal me van die lijst.", "SAYS_OUT"),
    ("Meld mij maar af.", "SAYS_OUT"),
    ("Gelieve ons geen reclame meer toe te sturen.", "SAYS_OUT"),
    ("Wat gaat dat geintje ons kosten?", "HOWMUCH"),
    ("Bezorg ons een prijsopgave.", "PRICE"),
    ("Mogen we een bestek ontvangen?", "PRICE"),
    ("Een productdemo graag.", "DEMO"),
    ("Is er een proefaccount?", "TRIAL"),
    ("Een belafspraak is prima.", "MEET"),
    ("Laten we eens samenzitten.", "MEETVERB"),
    ("Ik heb dinsdag wel tijd.", "MEETVERB"),
    ("Daar ga ik niet over.", "SAYS_WRONG"),
    ("ik ga daar ni over", "SAYS_WRONG"),
    ("Zij is met pensioen.", "LEFT"),
    ("Hij is niet langer werkzaam bij ons.", "LEFT"),
    ("Wij zijn reeds voorzien.", "HAVE_ALREADY"),
    ("Dat kan bruin niet trekken.", "NOBUDGET"),
    ("Nu even niet.", "SAYS_LATER"),
    ("mss later", "SAYS_LATER"),
    ("We gaan ervoor.", "SAYS_YES"),
    ("Daar hebben we geen boodschap aan.", "SAYS_NO"),
]
UNSAID = [
    ("Laat maar weten wat er kan.", "SAYS_NO"),
    ("Een mail volstaat voor mij.", "HAVE_ALREADY"),
    ("We koppelen het met ons eigen systeem.", "HAVE_ALREADY"),
    ("Hou ons op de hoogte.", "SAYS_OUT"),
    ("Stuur mij de prijslijst van de nieuwe modellen.", "SAYS_OUT"),
    ("Laat me met rust.", "LEFT"),
    ("Het is mij niet meteen duidelijk.", "SAYS_LATER"),
    ("Ik zou het op prijs stellen.", "PRICE"),
    ("Mochten we ooit een demo willen, dan hoort u het.", "DEMO"),
    ("Bedankt voor de offerte.", "PRICE"),
    ("Wij hebben geen interesse.", "INTEREST"),
]


@pytest.mark.parametrize(("text", "concept"), SAID)
def test_it_is_heard_as_it_is_meant(text: str, concept: str) -> None:
    assert concept in _said(text)


@pytest.mark.parametrize(("text", "concept"), UNSAID)
def test_it_is_not_heard_where_it_is_not_meant(text: str, concept: str) -> None:
    assert concept not in _said(text)


def test_maar_turns_the_sentence_only_where_it_means_but() -> None:
    turned = [_found(text) for text in ("Mooi maar we hebben geen geld.", "Mooi, maar te laat.")]
    softened = [_found(text) for text in ("Stuur maar op.", "Bel maar even.", "Doe maar een offerte.")]
    assert all("BUT" in found for found in turned)
    assert not any("BUT" in found for found in softened)


def test_words_to_choose_from_are_all_of_one_length() -> None:
    """ "mail/e-mail" would ask for two words: "e-mail" is two, so it needs an entry of its own."""
    rows = (
        row for text in read_lexicon("nl")["concepts"].values() for row in text.replace("\n", "|").split("|")
    )
    tokens = {token for row in rows for token in row.split() if "/" in token and "<" not in token}
    assert not [token for token in tokens if len({_width(word) for word in token.rstrip("?").split("/")}) > 1]


def _said(text: str) -> set[str]:
    """The concepts that count as said and are not negated."""
    (sentence,) = split_sentences(text)
    found = lexicon("nl").find(sentence.words)
    scopes = Scopes(sentence.words, found, "nl")
    return {
        name
        for name, spans in found.items()
        if any(scopes.counts(span) and scopes.negation_of(span) is None for span in spans)
    }


def _found(text: str) -> set[str]:
    (sentence,) = split_sentences(text)
    return set(lexicon("nl").find(sentence.words))


def _width(option: str) -> int:
    return sum(1 if "*" in part else len(spell_out(part)) for part in option.split("-"))

"""What is no word of a language and yet tells something: addresses, links to calendars, names of people."""

from collections.abc import Iterator

from nurture.core.inbound.language import plain_words
from nurture.core.inbound.phrase import Concepts, Span, lexicon
from nurture.core.inbound.sentence import CALENDAR_LINK, EMAIL, Sentence


def particulars(sentence: Sentence, found: Concepts, language: str) -> Concepts:
    """`ADDRESS`, `CALENDAR` and `NAME`; `found`: the concepts of the sentence in its language."""
    signs = {EMAIL: "ADDRESS", CALENDAR_LINK: "CALENDAR"}
    signs_found: Concepts = {}
    for place, word in enumerate(sentence.words):
        if word in signs:
            signs_found.setdefault(signs[word], []).append((place, place + 1))
    names = list(_names(sentence, found, language))
    return signs_found | ({"NAME": names} if names else {})


def _names(sentence: Sentence, found: Concepts, language: str) -> Iterator[Span]:
    """Capitalised words that are no others; where all nouns are capitalised, behind "Mr" or two in a row."""
    if sentence.text.isupper():
        return
    titles = {end for _, end in found.get("TITLE", ())}
    capital = [_is_capitalised(sentence, place) for place in range(len(sentence.words))]
    strange = [big and not _is_word(sentence.words[i], language) for i, big in enumerate(capital)]
    for place, big in enumerate(capital):
        alone = language != "de" and place > 0 and sentence.spoken[place - 1] != ","
        beside = any(strange[i] for i in (place - 1, place + 1) if 0 <= i < len(strange))
        if place < 3 and sentence.words[place + 1 : place + 2] == (",",):
            continue
        if (big and place in titles) or (strange[place] and (alone or beside)):
            yield place, place + 1


def _is_capitalised(sentence: Sentence, place: int) -> bool:
    word = sentence.spoken[place]
    return word[:1].isupper() and word[1:].replace("'", "").replace("’", "").islower()


def _is_word(word: str, language: str) -> bool:
    """Whether it is known as something else than a name."""
    return word in plain_words(language) or lexicon(language).knows(word)

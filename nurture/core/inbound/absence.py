"""Notes of absence: which words say that somebody is away, and whether a program sent them."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from nurture.core.inbound.calendar import read_marks
from nurture.core.inbound.mail_parser import ParsedMail, find_addresses
from nurture.core.inbound.note_words import phrases_of
from nurture.core.inbound.wording import Found, fold, tokens_of

MAX_CHARS = 6_000
_FEW_WORDS = 40
_FEW_OTHER_WORDS = 5
_EARLY = 45
_SENTENCE_SIGNS = ".,;:"
# Writing without blanks between words, in which an address ends without one too.
_UNSPACED = re.compile("[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
_QUESTION = re.compile(r"[?？؟](?!\S*=)")
_ADDRESS = re.compile(r"[!-?A-~]{1,64}@[!-~]{1,253}|https?://[!-~]{1,500}")


@dataclass(frozen=True, slots=True)
class Absence:
    """What a text says of absence: `words` (the first that do), `notes` (what only notes say beside it).

    `early`: it opens with them. `count`: its words; `others`: those that are neither of these phrases nor of
    time. `asks`: it holds a question. `languages`: those it is written in, the one with most of these phrases
    first; empty where it says nothing of the kind.
    """

    words: str
    notes: tuple[str, ...]
    early: bool
    count: int
    others: int
    asks: bool
    languages: tuple[str, ...]


def read_absence(text: str) -> Absence:
    """What the text says of absence, in any language known here."""
    plain = _ADDRESS.sub(" ", text[:MAX_CHARS])
    tokens = tokens_of(fold(plain))
    away, notes = list(phrases_of("away").find(tokens)), list(phrases_of("note").find(tokens))
    languages = _languages((*away, *notes))
    spoken = [found for found in away if set(found.meanings).intersection(languages)]
    first = spoken[0] if spoken else None
    return Absence(
        words=first.words if first else "",
        notes=tuple(dict.fromkeys(n.words for n in notes if set(n.meanings).intersection(languages))),
        early=first is not None and first.first < _EARLY,
        count=sum(token.text.isalnum() for token in tokens),
        others=_others(plain, (*away, *notes), languages),
        asks=_QUESTION.search(plain) is not None,
        languages=languages,
    )


def _others(plain: str, found: Iterable[Found[str]], languages: tuple[str, ...]) -> int:
    """How many words are neither in these phrases nor words of time."""
    known = sum(phrase.after - phrase.first for phrase in found)
    marks = read_marks(plain, languages)
    return sum(mark.text.isalnum() and not mark.senses and not mark.digits for mark in marks) - known


def _languages(found: Iterable[Found[str]]) -> tuple[str, ...]:
    """Those with the most phrases found, and others with at least half as many (a note in two languages)."""
    weights: Counter[str] = Counter()
    for phrase in found:
        for language in phrase.meanings:
            weights[language] += len(phrase.words)
    ranked = weights.most_common(3)
    return tuple(language for language, weight in ranked if weight * 2 >= ranked[0][1])


def is_note(absence: Absence, *, replies: bool) -> bool:
    """Whether a text that nothing else marks is a program's note of absence, and no person's message.

    It opens with the absence and says what notes say: more of it where the mail looks like a
    person's answer (`replies`: "Re:" in the subject, our mail quoted below).
    """
    if not absence.words or not absence.early:
        return False
    if not replies and absence.others <= _FEW_OTHER_WORDS:
        return True
    needed = 2 if replies else 1
    return len(absence.notes) >= needed


def other_contacts(text: str, mail: ParsedMail) -> tuple[str, ...]:
    """The addresses that a note names, in order, but for those of its writer and of whom it answers."""
    own = {mail.from_address, *mail.to_addresses, *find_addresses(mail.header("reply-to"))}
    theirs = {address.lower() for address in own}
    named = (found.rstrip(_SENTENCE_SIGNS) for found in find_addresses(_UNSPACED.sub(" ", text)))
    return tuple(
        address
        for address in dict.fromkeys(named)
        if address.lower() not in theirs and not _is_writers(address, mail)
    )


def _is_writers(address: str, mail: ParsedMail) -> bool:
    """Another address of the same person: the same local part, or one made of all of the writer's names."""
    local = fold(address.partition("@")[0])
    names = [name for name in re.split(r"[\W\d_]+", fold(mail.from_name)) if len(name) > 1]
    return (
        local == fold(mail.from_address.partition("@")[0])
        or len(names) > 1
        and all(n in local for n in names)
    )

"""Whether a program or a person wrote a mail that is no bounce: rules in their order, with their evidence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Literal

from nurture.core.inbound import automatic
from nurture.core.inbound.absence import Absence, is_note, read_absence
from nurture.core.inbound.calendar import LANGUAGES
from nurture.core.inbound.dates import find_return_date
from nurture.core.inbound.intent import ACTING, Intent, find_intents
from nurture.core.inbound.language import detect_language
from nurture.core.inbound.mail_parser import ParsedMail
from nurture.core.inbound.quotation import Cut

Kind = Literal["bounce", "complaint", "auto_reply", "out_of_office", "reply", "challenge", "other"]
Decided = tuple[Kind, tuple[str, ...]]

_SUBJECT_CHARS = 300
_UNSUBSCRIBE_SUBJECT = re.compile(r"\s*(?:unsubscribe|abmelden|remove me|opt[- ]?out)\W*", re.IGNORECASE)
_ANSWER_SUBJECT = re.compile(
    r"\s*(?:re|aw|sv|antw|odp|ynt|vs|rif|res|回复|答复|回覆|答覆|返信)\s?[:：]", re.IGNORECASE
)
_WISHES = frozenset(
    {
        "pricing_request",
        "demo_request",
        "trial_request",
        "meeting_request",
        "information_request",
        "unsubscribe_request",
        "objection",
    }
)
_MANY_NOTES = 2


@dataclass(frozen=True)
class Letter:
    """A mail with its text cut, and when it was written. What is costly is read when first asked for."""

    mail: ParsedMail
    text: Cut
    at: datetime

    @property
    def subject(self) -> str:
        return self.mail.subject[:_SUBJECT_CHARS]

    @cached_property
    def absence(self) -> Absence:
        return read_absence(self.text.own_text)

    @cached_property
    def absence_in_subject(self) -> Absence:
        return read_absence(self.subject)

    @cached_property
    def language(self) -> str | None:
        """ISO 639-1 of the text, that of its phrases of absence where its words tell none."""
        detected = detect_language(self.text.own_text or self.text.new_text)
        return detected or next(iter(self.absence.languages), None)

    @cached_property
    def intents(self) -> tuple[Intent, ...]:
        return find_intents(self.text.own_text, self.at, language=self.language)

    @cached_property
    def return_date(self) -> date | None:
        """Read in the languages of the phrases found and in that of the whole text, else of the subject."""
        found = dict.fromkeys((*self.absence.languages, *((self.language,) if self.language else ())))
        known = tuple(found) or self.absence_in_subject.languages
        languages = tuple(language for language in known if language in LANGUAGES) or ("en",)
        return find_return_date(f"{self.subject}\n\n{self.text.own_text}", self.at, languages)

    def asks_to_unsubscribe_by_subject(self) -> bool:
        """Whether a program sent it for a `List-Unsubscribe: <mailto:…>` (RFC 2369 §3.2)."""
        return _UNSUBSCRIBE_SUBJECT.fullmatch(self.subject) is not None


def decide_kind(letter: Letter) -> Decided:
    """The kind, and why; a reply needs no reason. The signs of programs come in the order of their weight."""
    if letter.asks_to_unsubscribe_by_subject():
        return "reply", (f"subject is {letter.subject.strip()!r} (RFC 2369)",)
    if automatic.is_report(letter.mail):
        return "auto_reply", automatic.header_reasons(letter.mail)
    if reasons := automatic.challenge_reasons(letter.mail, letter.text.own_text):
        return "challenge", reasons
    headers = automatic.header_reasons(letter.mail)
    sentences = automatic.sentence_reasons(letter.mail.subject, letter.text.own_text)
    if headers or sentences:
        return _automatic(letter, headers, sentences)
    if bulk := automatic.bulk_reasons(letter.mail):
        return "auto_reply", bulk
    return _unmarked(letter)


def _automatic(letter: Letter, headers: tuple[str, ...], sentences: tuple[str, ...]) -> Decided:
    """A note of absence by its subject, its words or a day of return; none if it acknowledges, or says that
    somebody has left for good."""
    reasons = (*headers, *sentences)
    if automatic.subject_sign(letter.mail.subject, away=True):
        return "out_of_office", (*reasons, *_absence_evidence(letter))
    if not sentences and letter.return_date:
        told = f"names the day of return, {letter.return_date}"
        return "out_of_office", (*reasons, *_absence_evidence(letter), told)
    words = letter.absence.words or letter.absence_in_subject.words
    if words and not sentences and not _says(letter, frozenset({"left_company"})):
        return "out_of_office", (*reasons, *_absence_evidence(letter))
    return "auto_reply", (*reasons, *_subject_evidence(letter))


def _unmarked(letter: Letter) -> Decided:
    """A mail that no header marks: a note of absence by its words, else by its subject where it has none."""
    sign = automatic.subject_sign(letter.mail.subject)
    weak = automatic.weak_reasons(letter.mail)
    if sign and not letter.text.own_text.strip():
        away = automatic.subject_sign(letter.mail.subject, away=True)
        return ("out_of_office" if away else "auto_reply"), (*weak, *_subject_evidence(letter))
    if _is_unmarked_note(letter, sign or _away_subject(letter), weak):
        return "out_of_office", (*weak, *_absence_evidence(letter))
    return "reply", ()


def _is_unmarked_note(letter: Letter, sign: str, weak: tuple[str, ...]) -> bool:
    """By its words: fewer of them where the subject says it too, and never where it asks for something."""
    absence = letter.absence
    speaks = absence.words or sign and (absence.notes or letter.return_date)
    if not speaks or absence.asks and not sign:
        return False
    if sign and not absence.asks and (letter.return_date or absence.words and absence.notes):
        return True
    wishes = _WISHES if sign or len(absence.notes) >= _MANY_NOTES else _WISHES | {"positive"}
    if _says(letter, wishes):
        return False
    answers = bool(_ANSWER_SUBJECT.match(letter.subject) or letter.text.quoted_text.strip())
    return bool(sign or weak) or is_note(absence, replies=answers)


def _says(letter: Letter, names: frozenset[str]) -> bool:
    return any(intent.name in names and intent.confidence >= ACTING for intent in letter.intents)


def _away_subject(letter: Letter) -> str:
    """The words of absence in a subject that a writer made up: "Ich bin bis Ende Mai nicht im Büro"."""
    return "" if _ANSWER_SUBJECT.match(letter.subject) else letter.absence_in_subject.words


def _subject_evidence(letter: Letter) -> Iterator[str]:
    if sign := automatic.subject_sign(letter.mail.subject):
        yield f"subject begins with {sign!r}"


def _absence_evidence(letter: Letter) -> Iterator[str]:
    yield from _subject_evidence(letter)
    yield from (f"says {words!r}" for words in (letter.absence.words, *letter.absence.notes[:3]) if words)

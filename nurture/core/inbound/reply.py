"""A reply read: automatic or a person's, what is new in it, and what it asks for."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from nurture.core.inbound.automatic import automatic_reasons, away_words, subject_sign
from nurture.core.inbound.dates import find_return_date
from nurture.core.inbound.intent import Intent, find_intents
from nurture.core.inbound.mail_parser import ParsedMail
from nurture.core.inbound.quotation import cut

_UNSUBSCRIBE_SUBJECT = re.compile(r"\s*(?:unsubscribe|abmelden|remove me|opt[- ]?out)\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """`new_text`: what was written anew. `intents`: at least one, `other` when nothing is recognised.

    `automatic_because` names the signs; `return_date` is set only with the intent `out_of_office`.
    """

    automatic: bool
    automatic_because: tuple[str, ...]
    new_text: str
    intents: tuple[Intent, ...]
    return_date: date | None = None


def read_reply(mail: ParsedMail, *, now: datetime) -> Reply:
    """Read a mail that is no bounce (`bounce.read_bounce` is asked first). Only the person's own words count,
    never the quoted ones; words of an automatic reply ask for nothing."""
    text = cut(mail.text)
    reasons = automatic_reasons(mail, text.own_text)
    away = _absence(mail, text.own_text, automatic=bool(reasons), now=now)
    if unsubscribe := _unsubscribe_by_subject(mail):
        intents: tuple[Intent, ...] = (unsubscribe,)
    elif away or reasons:
        intents = (away or Intent("other", ""),)
    else:
        intents = find_intents(text.own_text, now) or (Intent("other", ""),)
    back = find_return_date(f"{text.own_text}\n{mail.subject}", now) if away else None
    return Reply(bool(reasons), reasons, text.new_text, intents, back)


def _unsubscribe_by_subject(mail: ParsedMail) -> Intent | None:
    """The mail that a program sends for a `List-Unsubscribe: <mailto:…>` (RFC 2369 §3.2)."""
    if _UNSUBSCRIBE_SUBJECT.fullmatch(mail.subject[:100]):
        return Intent("unsubscribe_request", mail.subject.strip())
    return None


def _absence(mail: ParsedMail, own_text: str, *, automatic: bool, now: datetime) -> Intent | None:
    words = away_words(own_text) or away_words(mail.subject)
    if words and (automatic or _is_all_about_absence(own_text, now)):
        return Intent("out_of_office", words)
    if automatic and (subject := subject_sign(mail.subject, away=True)):
        return Intent("out_of_office", subject)
    return None


def _is_all_about_absence(own_text: str, now: datetime) -> bool:
    """An unmarked note of absence opens with it and asks nothing; a person on vacation may ask."""
    head = own_text[:300]
    asked = {intent.name for intent in find_intents(own_text, now)} - {"not_now", "timeline_shared"}
    return bool(away_words(head)) and "?" not in own_text and not asked

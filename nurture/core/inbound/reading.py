"""One inbound mail read: what kind it is, what was written in it, and what it asks for."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

from nurture.core.inbound.absence import other_contacts
from nurture.core.inbound.automatic import is_report
from nurture.core.inbound.bounce import Bounce, read_bounce
from nurture.core.inbound.intent import Intent, find_intents
from nurture.core.inbound.kind import Kind, Letter, decide_kind
from nurture.core.inbound.mail_parser import ParsedMail, parse_mail
from nurture.core.inbound.quotation import cut

__all__ = ["Kind", "Reading", "read_body", "read_mail"]

_TOLD_BY_PROGRAMS = frozenset({"left_company", "wrong_person", "referral"})
_CLOCK_SKEW = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Reading:
    """`evidence`: the headers and rules that decided the kind, one sentence each; a reply may have none.

    `bounce` is set for bounces and complaints; `delayed`: a bounce that is only a warning, without effect.
    `intents`: at least one for a reply; an automatic reply has only those that say who is there instead
    (`left_company`, `wrong_person`, `referral`). `return_date` is set for `out_of_office`, and
    `alternative_contacts` (addresses in order) for automatic mail, where the note names any.
    `language`: ISO 639-1 of the new text.
    """

    kind: Kind
    mail: ParsedMail
    bounce: Bounce | None = None
    delayed: bool = False
    new_text: str = ""
    quoted_text: str = ""
    signature: str = ""
    intents: tuple[Intent, ...] = ()
    return_date: date | None = None
    alternative_contacts: tuple[str, ...] = ()
    language: str | None = None
    evidence: tuple[str, ...] = ()


def read_mail(raw: bytes, *, now: datetime) -> Reading:
    """Read a message (RFC 5322 bytes). Never raises: what cannot be parsed is `other`, and says why.

    Days that it names count from its own Date, from `now` where it has none or a future one.
    """
    mail = parse_mail(raw)
    if mail.fault is not None:
        return Reading("other", mail, evidence=(mail.fault,))
    bounce = read_bounce(mail)  # first of all: many bounces call themselves auto-replies (R07)
    if bounce is not None:
        kind: Kind = "complaint" if bounce.complaint else "bounce"
        return Reading(kind, mail, bounce, bounce.delayed, evidence=_report_evidence(mail, bounce))
    return _read_letter(mail, _written_at(mail, now))


def read_body(text: str, *, now: datetime) -> Reading:
    """Read the bare body of a mail, without any header."""
    return _read_letter(ParsedMail(digest="", text=text), now)


def _report_evidence(mail: ParsedMail, bounce: Bounce) -> tuple[str, ...]:
    if mail.feedback_report:
        return (f"feedback report (RFC 5965): {mail.feedback_report.get('feedback-type', 'abuse')}",)
    told = "delivery status (RFC 3464)" if mail.delivery_status else "the words of a notice"
    statuses = dict.fromkeys(r.status or r.reply_code or r.reason for r in bounce.recipients)
    return (f"{told}: {'delayed ' if bounce.delayed else ''}{', '.join(statuses)}",)


def _written_at(mail: ParsedMail, now: datetime) -> datetime:
    """The moment of writing by the writer's own clock."""
    if mail.date is None or mail.date > now + _CLOCK_SKEW:
        return now
    local = parsedate_to_datetime(mail.header("date")[:100])
    return local if local.tzinfo else local.replace(tzinfo=UTC)


def _read_letter(mail: ParsedMail, at: datetime) -> Reading:
    letter = Letter(mail, cut(mail.text), at)
    kind, evidence = decide_kind(letter)
    reading = Reading(
        kind,
        mail,
        new_text=letter.text.new_text,
        quoted_text=letter.text.quoted_text,
        signature=letter.text.signature,
        language=letter.language,
        evidence=evidence,
    )
    return _with_contents(reading, letter)


def _with_contents(reading: Reading, letter: Letter) -> Reading:
    """What the mail says, as far as its kind lets it count."""
    if reading.kind == "reply":
        return replace(reading, intents=_intents(letter))
    if reading.kind not in ("out_of_office", "auto_reply") or is_report(reading.mail):
        return reading
    told = tuple(intent for intent in letter.intents if intent.name in _TOLD_BY_PROGRAMS)
    is_away = reading.kind == "out_of_office"
    return replace(
        reading,
        intents=() if is_away else told,
        return_date=letter.return_date if is_away else None,
        alternative_contacts=other_contacts(letter.text.new_text, letter.mail),
    )


def _intents(letter: Letter) -> tuple[Intent, ...]:
    if letter.asks_to_unsubscribe_by_subject():
        return tuple(i for i in find_intents("Unsubscribe", letter.at) if i.name == "unsubscribe_request")
    return letter.intents

"""The mails that people send back, as their mail programs and servers would write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from html import escape
from typing import Final

from nurture.demo.received import Received

AWAY_DAYS: Final = 12
HOST: Final = "mail.recipients.example"


@dataclass(frozen=True, slots=True)
class Words:
    """What a reply says, and the intents that a careful reader finds in it."""

    text: str
    intents: tuple[str, ...]


WORDS: Final[Mapping[str, Words]] = {
    "interested": Words("Hi,\n\nyes, we are interested.\n\nBest,\n{name}", ("positive",)),
    "pricing": Words("Hello,\n\ncould you send me your pricing?\n\n{name}", ("pricing_request",)),
    "demo": Words("Hello,\n\ncould you show us a demo?\n\n{name}", ("demo_request",)),
    "not now": Words("Interested, but not before {quarter}.\n\n{name}", ("not_now",)),
    "timeline": Words("We plan to start with a new tool in {month}.\n\n{name}", ("timeline_shared",)),
    "no": Words("Thanks, but we are not interested.\n\n{name}", ("objection",)),
    "remove": Words("Please remove me from your list.\n\n{name}", ("unsubscribe_request",)),
}


def reply(to: Received, says: str, writer: str, now: datetime) -> bytes:
    """A person's answer, with the mail it answers quoted below, as text and as HTML."""
    new = WORDS[says].text.format(name=writer, quarter=_quarter(now), month=_month(now))
    mail = _answer(to, now, subject=to.subject if to.subject.startswith("Re: ") else f"Re: {to.subject}")
    on = f"On {to.date:%a, %d %b %Y at %H:%M}, {to.from_name} <{to.from_address}> wrote:"
    quoted = "\n".join(f"> {line}".rstrip() for line in to.text.splitlines())
    mail.set_content(f"{new}\n\n{on}\n{quoted}\n")
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in new.split("\n\n"))
    quotation = f'<div class="gmail_quote">{escape(on)}<blockquote>{escape(to.text)}</blockquote></div>'
    mail.add_alternative(f"<html><body>{paragraphs}{quotation}</body></html>", subtype="html")
    return mail.as_bytes(policy=SMTP)


def away_note(to: Received, now: datetime) -> bytes:
    """An automatic answer of somebody who is out of office (RFC 3834 §3)."""
    mail = _answer(to, now, subject=f"Automatic reply: {to.subject}")
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    back = now + timedelta(days=AWAY_DAYS)
    mail.set_content(
        f"Thank you for your mail. I am out of the office and will be back on {back.day} {back:%B %Y}.\n"
    )
    return mail.as_bytes(policy=SMTP)


def bounce_report(to: Received, now: datetime) -> bytes:
    """What a mail server writes that could not deliver (RFC 3464): report, status, the original's headers."""
    domain = to.recipient.rpartition("@")[2]
    report = MIMEMultipart("report", None, None, policy=SMTP, **{"report-type": "delivery-status"})
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{HOST}>"
    report["To"] = to.return_path
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = format_datetime(now)
    report["Message-ID"] = make_msgid(domain=HOST)
    report["Auto-Submitted"] = "auto-replied"
    said = f"<{to.recipient}>: host mx.{domain} said: 550 5.1.1 User unknown"
    report.attach(MIMEText(f"This is the mail system at host {HOST}.\n\nNot delivered:\n\n{said}\n"))
    report.attach(_status_part(to, now))
    report.attach(_headers_part(to))
    return report.as_bytes(policy=SMTP)


def _answer(to: Received, now: datetime, *, subject: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = to.recipient
    mail["To"] = to.reply_address
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=to.recipient.rpartition("@")[2])
    mail["In-Reply-To"] = to.message_id
    mail["References"] = " ".join((*to.references, to.message_id))
    return mail


def _status_part(to: Received, now: datetime) -> MIMENonMultipart:
    blocks = (
        f"Reporting-MTA: dns; {HOST}\nArrival-Date: {format_datetime(now)}\n",
        f"Final-Recipient: rfc822; {to.recipient}\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n",
    )
    part = MIMENonMultipart("message", "delivery-status")
    part.set_payload([message_from_string(block) for block in blocks])
    return part


def _headers_part(to: Received) -> MIMENonMultipart:
    part = MIMENonMultipart("text", "rfc822-headers")
    part.set_payload(to.headers.replace("\r\n", "\n"))
    return part


def _quarter(now: datetime) -> str:
    """The quarter after the next, with its year."""
    number = now.year * 4 + (now.month - 1) // 3 + 2
    return f"Q{number % 4 + 1} {number // 4}"


def _month(now: datetime) -> str:
    """The month after the next, with its year."""
    number = now.year * 12 + now.month - 1 + 2
    return f"{datetime(number // 12, number % 12 + 1, 1, tzinfo=now.tzinfo):%B %Y}"

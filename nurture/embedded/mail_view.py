"""What a person wants to see of a raw mail; broken mails show what can be shown."""

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser

HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
# Links of a mail lead to a new tab: the frame it is shown in may go nowhere.
NEW_TAB = '<base target="_blank">'


@dataclass(frozen=True)
class MailView:
    """headers: all, in order, as sent; html and text: None where the mail has no such part."""

    headers: list[tuple[str, str]]
    html: str | None
    text: str | None
    attachments: list[str]


def view_mail(raw: bytes) -> MailView:
    """Reads any bytes; raises nothing."""
    sent = BytesParser(policy=policy.compat32).parsebytes(raw, headersonly=True)
    headers = [(name, str(value)) for name, value in sent.items()]
    try:
        message = BytesParser(policy=policy.default).parsebytes(raw)
        return MailView(headers, _body(message, "html"), _body(message, "plain"), _attachments(message))
    except Exception:
        # The standard parser raises all sorts of things over hostile mails.
        return MailView(headers, None, raw.decode("utf-8", "replace"), [])


def framed_html(html: str) -> str:
    """The HTML part with all its links opening in a new tab."""
    head = HEAD.search(html)
    at = head.end() if head else 0
    return f"{html[:at]}{NEW_TAB}{html[at:]}"


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    return None if part is None else _text(part)


def _text(part: Message) -> str:
    try:
        content = part.get_content()  # type: ignore[attr-defined]
    except (LookupError, ValueError):
        content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)


def _attachments(message: EmailMessage) -> list[str]:
    return [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]

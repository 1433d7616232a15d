"""Bounces and complaints that Amazon SES tells as JSON, by mail or through SNS."""

import json
from collections.abc import Mapping

from nurture.core.inbound.bounce_report import Bounce, BouncedRecipient, complaint_about, judged
from nurture.core.inbound.mail_parser import ParsedMail, find_addresses

_ROWS = {"bounce": "bouncedRecipients", "complaint": "complainedRecipients"}
_KIND_FIELDS = ("notificationType", "eventType")


def read_event(mail: ParsedMail) -> Bounce | None:
    """The event in the text of the mail, or None."""
    event = _event_in(mail.text)
    kind = next((str(event[name]).lower() for name in _KIND_FIELDS if name in event), "")
    detail = event.get(kind)
    if kind not in _ROWS or not isinstance(detail, dict):
        return None
    found = detail.get(_ROWS[kind], ())
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    if kind == "complaint":
        return complaint_about(find_addresses(" , ".join(str(row.get("emailAddress")) for row in rows)))
    return Bounce(tuple(map(_recipient, rows)), original_message_id=_message_id(event))


def _event_in(text: str) -> Mapping[str, object]:
    event = _object(text)
    inner = event.get("Message")  # the envelope of SNS holds the event as text
    return _object(inner) if isinstance(inner, str) else event


def _object(text: str) -> Mapping[str, object]:
    at = text.find("{", 0, 2_000)
    if at < 0 or not any(name in text[at : at + 4_000] for name in ("otificationType", *_KIND_FIELDS)):
        return {}
    try:
        found = json.JSONDecoder(strict=False).raw_decode(text, at)[0]
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _recipient(row: Mapping[str, object]) -> BouncedRecipient:
    diagnostic = str(row.get("diagnosticCode", ""))
    return judged(str(row.get("emailAddress", "")), diagnostic, diagnostic, str(row.get("status", "")))


def _message_id(event: Mapping[str, object]) -> str:
    mail = event.get("mail")
    headers = mail.get("commonHeaders") if isinstance(mail, dict) else None
    return str(headers.get("messageId", "")).strip("<> ") if isinstance(headers, dict) else ""

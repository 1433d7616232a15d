"""Complaints of people, as their providers forward them: ARF (RFC 5965) and the older ways of telling it."""

import re
from collections.abc import Iterator, Mapping

from nurture.core.inbound.bounce_report import Bounce, BouncedRecipient, complaint_about, message_id_of
from nurture.core.inbound.mail_parser import Original, ParsedMail, find_addresses
from nurture.core.inbound.mime import read_fields

_MICROSOFT_FIELDS = ("x-hmxmroriginalrecipient", "x-hmxmrorigrecipient")
_RECIPIENT_FIELDS = (
    *_MICROSOFT_FIELDS, "to", "x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-rcpt-to",
    "x-receiver",
)  # fmt: skip
_NOT_COMPLAINTS = {"not-spam", "miscategorized"}
_AUTHENTICATION = {"auth-failure", "dmarc"}
_FIELD_OF_REPORT = re.compile(r"^(feedback-type|user-agent|version)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_FOR = re.compile(r"\sfor\s+<([^<>\s]{1,320})>")
_REDACTED = re.compile(r"redacted|undisclosed|x{6,}@|\*{2,}", re.IGNORECASE)


def read_complaint(mail: ParsedMail) -> Bounce | None:
    """The complaint, or the report that a mail failed authentication (RFC 6591); None for neither."""
    report = mail.feedback_report or _flattened_report(mail.text)
    if report is not None:
        return _report_of_kind(_kind(report), _addresses(report, mail.original), mail.original)
    headers = (mail.original and mail.original.headers) or {}
    if any(name in headers for name in _MICROSOFT_FIELDS):  # Outlook.com's junk reports are no ARF
        return complaint_about(_original_recipients(mail.original), mail.original)
    return None


def _flattened_report(text: str) -> Mapping[str, str] | None:
    """The fields in plain text, because a gateway or a wrong content type flattened the report."""
    head = text[:4_000]
    if {name.lower() for name in _FIELD_OF_REPORT.findall(head)} != {
        "feedback-type",
        "user-agent",
        "version",
    }:
        return None
    blocks = (read_fields(block.encode()) for block in head.split("\n\n"))
    return next(
        ({k: v[0] for k, v in fields.items()} for fields in blocks if "feedback-type" in fields), None
    )


def _kind(report: Mapping[str, str]) -> str:
    return report.get("feedback-type", "abuse").partition(";")[0].strip().lower()


def _report_of_kind(kind: str, addresses: tuple[str, ...], original: Original | None) -> Bounce | None:
    """RFC 5965 §7.3 and RFC 6591: not every feedback report is a complaint of a person."""
    if kind in _NOT_COMPLAINTS:
        return None
    if kind in _AUTHENTICATION:
        named = addresses or ("",)  # redacted, it is our fault all the same
        fault = tuple(BouncedRecipient(a, "", False, True, "", reason="authfailure") for a in named)
        return Bounce(fault, original_message_id=message_id_of(original))
    return complaint_about(addresses, original)


def _addresses(report: Mapping[str, str], original: Original | None) -> tuple[str, ...]:
    stated = report.get("original-rcpt-to", "") + " , " + report.get("removal-recipient", "")
    named = find_addresses(stated)
    return _unredacted(named) or _original_recipients(original) or named


def _original_recipients(original: Original | None) -> tuple[str, ...]:
    """Whom the complained-about message went to: the fields that say so, the surest first."""
    named = list(filter(None, _named_in(original)))
    return next(filter(None, map(_unredacted, named)), named[0] if named else ())


def _named_in(original: Original | None) -> Iterator[tuple[str, ...]]:
    headers = (original and original.headers) or {}
    for name in _RECIPIENT_FIELDS:
        yield find_addresses(" , ".join(headers.get(name, ())))
    for trace in headers.get("received", ()):
        yield find_addresses(" , ".join(_FOR.findall(trace[:2_000])))


def _unredacted(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(address for address in addresses if not _REDACTED.search(address))

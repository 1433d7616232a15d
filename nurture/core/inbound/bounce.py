"""Delivery reports: what came back, for whom, and whose fault it is.

Looked at before anything else about a mail, because many bounces call themselves auto-replies (R07).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nurture.core.inbound.bounce_notice import Notice, read_notice, read_ses_notification, split_returned
from nurture.core.inbound.bounce_reason import diagnose
from nurture.core.inbound.mail_parser import Original, ParsedMail, find_addresses
from nurture.core.inbound.mime import read_fields

_DELIVERED_ACTIONS = {"delivered", "relayed", "expanded"}
_SES_ROWS = {"bounce": "bouncedRecipients", "complaint": "complainedRecipients"}
_WARNINGS = (
    "warning message only",
    "message will be retried",
    "will keep trying",
    "a message is delayed for",
)
_FIELD_BLOCK = re.compile(r"^(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """`status` (RFC 3463), `reply_code` (RFC 5321) may be empty; `reason` names a row of bounce_reasons.toml.

    `hard`: the address is dead. `sender_fault`: the sender was refused; the contact must not be touched.
    """

    address: str
    status: str
    hard: bool
    sender_fault: bool
    diagnostic: str
    reply_code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A failure report, a `complaint` (RFC 5965), or only `delayed`: no bounce, nothing is to be done."""

    recipients: tuple[BouncedRecipient, ...]
    complaint: bool = False
    original_message_id: str = ""
    delayed: bool = False


def read_bounce(mail: ParsedMail) -> Bounce | None:
    """What the mail reports about mail of ours; None for a reply, an auto-reply or a success report."""
    return _complaint(mail) or _dsn(mail) or _ses(mail) or _notice(mail)


def _complaint(mail: ParsedMail) -> Bounce | None:
    report = mail.feedback_report
    if report is not None:
        stated = report.get("original-rcpt-to", "") + " , " + report.get("removal-recipient", "")
        addresses = find_addresses(stated) or _to_of(mail.original)
        return _report_of_kind(report.get("feedback-type", "abuse").strip().lower(), addresses, mail.original)
    headers = (mail.original and mail.original.headers) or {}
    if (
        "x-hmxmrorigrecipient" in headers or "x-hmxmroriginalrecipient" in headers
    ):  # Outlook.com's junk reports
        stated = " ".join(headers.get("x-hmxmroriginalrecipient", headers.get("x-hmxmrorigrecipient", ())))
        return _complaint_about(find_addresses(stated) or _to_of(mail.original), mail.original)
    return None


def _report_of_kind(kind: str, addresses: tuple[str, ...], original: Original | None) -> Bounce | None:
    """RFC 5965 §7.3 and RFC 6591: not every feedback report is a complaint of a person."""
    if kind == "not-spam":
        return None
    if kind == "auth-failure":
        fault = tuple(BouncedRecipient(a, "", False, True, "", reason="auth_failure") for a in addresses)
        return Bounce(fault, original_message_id=original.message_id if original else "")
    return _complaint_about(addresses, original)


def _to_of(original: Original | None) -> tuple[str, ...]:
    return original.to_addresses if original else ()


def _complaint_about(addresses: tuple[str, ...], original: Original | None) -> Bounce:
    recipients = tuple(BouncedRecipient(a, "", False, False, "", reason="complaint") for a in addresses)
    return Bounce(recipients, complaint=True, original_message_id=original.message_id if original else "")


def _dsn(mail: ParsedMail) -> Bounce | None:
    """RFC 3464, also where the fields stand in plain text because a gateway flattened the report."""
    said, original = split_returned(mail.text)
    groups = list(mail.delivery_status) or list(_flattened_groups(said))
    original = mail.original or original
    reported = [g for g in groups if _is_recipient(g) and not _is_success(g)]
    failed = [g for g in reported if _action(g) != "delayed"]
    recipients = tuple(r for g in failed or reported if (r := _recipient(g, said, original, len(reported))))
    if not recipients:
        return None
    message_id = original.message_id if original else ""
    return Bounce(recipients, original_message_id=message_id, delayed=not failed)


def _flattened_groups(said: str) -> Iterator[Mapping[str, str]]:
    if _FIELD_BLOCK.search(said):
        for block in said.split("\n\n")[:200]:
            yield {name: values[0] for name, values in read_fields(block.encode()).items()}


def _is_recipient(group: Mapping[str, str]) -> bool:
    return any(name in group for name in ("final-recipient", "original-recipient", "action"))


def _is_success(group: Mapping[str, str]) -> bool:
    return _action(group) in _DELIVERED_ACTIONS or group.get("status", "").lstrip().startswith("2")


def _action(group: Mapping[str, str]) -> str:
    return group.get("action", "").partition(";")[0].strip().lower()


def _recipient(
    group: Mapping[str, str], said: str, original: Original | None, count: int
) -> BouncedRecipient | None:
    address = _stated_address(group, _to_of(original))
    if not address:
        return None
    code = group.get("diagnostic-code", "")
    diagnostic = code.partition(";")[2].strip() or code
    words = diagnostic if diagnostic or count > 1 else said
    return _judged(address, diagnostic, words, group.get("status", ""), said if count == 1 else "")


def _stated_address(group: Mapping[str, str], sent_to: tuple[str, ...]) -> str:
    """The address that we wrote to if it is among those stated, else the final one (RFC 3464 §2.3.2)."""
    names = ("final-recipient", "x-actual-recipient", "original-recipient")
    stated = [a for name in names for a in find_addresses(group.get(name, "").replace(";", " "))]
    ours = [a for a in stated if a.lower() in {to.lower() for to in sent_to}]
    return next(iter(ours or stated or sent_to), "")


def _judged(address: str, diagnostic: str, words: str, status: str, transcript: str = "") -> BouncedRecipient:
    found = diagnose(words, status, transcript)
    return BouncedRecipient(
        address=address,
        status=found.status,
        hard=found.hard,
        sender_fault=found.sender_fault,
        diagnostic=diagnostic[:1_000],
        reply_code=found.reply_code,
        reason=found.reason,
    )


def _ses(mail: ParsedMail) -> Bounce | None:
    """An Amazon SES event (bounce or complaint) forwarded as JSON."""
    event = read_ses_notification(mail.text)
    kind = str(event.get("notificationType", "")).lower()
    detail = event.get(kind)
    if kind not in _SES_ROWS or not isinstance(detail, dict):
        return None
    rows = [row for row in detail.get(_SES_ROWS[kind], ()) if isinstance(row, dict)]
    if kind == "complaint":
        return _complaint_about(find_addresses(" , ".join(str(r.get("emailAddress")) for r in rows)), None)
    return Bounce(tuple(_ses_recipient(row) for row in rows))


def _ses_recipient(row: Mapping[str, object]) -> BouncedRecipient:
    diagnostic = str(row.get("diagnosticCode", ""))
    return _judged(str(row.get("emailAddress", "")), diagnostic, diagnostic, str(row.get("status", "")))


def _notice(mail: ParsedMail) -> Bounce | None:
    notice: Notice | None = read_notice(mail)
    if notice is None:
        return None
    recipients = tuple(_judged(address, words.strip(), words, "") for address, words in notice.failures)
    message_id = notice.original.message_id if notice.original else ""
    return Bounce(recipients, original_message_id=message_id, delayed=_is_warning(mail))


def _is_warning(mail: ParsedMail) -> bool:
    return any(words in mail.text[:2_000].lower() for words in _WARNINGS)

"""The same message, whichever way it came: by LMTP twice, or by LMTP and IMAP (R08)."""

import hashlib

from nurture.core.inbound.mail_parser import ParsedMail


def identity_of(mail: ParsedMail) -> str:
    """SHA-256 (hexadecimal) of what no server on the way changes: Message-ID, From, Date and the content.

    Trace fields (Received, Return-Path, Delivered-To), line ends and transfer encodings may differ. A mail
    that says neither who it is nor when it was written is known by its bytes alone.
    """
    if mail.fault is not None or not (mail.message_id or mail.date):
        return mail.digest
    report = [sorted(group.items()) for group in (*mail.delivery_status, mail.feedback_report or {})]
    returned = mail.original.message_id if mail.original else ""
    said = (
        mail.message_id,
        mail.from_address,
        str(mail.date),
        mail.parts,
        mail.text.split(),
        report,
        returned,
    )
    return hashlib.sha256(repr(said).encode("utf-8", "replace")).hexdigest()

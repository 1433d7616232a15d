"""Delivery reports: what came back, for whom, and whose fault it is.

Looked at before anything else about a mail, because many bounces call themselves auto-replies (R07).
"""

from nurture.core.inbound.bounce_complaint import read_complaint
from nurture.core.inbound.bounce_dsn import is_success_report, read_dsn
from nurture.core.inbound.bounce_event import read_event
from nurture.core.inbound.bounce_notice import read_notice
from nurture.core.inbound.bounce_report import Bounce, BouncedRecipient
from nurture.core.inbound.mail_parser import ParsedMail

__all__ = ["Bounce", "BouncedRecipient", "read_bounce"]


def read_bounce(mail: ParsedMail) -> Bounce | None:
    """What the mail reports about mail of ours; None for a reply, an auto-reply or a success report."""
    if is_success_report(mail):
        return None
    return read_complaint(mail) or read_dsn(mail) or read_event(mail) or read_notice(mail)

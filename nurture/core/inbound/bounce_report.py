"""What every kind of report comes to: who was not reached, why, and what that means for us."""

from collections.abc import Iterable
from dataclasses import dataclass

from nurture.core.inbound.bounce_reason import diagnose
from nurture.core.inbound.mail_parser import Original

MAX_DIAGNOSTIC_SHOWN = 1_000


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


def judged(
    address: str, diagnostic: str, words: str, status: str = "", transcript: str = ""
) -> BouncedRecipient:
    """The recipient with the diagnosis of the `words`; `diagnostic` is what is shown of them."""
    found = diagnose(words, status, transcript)
    return BouncedRecipient(
        address=address,
        status=found.status,
        hard=found.hard,
        sender_fault=found.sender_fault,
        diagnostic=diagnostic[:MAX_DIAGNOSTIC_SHOWN],
        reply_code=found.reply_code,
        reason=found.reason,
    )


def complaint_about(addresses: Iterable[str], original: Original | None = None) -> Bounce:
    """A person's complaint; without addresses where the provider tells nobody's name."""
    recipients = tuple(BouncedRecipient(a, "", False, False, "", reason="complaint") for a in addresses)
    return Bounce(recipients, complaint=True, original_message_id=message_id_of(original))


def message_id_of(original: Original | None) -> str:
    """The Message-ID of the returned message, or the empty string."""
    return original.message_id if original else ""


def sent_to(original: Original | None) -> tuple[str, ...]:
    """The addresses in the To field of the returned message."""
    return original.to_addresses if original else ()

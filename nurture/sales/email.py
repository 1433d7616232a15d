"""A handoff as a mail to the rep."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol, TypedDict

from jinja2 import Environment

from nurture.core.delivery import NotDelivered
from nurture.core.handoff import HandoffNotice, News
from nurture.core.letter.header import refuse_controls
from nurture.core.letter.message import (
    Envelope,
    Letter,
    MessageError,
    build_message,
    message_id_for,
    needs_smtputf8,
)
from nurture.core.outcome import Refused, Uncertain, Unsent

# Replies go to the contact, who must not learn that the rep is on holiday (RFC 3834 §2, §5).
_NO_AUTOMATIC_ANSWER: Final = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


_TEXTS: Final[Mapping[News, str]] = {"opened": "handoff", "withdrawn": "withdrawn", "flagged": "flagged"}


class _Thread(TypedDict, total=False):
    in_reply_to: str
    references: tuple[str, ...]


class _Connection(Protocol):
    def send(self, envelope: Envelope, message: bytes) -> object: ...


class _Mailer(Protocol):
    def connect(self, mailbox: str) -> AbstractContextManager[_Connection]: ...


@dataclass(frozen=True, slots=True)
class EmailTarget:
    """Tells reps by mail. The Message-ID is the same on every try, so that a repetition shows as one."""

    mailer: _Mailer
    sign: Callable[[bytes], bytes]
    key: bytes
    templates: Environment
    now: Callable[[], datetime]

    def tell(self, notice: HandoffNotice) -> None:
        """Send the mail; raises NotDelivered, also where the mail only may have been sent.

        A rep who gets it twice, under one Message-ID, is better than a buyer nobody calls.
        """
        try:
            raw = self.sign(build_message(self._letter(notice)))
            with self.mailer.connect(notice.sender.name) as connection:
                connection.send(Envelope(notice.sender.address, notice.rep.email), raw)
        except (Refused, Unsent, Uncertain, MessageError) as error:
            raise NotDelivered(str(error)) from error

    def _letter(self, notice: HandoffNotice) -> Letter:
        letter = Letter(
            from_name=notice.sender.display_name,
            from_address=notice.sender.address,
            to_name=notice.rep.display_name,
            to_address=notice.rep.email,
            subject=_subject(notice),
            html=self.templates.get_template(f"sales/{_TEXTS[notice.news]}.html").render(notice=notice),
            text=self.templates.get_template(f"sales/{_TEXTS[notice.news]}.txt").render(notice=notice),
            message_id=self._message_id(notice),
            date=self.now(),
            reply_to=notice.contact_email,
            **self._thread(notice),
            extra=_NO_AUTOMATIC_ANSWER,
        )
        # A contact's address must not keep the mail from a rep whose server has no SMTPUTF8.
        return replace(letter, reply_to=None) if needs_smtputf8(letter) else letter

    def _message_id(self, notice: HandoffNotice) -> str:
        # Another key than that of touches: who sees this id must not know the one of a touch.
        domain = notice.sender.address.rpartition("@")[2]
        first = message_id_for(b"handoff:" + self.key, notice.handoff_id, domain).replace("<t", "<h", 1)
        return first if notice.news == "opened" else first.replace("<h", f"<{notice.news}-h", 1)

    def _thread(self, notice: HandoffNotice) -> _Thread:
        """News of a handoff answers the mail that told it (RFC 5322 §3.6.4)."""
        if notice.news == "opened":
            return {}
        told = self._message_id(replace(notice, news="opened"))
        return {"in_reply_to": told, "references": (told,)}


def _subject(notice: HandoffNotice) -> str:
    """One line; without what a contact wrote, if that hides a control character."""
    line = " ".join(f"{notice.contact_name}: {notice.why_now}".split())[:200]
    line = line if notice.news == "opened" else f"Re: {line}"
    try:
        refuse_controls("Subject", line)
    except MessageError:
        return f"Handoff {notice.handoff_id}"
    return line

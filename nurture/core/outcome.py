"""How the handing over of one mail ended."""

from dataclasses import dataclass
from typing import Literal

Step = Literal["MAIL", "RCPT", "DATA", "MESSAGE"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server took responsibility: its reply (250) to the final dot."""

    code: int
    text: str


class SmtpError(Exception):
    """A mail for which there is no receipt."""


class Refused(SmtpError):
    """The server said no (RFC 3463 status in `enhanced`), so the mail was not delivered.

    `step` tells whom it is about: MAIL the sender, RCPT the recipient, DATA and MESSAGE the mail.
    """

    def __init__(self, code: int, enhanced: str | None, text: str, *, permanent: bool, step: Step) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.enhanced = enhanced
        self.text = text
        self.permanent = permanent
        self.step = step

    @property
    def is_about_us(self) -> bool:
        """Refused as a sender: at MAIL, or by policy and authentication (RFC 3463 section 3.8)."""
        return self.step == "MAIL" or (self.enhanced or "").startswith(("5.7.", "4.7."))


class Unsent(SmtpError):
    """There was no connection, or it was lost before the final dot: safe to try again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Uncertain(SmtpError):
    """The connection was lost between the final dot and its reply: never blindly try again (RFC 1047)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

"""Takes in what people say: forms, other systems' signals, replies, and what mail servers report."""

from nurture.services.receiving.incoming import set_aside, take_in
from nurture.services.receiving.requests import (
    Person,
    Signal,
    accept_signal,
    describe_contact,
    request_pricing,
)

__all__ = ["Person", "Signal", "accept_signal", "describe_contact", "request_pricing", "set_aside", "take_in"]

"""Shows a person what the program could not place."""

from collections.abc import Sequence

from nurture.store import inbound
from nurture.store.session import Session
from nurture.store.tables import InboundMail


def list_unmatched(session: Session, *, limit: int) -> Sequence[InboundMail]:
    """The newest mails that match nobody, or that could not be read."""
    return inbound.list_unmatched(session, limit)

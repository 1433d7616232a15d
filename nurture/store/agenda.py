"""What is waiting, in one cheap question: the clock asks it every moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, or_, select
from sqlalchemy.orm import Session

from nurture.store import contacts, handoffs
from nurture.store.tables import Account, Enrollment, Event, Receipt, Touch


@dataclass(frozen=True, slots=True)
class Agenda:
    """Whether there are due mails, unplanned enrollments, due branches or tasks, receipts, hits to judge,
    claims that ran out, accounts whose gateway is to be found; and the ids of contacts to qualify and of
    handoffs to tell."""

    mails: bool
    plans: bool
    steps: bool
    receipts: bool
    hits: bool
    expired: bool
    gateways: bool
    contacts: Sequence[int]
    handoffs: Sequence[int]


def read(session: Session, now: datetime, *, settle: timedelta, patience: timedelta) -> Agenda:
    """What waits at `now`. Contacts count when their own wake-up is `patience` late: it may be lost."""
    flags = session.execute(
        select(
            _due(("email",), now),
            exists().where(Enrollment.unplanned_since.is_not(None)),
            _due(("branch", "task"), now),
            exists().where(Receipt.touch_id == Touch.id, Touch.state.in_(("sending", "uncertain"))),
            exists().where(
                Event.judged_at.is_(None), Event.message_id.is_not(None), Event.at <= now - settle
            ),
            exists().where(Touch.state.in_(("claimed", "sending")), Touch.lease_until < now),
            exists().where(Account.mx_check_at <= now),
        )
    ).one()
    return Agenda(
        *flags,
        contacts=contacts.list_waiting_for_qualification(session, now, older_than=patience, limit=500),
        handoffs=handoffs.list_to_tell(session, now, limit=500),
    )


def _due(kinds: tuple[str, ...], now: datetime) -> ColumnElement[bool]:
    """Whether the earliest planned touch of a kind is due: one look into the index, however many wait."""
    return or_(*(func.coalesce(_earliest(kind) <= now, False) for kind in kinds))


def _earliest(kind: str) -> ScalarSelect[datetime]:
    planned = select(Touch.due_at).where(Touch.kind == kind, Touch.state == "planned")
    return planned.order_by(Touch.due_at).limit(1).scalar_subquery()

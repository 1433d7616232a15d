"""Accounts: which gateway filters their mail."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from nurture.store.tables import Account


def list_to_locate(session: Session, now: datetime, *, limit: int) -> Sequence[str]:
    """Domains whose MX records are to be asked for, those that have waited longest first."""
    query = select(Account.domain).where(Account.mx_check_at <= now)
    return session.scalars(query.order_by(Account.mx_check_at).limit(limit)).all()


def keep_gateway(session: Session, domain: str, gateway: str | None, *, check_at: datetime) -> None:
    """Write who filters the domain's mail (None: nobody we know), and when to ask again."""
    query = update(Account).where(Account.domain == domain)
    session.execute(query.values(gateway=gateway, mx_check_at=check_at))


def postpone_locating(session: Session, now: datetime, *, until: datetime) -> None:
    """Ask for no domain before `until`: the DNS is away."""
    session.execute(update(Account).where(Account.mx_check_at <= now).values(mx_check_at=until))

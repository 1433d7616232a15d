"""Tells a rep of a handoff and what becomes of it, shows it, and takes the answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import structlog

from nurture.core.delivery import NotDelivered
from nurture.core.funnel import Promotion as Decision
from nurture.core.handoff import HandoffNotice, News
from nurture.core.token import Purpose, Token
from nurture.ports import App
from nurture.store import contacts, enrollments, handoffs, promotions, stages, workspaces
from nurture.store.session import Session
from nurture.store.tables import Contact, Handoff, Promotion

log = structlog.get_logger()

LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Shown:
    """A handoff as its page shows it."""

    contact_name: str
    contact_email: str
    company: str
    title: str
    rep: str
    state: str
    why_now: str
    evidence: tuple[str, ...]
    timeline: tuple[str, ...]
    decision: str | None
    created_at: datetime
    signal_at: datetime
    flag: str | None = None


def tell(app: App, handoff_id: int) -> bool:
    """Tell the news of a handoff to the targets that are due; True when a person has been told.

    Safe to call at any time by anyone: one at a time works on a handoff, each target is told until it
    took the notice, and what failed is tried again with growing waits.
    """
    token = uuid4()
    with app.sessions() as session:
        if handoffs.claim(session, handoff_id, token, app.now(), LEASE) is None:
            return False
        due = [(row.target, row.news) for row in handoffs.list_notices_due(session, handoff_id, app.now())]
        handoff = handoffs.get(session, handoff_id)
        notices = [(target, _notice(app, session, handoff, cast(News, news))) for target, news in due]
    told = [_tell_target(app, target, notice) for target, notice in notices]
    with app.sessions() as session:
        handoffs.release(session, handoff_id, token)
    return any(told)


def show(session: Session, handoff_id: int) -> Shown:
    """The handoff for its page; raises LookupError where there is none."""
    handoff = handoffs.get(session, handoff_id)
    contact = contacts.get(session, handoff.contact_id)
    promotion = promotions.get(session, handoff.promotion_id)
    workspace = workspaces.get(session, handoff.version_id)
    return Shown(
        contact_name=_name(contact),
        contact_email=contact.email,
        company=contact.company or "",
        title=contact.title or "",
        rep=workspace.rep(handoff.rep).display_name,
        state=handoff.state,
        why_now=handoff.why_now,
        evidence=tuple(promotion.because),
        timeline=tuple(handoff.timeline),
        decision=handoff.decision,
        created_at=handoff.created_at,
        signal_at=handoff.signal_at,
        flag=promotion.flag,
    )


def answer(session: Session, handoff_id: int, *, accept: bool, reason: str, now: datetime) -> bool:
    """Take the rep's answer; False where it was answered before.

    Accepted: a person has taken over, so every sequence stops. Rejected: the contact goes back to the
    stage it came from and its sequence, and the evidence so far is spent.
    """
    contact = contacts.lock(session, handoffs.get(session, handoff_id).contact_id)
    handoff = handoffs.lock(session, handoff_id)
    if handoff.state not in ("pending", "notified"):
        return False
    handoffs.decide(
        session, handoff, state="accepted" if accept else "rejected", decision=reason or None, now=now
    )
    if accept:
        enrollments.stop(session, contact.id, reason="handoff accepted", now=now)
    elif contact.stage == promotions.get(session, handoff.promotion_id).target:
        _return_to_nurture(session, contact, handoff, reason, now)
    return True


def _return_to_nurture(
    session: Session, contact: Contact, handoff: Handoff, reason: str, now: datetime
) -> None:
    origin = promotions.get(session, handoff.promotion_id).origin
    version_id, workspace = workspaces.current(session)
    if origin not in [stage.name for stage in workspace.stages]:
        origin = workspace.stages[0].name  # its stage is no more
    back = Decision(contact.stage, origin, "handoff rejected", f"Sales rejected: {reason}", (), (reason,))
    promotion_id = promotions.record(
        session, contact.id, back, version_id=version_id, facts={"handoff": handoff.id}, now=now
    )
    contacts.spend_evidence(session, contact, now)
    stages.enter(
        session,
        contact,
        workspace.stage(origin),
        version_id=version_id,
        reason=f"handoff rejected: {reason}",
        now=now,
        promotion_id=promotion_id,
    )


def _tell_target(app: App, target: str, notice: HandoffNotice) -> bool:
    """Written at once, so that neither the next target nor the end of this process hides it."""
    error = _try(app, target, notice)
    with app.sessions() as session:
        handoffs.record_try(session, notice.handoff_id, target, error, app.now(), news=notice.news)
        if error is None and notice.news == "opened":
            handoffs.mark_notified(session, notice.handoff_id, app.now())
    return error is None


def _try(app: App, target: str, notice: HandoffNotice) -> str | None:
    """Tell one target; what went wrong, or None."""
    if target not in app.targets:
        return f"{target} is not set up: set WEBHOOK_SECRET"
    try:
        app.targets[target].tell(notice)
    except NotDelivered as error:
        return str(error)
    except Exception as error:  # whatever it is, the try must be recorded, or it is repeated at once
        kind = type(error).__name__
        log.error("notice failed", handoff=notice.handoff_id, target=target, error=kind)
        return kind
    return None


def _notice(app: App, session: Session, handoff: Handoff, news: News) -> HandoffNotice:
    contact = contacts.get(session, handoff.contact_id)
    workspace = workspaces.get(session, handoff.version_id)
    promotion = promotions.get(session, handoff.promotion_id)
    token = app.keyring.sign(Token(Purpose.HANDOFF, handoff.contact_id, handoff.id))
    return HandoffNotice(
        notice_id=f"handoff-{handoff.id}" if news == "opened" else f"handoff-{handoff.id}-{news}",
        handoff_id=handoff.id,
        rep=workspace.rep(handoff.rep),
        sender=workspace.mailbox(None),
        company=workspace.company,
        contact_name=_name(contact),
        contact_email=contact.email,
        contact_title=contact.title or "",
        contact_company=contact.company or "",
        stage=promotion.target,
        why_now=handoff.why_now,
        because=tuple(promotion.because),
        timeline=tuple(handoff.timeline),
        url=f"{app.settings.base_url}/h/{token}",
        signal_at=handoff.signal_at,
        created_at=handoff.created_at,
        news=news,
        **_found_out(news, handoff, promotion),
    )


def _found_out(news: News, handoff: Handoff, promotion: Promotion) -> dict[str, Any]:
    """Why there is that news, and since when it is known."""
    if news == "withdrawn":
        return {"reason": handoff.decision or "", "told_at": handoff.decided_at}
    if news == "flagged":
        return {"reason": promotion.flag or "", "told_at": promotion.flagged_at}
    return {}


def _name(contact: Contact) -> str:
    return " ".join(part for part in (contact.given_name, contact.family_name) if part) or contact.email

"""Records what was sent, and clears up after workers that are gone."""

from collections.abc import Mapping
from datetime import datetime

from nurture.store import enrollments, events, messages, touches
from nurture.store.session import Session


def record_sent(session: Session, sent: Mapping[int, datetime]) -> None:
    """Mark touches sent at the moment of their 250; their sequences go on from there.

    Hits that were judged before that moment was known are judged again.
    """
    # In one order: a worker and a late settlement may have touches in common, and wait for each other.
    for touch_id, moment in sorted(sent.items()):
        if touches.mark_sent(session, touch_id, moment):
            enrollments.step_done(session, [touch_id], moment)
        messages.mark_sent(session, touch_id, moment)
    events.judge_again(session, sent)


def settle_receipts(session: Session, *, limit: int = 500) -> int:
    """Record the receipts that a journal brought after their worker was gone; returns how many."""
    receipts = touches.list_receipts_to_settle(session, limit)
    record_sent(session, receipts)
    return len(receipts)


def free_claims(session: Session, *, now: datetime) -> int:
    """Plan again what a gone worker had only claimed; mark *uncertain* what it was sending."""
    doubted = touches.doubt_expired_sendings(session, now)
    enrollments.step_done(session, doubted, now)
    return touches.free_expired_claims(session, now) + len(doubted)

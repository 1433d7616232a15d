"""One batch: claim, then for each mail check, write down, hand over; what was sent is recorded together."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

import structlog

from nurture.core.delivery import (
    CLAIM_LEASE,
    FIRST_RETRY,
    SENDING_LEASE,
    Postpone,
    Retry,
    Send,
    Withhold,
    after_failure,
)
from nurture.core.outcome import Refused, Uncertain, Unsent
from nurture.core.schedule import next_day
from nurture.ports import App
from nurture.services.delivering.checking import Cap, Checked, check
from nurture.services.delivering.connections import Connections, open_connections
from nurture.services.delivering.learning import learn_of_address, learn_of_us
from nurture.services.delivering.letter import Prepared, Unusable, prepare
from nurture.services.delivering.settling import record_sent
from nurture.store import caps, contacts, enrollments, messages, reports, touches
from nurture.store.session import Session
from nurture.store.tables import Touch

log = structlog.get_logger()


def deliver_due(app: App, *, limit: int = 50) -> int:
    """Send up to `limit` due mails; returns how many were claimed, so 0 means nothing is due.

    Several workers may do this at once. Every mail is *sending* in the database before its DATA, and its
    receipt is in the journal before anything else happens.
    """
    token = uuid4()
    with app.sessions() as session:
        claimed = touches.claim_mails(session, token, app.now(), lease=CLAIM_LEASE, limit=limit)
    sent: dict[int, datetime] = {}
    with open_connections(app) as connections:
        for touch in claimed:
            _deliver(app, connections, touch, token, sent)
    if sent:
        with app.sessions() as session:
            record_sent(session, sent)
    return len(claimed)


def _deliver(
    app: App, connections: Connections, touch: Touch, token: UUID, sent: dict[int, datetime]
) -> None:
    prepared = _begin_or_fail(app, connections, touch, token)
    if prepared is None:
        return
    try:
        receipt = connections.send(prepared)
    except (Refused, Unsent) as error:
        _record_failure(app, touch, token, prepared, error)
    except Uncertain as error:
        _doubt(app, touch, token, error)
    else:
        sent[touch.id] = app.now()
        _keep_receipt(app, touch.id, sent[touch.id], f"{receipt.code} {receipt.text}")


def _begin_or_fail(app: App, connections: Connections, touch: Touch, token: UUID) -> Prepared | None:
    """Begin in a transaction of its own. A fault nobody foresaw ends this mail, never the batch."""
    try:
        with app.sessions() as session:
            return _begin(app, session, connections, touch, token)
    except reports.DATABASE_UNFIT:
        # It says nothing about this mail: the next one would meet it too.
        raise
    except Exception as error:
        # Only the kind: the text may hold an address or a part of the mail.
        kind = type(error).__name__
    log.error("mail cannot be made", touch=touch.id, error=kind)
    with app.sessions() as session:
        _fail(session, touch, token, f"the mail cannot be made: {kind}", app.now())
    return None


def _begin(
    app: App, session: Session, connections: Connections, touch: Touch, token: UUID
) -> Prepared | None:
    """Decide about a claimed mail; where it may go, write it down as *sending* and return it."""
    now = app.now()
    checked = check(session, touch, now)
    decision = checked.decision
    if isinstance(decision, Send) and (fault := connections.fault(checked.mailbox.name)):
        decision = Postpone(now + FIRST_RETRY, f"will be tried again: {fault}")
    if isinstance(decision, Send):
        try:
            prepared = prepare(app, session, touch, checked, now)
        except Unusable as error:
            _fail(session, touch, token, f"the mail cannot be made: {error}", now)
            return None
        full = _count(session, checked)
        if full is None:
            return _write_down(session, touch, token, prepared, checked, now)
        why = f"the {full.scope} has had its {full.limit} a day"
        decision = Postpone(next_day(now, checked.calendar, full.zone), why)
    _hold_back(session, touch, token, decision, now)
    return None


def _hold_back(
    session: Session, touch: Touch, token: UUID, decision: Postpone | Withhold, now: datetime
) -> None:
    if isinstance(decision, Postpone):
        touches.report(
            session, touch.id, token, state="planned", now=now, note=decision.why, due_at=decision.until
        )
        return
    _wait_for_turn(session, touch)
    if touches.report(session, touch.id, token, state="cancelled", now=now, note=decision.why):
        if decision.go_on:
            enrollments.step_done(session, [touch.id], now)
        else:
            enrollments.stop(session, touch.contact_id, reason=decision.why, now=now)


def _write_down(
    session: Session, touch: Touch, token: UUID, prepared: Prepared, checked: Checked, now: datetime
) -> Prepared | None:
    """The last word before DATA; None where the mail may not be sent any more."""
    if not touches.begin_sending(session, touch.id, token, now + SENDING_LEASE):
        _uncount(session, checked.caps)
        return None
    messages.record(
        session,
        touch,
        rfc_id=prepared.rfc_id,
        mailbox=prepared.mailbox,
        subject=prepared.subject,
        links=prepared.links,
    )
    return replace(prepared, caps=checked.caps)


def _count(session: Session, checked: Checked) -> Cap | None:
    """Count the mail against its caps; where one has just become full, that one and nothing counted."""
    for number, cap in enumerate(checked.caps):
        if not caps.take(session, cap.scope, cap.key, cap.day, cap.limit):
            _uncount(session, checked.caps[:number])
            return cap
    return None


def _uncount(session: Session, counted: Iterable[Cap]) -> None:
    for cap in counted:
        caps.give_back(session, cap.scope, cap.key, cap.day)


def _keep_receipt(app: App, touch_id: int, moment: datetime, reply: str) -> None:
    """Into the journal before anything else. A full disk leaves the database as the only record."""
    try:
        app.receipts.append({"touch": touch_id, "t": moment.timestamp(), "reply": reply})
    except OSError as error:
        log.error("receipt not journalled", touch=touch_id, reason=str(error))
        with app.sessions() as session:
            record_sent(session, {touch_id: moment})


def _record_failure(app: App, touch: Touch, token: UUID, prepared: Prepared, error: Refused | Unsent) -> None:
    now = app.now()
    with app.sessions() as session:
        _wait_for_turn(session, touch)
        _uncount(session, prepared.caps)
        outcome = after_failure(error, touch.attempts + 1, now)
        if isinstance(error, Refused) and error.is_about_us:
            learn_of_us(session, prepared.mailbox, error, now)
        if isinstance(outcome, Retry):
            touches.report(
                session, touch.id, token, state="planned", now=now, note=outcome.why, due_at=outcome.at
            )
            return
        if isinstance(error, Refused) and not error.is_about_us:
            learn_of_address(session, touch, prepared.mailbox, error, dead=outcome.dead_address, now=now)
        _fail(session, touch, token, outcome.why, now)


def _fail(session: Session, touch: Touch, token: UUID, why: str, now: datetime) -> None:
    """The mail failed for good: its enrollment ends, for the next mail would not make sense without it."""
    _wait_for_turn(session, touch)
    if touches.report(session, touch.id, token, state="failed", now=now, note=why):
        enrollments.stop_one(session, touch.enrollment_id, reason=why, now=now)


def _doubt(app: App, touch: Touch, token: UUID, error: Uncertain) -> None:
    """Never sent again by itself, and its sequence goes on: the mail has most likely arrived."""
    now, why = app.now(), f"it may have been sent: {error}"
    with app.sessions() as session:
        _wait_for_turn(session, touch)
        if touches.report(session, touch.id, token, state="uncertain", now=now, note=why):
            enrollments.step_done(session, [touch.id], now)


def _wait_for_turn(session: Session, touch: Touch) -> None:
    """Hold the contact before touch and enrollment: who stops its sequences takes these the other way round.

    A contact that is gone has left no touch to write either.
    """
    with suppress(LookupError):
        contacts.lock(session, touch.contact_id)

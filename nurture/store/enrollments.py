"""One contact in one sequence: entered, gone on, paused, finished or stopped."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nurture.store.tables import Enrollment, Touch

HELD: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Until when a sequence is paused that waits for a person's review, and for nothing else."""
REVIEWED: Final = "a reply waits for a person's review"


def enter(
    session: Session, contact_id: int, *, version_id: int, sequence: str, stage: str, now: datetime
) -> int | None:
    """Enroll a contact; None where it is in that sequence already. Its first touch is still to be planned."""
    row = insert(Enrollment).values(
        contact_id=contact_id,
        version_id=version_id,
        sequence=sequence,
        stage=stage,
        state="active",
        unplanned_since=now,
        started_at=now,
    )
    return session.scalar(row.on_conflict_do_nothing().returning(Enrollment.id))


def list_unplanned(session: Session, limit: int) -> Sequence[Enrollment]:
    """Enrollments whose next touch is still to be planned, held for this transaction; others skip them."""
    query = select(Enrollment).where(Enrollment.unplanned_since.is_not(None), Enrollment.state == "active")
    return session.scalars(
        query.order_by(Enrollment.unplanned_since).limit(limit).with_for_update(skip_locked=True)
    ).all()


def go_on(
    session: Session, enrollment_ids: Collection[int], now: datetime, *, goto: str | None = None
) -> None:
    """Ask for the next touch to be planned: after the last step, or at `goto`, a branch's choice."""
    query = update(Enrollment).where(Enrollment.id.in_(enrollment_ids), Enrollment.state == "active")
    session.execute(query.values(unplanned_since=now, goto_step=goto))


def step_done(session: Session, touch_ids: Collection[int], now: datetime) -> None:
    """These touches are done: their steps are the last of their enrollments, which go on from there."""
    query = (
        update(Enrollment)
        .where(Touch.id.in_(touch_ids), Enrollment.id == Touch.enrollment_id)
        .values(
            last_step=Touch.step,
            goto_step=None,
            unplanned_since=case((Enrollment.state == "active", now)),
        )
    )
    session.execute(query.execution_options(synchronize_session=False))


def finish(session: Session, enrollment_id: int, now: datetime) -> None:
    """The sequence has come to its end."""
    query = update(Enrollment).where(Enrollment.id == enrollment_id, Enrollment.state == "active")
    values = {"state": "finished", "ended_at": now, "end_reason": "end of sequence", "unplanned_since": None}
    session.execute(query.values(values))


def stop(
    session: Session,
    contact_id: int,
    *,
    reason: str,
    now: datetime,
    keep: str | None = None,
    keep_stage: str | None = None,
    ended_by: int | None = None,
) -> list[int]:
    """Leave every running sequence but `keep` and those of `keep_stage`, in the middle of a wait too.

    Their open touches are cancelled. A mail that is being handed to a server this very moment (*sending*)
    is not called back. `ended_by`: the promotion that is the cause.
    """
    query = (
        update(Enrollment)
        .where(
            Enrollment.contact_id == contact_id,
            Enrollment.state == "active",
            Enrollment.sequence.is_distinct_from(keep),
            Enrollment.stage.is_distinct_from(keep_stage),
        )
        .values(state="stopped", ended_at=now, end_reason=reason, ended_by=ended_by, unplanned_since=None)
        .returning(Enrollment.id)
    )
    stopped = list(session.scalars(query.execution_options(synchronize_session="fetch")))
    if stopped:
        _cancel_open_touches(session, stopped, reason, now)
    return stopped


def stop_one(session: Session, enrollment_id: int, *, reason: str, now: datetime) -> None:
    """Leave one running sequence; its open touches are cancelled."""
    query = update(Enrollment).where(Enrollment.id == enrollment_id, Enrollment.state == "active")
    session.execute(query.values(state="stopped", ended_at=now, end_reason=reason, unplanned_since=None))
    _cancel_open_touches(session, [enrollment_id], reason, now)


def resume(session: Session, enrollment: Enrollment, now: datetime) -> None:
    """Go on where a stopped enrollment was; nothing where the contact is in that sequence already.

    What was planned is planned again, at its time or now; what was sent is not sent again. A pause that was
    asked for meanwhile holds.
    """
    known = list_for_contact(session, enrollment.contact_id)
    if any(row.state == "active" and row.sequence == enrollment.sequence for row in known):
        return
    pauses = [(row.paused_until, row.pause_reason) for row in known if row.paused_until]
    if pauses:
        enrollment.paused_until, enrollment.pause_reason = max(pauses, key=lambda pause: pause[0])
    planned = _plan_again(session, enrollment, now)
    enrollment.state, enrollment.unplanned_since = "active", None if planned else now
    enrollment.ended_at, enrollment.end_reason, enrollment.ended_by = None, None, None
    session.flush()


def _plan_again(session: Session, enrollment: Enrollment, now: datetime) -> bool:
    """Plan the touch that was cancelled when the enrollment was stopped; False where none was planned."""
    until = enrollment.paused_until
    held = until is not None and until > now
    query = (
        update(Touch)
        .where(
            Touch.enrollment_id == enrollment.id,
            Touch.state == "cancelled",
            Touch.done_at == enrollment.ended_at,
            Touch.note == enrollment.end_reason,
        )
        .values(
            state="planned",
            due_at=func.greatest(Touch.due_at, now, until),
            done_at=None,
            note=enrollment.pause_reason if held else None,
        )
    )
    again = session.scalars(query.returning(Touch.id).execution_options(synchronize_session="fetch"))
    return bool(again.all())


def pause(session: Session, contact_id: int, *, until: datetime, reason: str) -> None:
    """Send nothing before `until`: planned touches move there, later ones keep their time."""
    active = (Enrollment.contact_id == contact_id) & (Enrollment.state == "active")
    session.execute(
        update(Enrollment)
        .where(active)
        .values(
            paused_until=func.greatest(Enrollment.paused_until, until),
            pause_reason=case((Enrollment.paused_until > until, Enrollment.pause_reason), else_=reason),
        )
    )
    session.execute(
        update(Touch)
        .where(
            Touch.contact_id == contact_id,
            Touch.state.in_(("planned", "claimed")),
            or_(Touch.due_at < until, Touch.state == "claimed"),
        )
        .values(
            state="planned",
            due_at=func.greatest(Touch.due_at, until),
            own_due_at=func.coalesce(Touch.own_due_at, Touch.due_at),
            claim_token=None,
            lease_until=None,
            note=reason,
        )
    )


def end_pause(session: Session, contact_id: int, now: datetime) -> None:
    """End the contact's pauses: what they moved is due at its own time again, or now where that has passed.

    Also in sequences it has left, which may be taken up again.
    """
    paused = (Enrollment.contact_id == contact_id, Enrollment.paused_until.is_not(None))
    session.execute(update(Enrollment).where(*paused).values(paused_until=None, pause_reason=None))
    session.execute(
        update(Touch)
        .where(Touch.contact_id == contact_id, Touch.own_due_at.is_not(None))
        .where(Touch.state.in_(("planned", "cancelled")))
        .values(
            due_at=func.greatest(Touch.own_due_at, now),
            own_due_at=None,
            note=case((Touch.state != "planned", Touch.note)),
        )
    )


def find_pause(session: Session, contact_id: int, now: datetime) -> Enrollment | None:
    """The running enrollment that is paused for longest, if one is."""
    query = select(Enrollment).where(
        Enrollment.contact_id == contact_id, Enrollment.state == "active", Enrollment.paused_until > now
    )
    return session.scalars(query.order_by(Enrollment.paused_until.desc()).limit(1)).first()


def list_for_contact(session: Session, contact_id: int) -> Sequence[Enrollment]:
    """The contact's enrollments, oldest first."""
    query = select(Enrollment).where(Enrollment.contact_id == contact_id)
    return session.scalars(query.order_by(Enrollment.id)).all()


def list_by_ids(session: Session, ids: Collection[int]) -> dict[int, Enrollment]:
    """Enrollments by id."""
    query = select(Enrollment).where(Enrollment.id.in_(ids))
    return {enrollment.id: enrollment for enrollment in session.scalars(query)}


def _cancel_open_touches(
    session: Session, enrollment_ids: Collection[int], reason: str, now: datetime
) -> None:
    open_touches = Touch.enrollment_id.in_(enrollment_ids) & Touch.state.in_(("planned", "claimed"))
    session.execute(
        update(Touch)
        .where(open_touches)
        .values(state="cancelled", note=reason, done_at=now, claim_token=None, lease_until=None)
    )

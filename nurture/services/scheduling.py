"""Plans the next touch of each enrollment, and carries out the steps that are no mail."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from nurture.calendars import calendar_for
from nurture.core.condition import Facts
from nurture.core.routing import choose_rep
from nurture.core.rule import evaluate
from nurture.core.schedule import Calendar, Planned, next_opening, plan_at, plan_next
from nurture.core.sequence import BranchStep, EmailStep, Sequence, TaskStep
from nurture.core.workspace import Workspace
from nurture.store import contacts, enrollments, facts, handoffs, tasks, touches, workspaces
from nurture.store.contacts import Locale
from nurture.store.session import Session
from nurture.store.tables import Enrollment, Touch

log = structlog.get_logger()
NOWHERE = Locale(None, None, None)


def plan_touches(session: Session, *, now: datetime, limit: int = 500) -> int:
    """Plan the next touch of enrollments that wait for one; returns how many were looked at."""
    waiting = enrollments.list_unplanned(session, limit)
    who = {enrollment.contact_id for enrollment in waiting}
    locales, received = contacts.list_locales(session, who), touches.list_received(session, who)
    for enrollment in waiting:
        workspace = workspaces.get(session, enrollment.version_id)
        calendar = _calendar(workspace, locales.get(enrollment.contact_id, NOWHERE), now)
        known = received.get((enrollment.contact_id, enrollment.sequence), set())
        with _alone(session, enrollment.id, now):
            _plan_touch(session, enrollment, workspace.sequence(enrollment.sequence), calendar, known, now)
    return len(waiting)


def advance(session: Session, *, now: datetime, limit: int = 200) -> int:
    """Carry out due branches and tasks; returns how many."""
    due = touches.list_due(session, ("branch", "task"), now, limit)
    for touch in due:
        enrollment = enrollments.list_by_ids(session, [touch.enrollment_id])[touch.enrollment_id]
        workspace = workspaces.get(session, enrollment.version_id)
        with _alone(session, enrollment.id, now):
            _carry_out(session, touch, enrollment, workspace, now)
    return len(due)


@contextmanager
def _alone(session: Session, enrollment_id: int, now: datetime) -> Iterator[None]:
    """What goes wrong with one enrollment ends that one, with the reason, and holds up no other."""
    try:
        yield
    except (LookupError, ValueError, TypeError, StopIteration) as error:
        log.error("enrollment stopped", enrollment=enrollment_id, error=type(error).__name__)
        reason = f"its next step cannot be planned: {type(error).__name__}"
        enrollments.stop_one(session, enrollment_id, reason=reason, now=now)


def _carry_out(
    session: Session, touch: Touch, enrollment: Enrollment, workspace: Workspace, now: datetime
) -> None:
    step = workspace.sequence(enrollment.sequence).step(touch.step)
    if isinstance(step, BranchStep):
        _take_branch(session, touch, step, enrollment, workspace, now)
    elif isinstance(step, TaskStep):
        _give_task(session, touch, step, workspace, now)


def _plan_touch(
    session: Session,
    enrollment: Enrollment,
    sequence: Sequence,
    calendar: Calendar,
    received: Collection[str],
    now: datetime,
) -> None:
    """Plan what is next. Who comes back into a sequence does not get the mails of it that they had before."""
    moment = enrollment.unplanned_since or now
    planned = _next(enrollment, sequence, moment, calendar)
    while planned and isinstance(planned.step, EmailStep) and planned.step.name in received:
        touches.pass_over(session, enrollment, step=planned.step.name, note="received before", now=now)
        planned = plan_next(sequence, planned.step.name, moment, calendar)
    if planned is None:
        return enrollments.finish(session, enrollment.id, now)
    due_at, own_due_at, note = planned.due_at, None, None
    if enrollment.paused_until and enrollment.paused_until > due_at:
        due_at, own_due_at = next_opening(enrollment.paused_until, calendar), due_at
        note = enrollment.pause_reason
    touches.plan(
        session,
        enrollment,
        step=planned.step.name,
        kind=planned.step.kind,
        priority=sequence.priority,
        due_at=due_at,
        own_due_at=own_due_at,
        note=note,
    )
    enrollment.unplanned_since, enrollment.goto_step = None, None
    return None


def _next(enrollment: Enrollment, sequence: Sequence, moment: datetime, calendar: Calendar) -> Planned | None:
    if enrollment.goto_step is not None:
        return plan_at(sequence, enrollment.goto_step, moment, calendar)
    return plan_next(sequence, enrollment.last_step, moment, calendar)


def _take_branch(
    session: Session,
    touch: Touch,
    step: BranchStep,
    enrollment: Enrollment,
    workspace: Workspace,
    now: datetime,
) -> None:
    known = _facts(session, touch.contact_id, workspace, now)
    outcome = evaluate(step.when, known, now)
    chosen = step.then if outcome.met else step.otherwise
    because = "; ".join(outcome.because) if outcome.met else "the condition does not hold"
    _finish_touch(touch, now, f"{because}: goes on at {chosen or 'the end'}")
    enrollments.step_done(session, [touch.id], now)
    if chosen is None:
        enrollments.finish(session, enrollment.id, now)
    else:
        enrollments.go_on(session, [touch.enrollment_id], now, goto=chosen)


def _give_task(session: Session, touch: Touch, step: TaskStep, workspace: Workspace, now: datetime) -> None:
    contact = contacts.get(session, touch.contact_id)
    # Whoever has the contact gets its tasks too; the others are spread over the team by their numbers.
    given = handoffs.find_open(session, contact.id)
    owner = given.rep if given else contacts.owner_of(session, contact, workspace.owners)
    rep = choose_rep(workspace.reps, owner, workspace.reps[contact.id % len(workspace.reps)].name)
    tasks.add(session, touch, rep=rep.name, kind=step.task, subject=step.subject, note=step.note, now=now)
    _finish_touch(touch, now, f"given to {rep.display_name}")
    enrollments.step_done(session, [touch.id], now)


def _finish_touch(touch: Touch, now: datetime, note: str) -> None:
    touch.state, touch.done_at, touch.note = "done", now, note


def _facts(session: Session, contact_id: int, workspace: Workspace, now: datetime) -> Facts:
    return facts.gather(session, contacts.get(session, contact_id), workspace, now)


def _calendar(workspace: Workspace, locale: Locale, now: datetime) -> Calendar:
    return calendar_for(
        workspace,
        contact_zone=locale.contact_zone,
        account_zone=locale.account_zone,
        country=locale.country,
        now=now,
    )

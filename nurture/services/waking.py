"""Wakes a worker for everything that is due: what the rows say, whatever became of earlier wake-ups."""

from datetime import timedelta

from nurture import jobs
from nurture.ports import App
from nurture.store import agenda

PATIENCE = timedelta(seconds=2)


def wake_due(app: App) -> None:
    """Look once at what is due and wake the jobs for it."""
    with app.sessions() as session:
        due = agenda.read(session, app.now(), settle=app.settings.judge_settle, patience=PATIENCE)
    flags = {
        jobs.DELIVER: due.mails,
        jobs.PLAN: due.plans,
        jobs.ADVANCE: due.steps,
        jobs.SETTLE: due.receipts or due.expired,
        jobs.JUDGE: due.hits,
        jobs.LOCATE: due.gateways,
    }
    for job, waits in flags.items():
        if waits:
            app.queue.wake(job)
    for contact_id in due.contacts:
        app.queue.wake(jobs.REQUALIFY, contact_id)
    for handoff_id in due.handoffs:
        app.queue.wake(jobs.HAND_OFF, handoff_id)

"""A hastened workspace differs in its clock and caps, and in nothing else."""

from dataclasses import replace
from datetime import time, timedelta

from nurture.core.hasten import hasten
from nurture.core.score import GradeModel, ScoreModel
from nurture.core.sequence import EmailStep, Sequence, WaitStep
from nurture.core.workspace import Mailbox, Window, Workspace


def create_workspace(**changes):
    workspace = Workspace(
        name="acme",
        company="Acme",
        postal_address="1 Long Street",
        time_zone="Europe/London",
        window=Window(frozenset({0}), time(9), time(17)),
        contact_cap=1,
        tracking="individual",
        stages=(),
        rules=(),
        score=ScoreModel({}, timedelta(days=30)),
        grade=GradeModel((), {}),
        reps=(),
        mailboxes=(Mailbox("hello", "hello@acme.example", "Acme", 10),),
        sequences=(
            Sequence(
                "drip",
                "Drip",
                0,
                "welcome",
                (EmailStep("welcome", "wait-2", "welcome"), WaitStep("wait-2", None, timedelta(days=3))),
            ),
        ),
        mails=(),
    )
    return replace(workspace, **changes)


def test_waits_are_short_and_nothing_holds_a_mail_back():
    workspace = create_workspace()
    hasty = hasten(workspace, wait=timedelta(seconds=2))
    assert hasty.sequences[0].steps == (
        EmailStep("welcome", "wait-2", "welcome"),
        WaitStep("wait-2", None, timedelta(seconds=2)),
    )
    assert hasty.window == Window(frozenset(range(7)), time(), time())
    assert (hasty.contact_cap, hasty.mailboxes[0].daily_cap, hasty.skip_holidays) == (1000, 1000, False)


def test_all_else_stays_and_the_original_is_untouched():
    workspace = create_workspace()
    hasty = hasten(workspace, wait=timedelta(seconds=2))
    assert workspace == create_workspace()
    assert (
        replace(
            hasty,
            sequences=workspace.sequences,
            mailboxes=workspace.mailboxes,
            window=workspace.window,
            contact_cap=1,
            skip_holidays=True,
        )
        == workspace
    )

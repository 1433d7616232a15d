"""A workspace in a hurry: the same sequences with short waits and open windows, to be watched."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Final

from nurture.core.sequence import Sequence, WaitStep
from nurture.core.workspace import Window, Workspace

ALWAYS: Final = Window(frozenset(range(7)), time(), time())
AMPLE_CAP: Final = 1000


def hasten(workspace: Workspace, *, wait: timedelta) -> Workspace:
    """`workspace` with every wait `wait` long, the window always open, ample caps and no holidays."""
    return replace(
        workspace,
        sequences=tuple(_hastened(sequence, wait) for sequence in workspace.sequences),
        mailboxes=tuple(replace(mailbox, daily_cap=AMPLE_CAP) for mailbox in workspace.mailboxes),
        window=ALWAYS,
        contact_cap=AMPLE_CAP,
        skip_holidays=False,
    )


def _hastened(sequence: Sequence, wait: timedelta) -> Sequence:
    steps = (replace(step, length=wait) if isinstance(step, WaitStep) else step for step in sequence.steps)
    return replace(sequence, steps=tuple(steps))

"""Nested steps become a chain in which every step knows the next one."""

from datetime import timedelta

import pytest

from nurture.core.sequence import BranchStep, EmailStep, TaskStep, WaitStep

HEAD = "name: drip\ntitle: Drip\nsteps:\n"


def steps(desk, text):
    desk.write("sequences/drip.yaml", HEAD + text)
    return desk.load().sequence("drip")


def ways(sequence):
    """Where each step leads."""
    return {
        step.name: (step.then, step.otherwise) if isinstance(step, BranchStep) else step.next
        for step in sequence.steps
    }


def test_a_plain_chain(desk):
    sequence = steps(
        desk,
        "  - email: welcome\n  - {wait: 90s, as: pause}\n"
        "  - task: {kind: direct_mail, subject: Card, note: By hand}\n"
        "  - {email: again, thread: no, as: last}\n",
    )
    assert sequence.first == "welcome"
    assert sequence.priority == 0
    assert sequence.steps == (
        EmailStep("welcome", "pause", "welcome"),
        WaitStep("pause", "direct-mail-3", timedelta(seconds=90)),
        TaskStep("direct-mail-3", "last", "direct_mail", "Card", "By hand"),
        EmailStep("last", None, "again", thread=False),
    )


def test_both_arms_meet_at_the_step_below_the_branch(desk):
    sequence = steps(
        desk,
        """\
  - email: welcome
  - branch:
      when: clicked
      then:
        - wait: 1 day
        - task: {kind: call, subject: Call}
      else:
        - wait: 2 days
  - email: again
""",
    )
    assert ways(sequence) == {
        "welcome": "branch-2",
        "branch-2": ("wait-3", "wait-5"),
        "wait-3": "call-4",
        "call-4": "again",
        "wait-5": "again",
        "again": None,
    }


def test_a_missing_arm_goes_on_and_an_ended_one_stops(desk):
    sequence = steps(
        desk,
        "  - email: welcome\n"
        "  - branch: {when: clicked, then: [{wait: 1 day}, end], else: []}\n"
        "  - branch: {when: replied, else: [end]}\n"
        "  - email: again\n",
    )
    assert ways(sequence) == {
        "welcome": "branch-2",
        "branch-2": ("wait-3", "branch-4"),
        "wait-3": None,
        "branch-4": ("again", None),
        "again": None,
    }


def test_branches_within_branches_and_at_both_ends(desk):
    sequence = steps(
        desk,
        """\
  - as: fork
    branch:
      when: clicked
      then:
        - email: welcome
        - branch: {when: replied, then: [{wait: 1 day}]}
      else:
        - email: again
""",
    )
    assert sequence.first == "fork"
    assert ways(sequence) == {
        "fork": ("welcome", "again"),
        "welcome": "branch-3",
        "branch-3": ("wait-4", None),
        "wait-4": None,
        "again": None,
    }


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("30 minutes", timedelta(minutes=30)),
        ("1 minute", timedelta(minutes=1)),
        ("4 hours", timedelta(hours=4)),
        ("3 days", timedelta(days=3)),
        ("2 weeks", timedelta(weeks=2)),
        ("90s", timedelta(seconds=90)),
        ("2d", timedelta(days=2)),
        ("2 Days", timedelta(days=2)),
    ],
)
def test_durations(desk, written, length):
    sequence = steps(desk, f"  - email: welcome\n  - wait: {written}\n  - email: again\n")
    assert sequence.step("wait-2").length == length

"""What a sequence is: steps in a chain, flattened so that every step knows the next one by name."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from nurture.core.rule import Condition

TaskKind = Literal["call", "social", "direct_mail"]


@dataclass(frozen=True, slots=True)
class EmailStep:
    """Sends the mail named `mail`; `thread` replies into the enrollment's earlier mail."""

    name: str
    next: str | None
    mail: str
    thread: bool = True
    kind: Literal["email"] = "email"


@dataclass(frozen=True, slots=True)
class WaitStep:
    """Lets `length` pass before the next step."""

    name: str
    next: str | None
    length: timedelta
    kind: Literal["wait"] = "wait"


@dataclass(frozen=True, slots=True)
class TaskStep:
    """Puts a task on a rep's list: a call, a social touch, something by post."""

    name: str
    next: str | None
    task: TaskKind
    subject: str
    note: str = ""
    kind: Literal["task"] = "task"


@dataclass(frozen=True, slots=True)
class BranchStep:
    """Goes on at `then` where the condition holds at that moment, else at `otherwise` (None ends)."""

    name: str
    when: Condition
    then: str | None
    otherwise: str | None
    kind: Literal["branch"] = "branch"


Step = EmailStep | WaitStep | TaskStep | BranchStep


@dataclass(frozen=True, slots=True)
class Sequence:
    """A chain of steps entered at `first`. Where two sequences compete, the higher `priority` goes first."""

    name: str
    title: str
    priority: int
    first: str
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        """The step of that name; KeyError where the sequence has none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def mails(self) -> Iterator[str]:
        """Names of the mails the sequence sends, in file order."""
        return (step.mail for step in self.steps if isinstance(step, EmailStep))

"""Steps as the author nests them, named while reading, then flattened into a chain."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from nurture.core.rule import Condition
from nurture.core.sequence import BranchStep, EmailStep, Step, TaskKind, TaskStep, WaitStep
from nurture.workspace import moments, values
from nurture.workspace.conditions import BLANK, read_condition
from nurture.workspace.faults import instead
from nurture.workspace.item import Item, Table

KINDS: Final = ("email", "wait", "task", "branch")
TASKS: Final = ("call", "social", "direct_mail")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A step that leads to the next one; `make` builds it once the name of that one is known."""

    name: str
    make: Callable[[str | None], Step]


@dataclass(frozen=True, slots=True)
class Fork:
    """A branch with its arms, which meet again at the step that follows it."""

    name: str
    when: Condition
    then: tuple["Draft", ...]
    otherwise: tuple["Draft", ...]


@dataclass(frozen=True, slots=True)
class End:
    """Ends the sequence for whoever gets here."""


Draft = Leaf | Fork | End


def chain(drafts: tuple[Draft, ...], after: str | None) -> tuple[str | None, tuple[Step, ...]]:
    """The name of the first step, and all steps in file order; `after` follows the last one."""
    steps: tuple[Step, ...] = ()
    for draft in reversed(drafts):
        if isinstance(draft, End):
            after = None
            continue
        if isinstance(draft, Leaf):
            steps = (draft.make(after), *steps)
        else:
            then, then_steps = chain(draft.then, after)
            otherwise, other_steps = chain(draft.otherwise, after)
            steps = (BranchStep(draft.name, draft.when, then, otherwise), *then_steps, *other_steps, *steps)
        after = draft.name
    return after, steps


class StepReader:
    """Reads the steps of one sequence. Unnamed ones are called after their kind and place: `wait-2`."""

    def __init__(self, sequence: str) -> None:
        self._kind = step_kind(sequence)
        self._number = 0

    def read(self, item: Item) -> tuple[Draft, ...]:
        """The steps of a list that must have some."""
        if item.is_list and not item.items():
            item.fault("there are no steps here: add one, such as '- email: welcome'")
        return self._arm(item)

    def _arm(self, item: Item) -> tuple[Draft, ...]:
        drafts: list[Draft] = []
        for entry in item.items():
            if drafts and _ends(drafts[-1]):
                entry.fault(
                    "this step is never reached: everything before it ends the sequence; move or remove it"
                )
            draft = self._step(entry)
            if draft:
                drafts.append(draft)
        return tuple(drafts)

    def _step(self, item: Item) -> Draft | None:
        if item.is_text:
            return _end(item)
        kinds = [key for key, _ in item.entries() if key.text() in KINDS]
        if len(kinds) != 1:
            if item.is_table:
                item.fault(_which_kind(item))
            return None
        kind = kinds[0].text()
        self._number += 1
        keys = ("email", "as", "thread") if kind == "email" else (kind, "as")
        table = item.table(*keys)
        readers: dict[str, Callable[[Table], Draft]] = {
            "email": self._email,
            "wait": self._wait,
            "task": self._task,
            "branch": self._branch,
        }
        return readers[kind](table)

    def _email(self, table: Table) -> Draft:
        mail = table.need("email", values.referred("mail"), "")
        thread = table.may("thread", values.yes_no, True)
        name = self._name(table, mail)
        return Leaf(name, lambda after: EmailStep(name, after, mail, thread))

    def _wait(self, table: Table) -> Draft:
        length = table.known["wait"]
        name, wait = self._name(table, f"wait-{self._number}"), moments.duration(length)
        return Leaf(name, lambda after: WaitStep(name, after, wait))

    def _task(self, table: Table) -> Draft:
        task = table.known["task"].table("kind", "subject", "note")
        kind = cast(TaskKind, task.need("kind", values.choice(*TASKS), TASKS[0]))
        subject = task.need("subject", values.line, "")
        note = task.may("note", values.text, "")
        name = self._name(table, f"{kind.replace('_', '-')}-{self._number}")
        return Leaf(name, lambda after: TaskStep(name, after, kind, subject, note))

    def _branch(self, table: Table) -> Draft:
        item = table.known["branch"]
        name = self._name(table, f"branch-{self._number}")
        branch = item.table("when", "then", "else")
        when = branch.need("when", lambda item: read_condition(item, self._since), BLANK)
        then = branch.may("then", self._arm, ())
        otherwise = branch.may("else", self._arm, ())
        if item.is_table and not then and not otherwise:
            item.fault("this branch changes nothing: add steps under 'then:' or 'else:'")
        return Fork(name, when, then, otherwise)

    def _name(self, table: Table, default: str) -> str:
        name = table.may("as", values.name, default)
        place = table.known.get("as", table.item)
        if name:
            place.declare(self._kind, name, otherwise="give one of them another name with 'as:'")
        return name

    def _since(self, item: Item) -> str:
        name = item.text()
        if name:
            item.refer(self._kind, name=name, noun="step", earlier=True)
        return name


def step_kind(sequence: str) -> str:
    """The kind under which the steps of a sequence are declared."""
    return f"step of {sequence}"


def _ends(draft: Draft) -> bool:
    if isinstance(draft, Fork):
        return all(arm and _ends(arm[-1]) for arm in (draft.then, draft.otherwise))
    return isinstance(draft, End)


def _end(item: Item) -> Draft | None:
    word = item.text()
    if word == "end":
        return End()
    if word in KINDS:
        item.fault(f"write '{word}:' with its value")
    else:
        item.fault(f"unknown step {word!r}{instead(word, (*KINDS, 'end'))}")
    return None


def _which_kind(item: Item) -> str:
    words = [key.text() for key, _ in item.entries()]
    known = [word for word in words if word in KINDS]
    if len(known) > 1:
        return f"this step is {' and '.join(known)} at once: begin each step with its own '- '"
    return f"unknown step {(words or [''])[0]!r}{instead((words or [''])[0], KINDS)}"

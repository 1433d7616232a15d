"""`replies.yaml`: what a reply leads to, by what it says, and from which confidence on."""

from collections.abc import Mapping
from typing import Final

from nurture.core.reaction import ACTIONS, COURSES, DEFAULT_ACTIONS, SIGNALS, Action, ReplyRules
from nurture.workspace import moments, values
from nurture.workspace.faults import instead
from nurture.workspace.item import Item

DEFAULTS: Final = ReplyRules()


def read_replies(item: Item) -> ReplyRules:
    """The file's rules; what it leaves out is as shipped."""
    table = item.table("threshold", "wait", "actions")
    return ReplyRules(
        threshold=table.may("threshold", _threshold, DEFAULTS.threshold),
        wait=table.may("wait", moments.duration, DEFAULTS.wait),
        actions={**DEFAULT_ACTIONS, **table.may("actions", _actions, {})},
    )


def _threshold(item: Item) -> float:
    confidence = values.number(item)
    if not 0 < confidence <= 1:
        item.fault("a confidence is more than 0 and at most 1: write 0.8, for example")
    return confidence


def _actions(item: Item) -> Mapping[str, tuple[Action, ...]]:
    known = item.table(*DEFAULT_ACTIONS).known
    return {intent: _actions_of(intent, actions) for intent, actions in known.items()}


def _actions_of(intent: str, item: Item) -> tuple[Action, ...]:
    written = values.one_or_more(_action)(item)
    actions = tuple(action for action in written if action is not None)
    if len(actions) < len(written):
        return actions  # what is misspelt has its own fault
    values.without_repeats(item, actions)
    courses = [action for action in actions if action in COURSES]
    if actions and len(courses) != 1:
        said = f"{' and '.join(courses)} do not go together" if courses else "nothing halts the sequence"
        item.fault(f"{said}: write exactly one of {', '.join(COURSES)}, and what else is to be done")
    if "signal" in actions and intent not in SIGNALS:
        item.fault(f"rules know no event for {intent!r}: leave 'signal' out")
    return actions


def _action(item: Item) -> Action | None:
    written = item.text()
    found = next((action for action in ACTIONS if action == written.lower()), None)
    if written and found is None:
        item.fault(f"{written!r} is not known here{instead(written, ACTIONS)}")
    return found

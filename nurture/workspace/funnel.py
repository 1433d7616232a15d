"""`stages.yaml` and the rules of `rules.yaml`: where contacts stand, and what moves them."""

from collections.abc import Callable, Collection, Mapping

from nurture.core.rule import Rule
from nurture.core.workspace import Stage
from nurture.workspace import values
from nurture.workspace.conditions import BLANK, read_condition
from nurture.workspace.item import Item
from nurture.workspace.steps import step_kind


def read_stages(item: Item) -> tuple[Stage, ...]:
    """The stages in funnel order."""
    return item.table("stages").need("stages", values.list_of(_stage), ())


def read_rules(item: Item, stages: tuple[Stage, ...], known: Collection[str]) -> tuple[Rule, ...]:
    """The rules, a list, in the order they are tried. `known`: names of the sequences that could be read."""
    sequences = {stage.name: stage.sequence for stage in stages if stage.sequence in {None, *known}}
    return values.list_of(lambda entry: _rule(entry, sequences))(item)


def _stage(item: Item) -> Stage:
    table = item.table("name", "title", "sequence", "handoff")
    return Stage(
        name=table.need("name", values.declared("stage"), ""),
        title=table.need("title", values.line, ""),
        sequence=table.may("sequence", values.referred("sequence"), None),
        handoff=table.may("handoff", values.yes_no, False),
    )


def _rule(item: Item, sequences: Mapping[str, str | None]) -> Rule:
    table = item.table("name", "from", "to", "reason", "when")
    origins = table.need("from", _origins, ())
    target = table.need("to", values.referred("stage"), "")
    if target and target in origins:
        table.known["to"].fault(f"this rule leads from {target!r} to itself: name another stage")
    since = _since(origins, sequences)
    return Rule(
        name=table.need("name", values.declared("rule"), ""),
        origins=origins,
        target=target,
        when=table.need("when", lambda when: read_condition(when, since), BLANK),
        reason=table.need("reason", values.line, ""),
    )


def _origins(item: Item) -> tuple[str, ...]:
    origins = values.one_or_more(values.referred("stage"))(item)
    values.without_repeats(item, origins)
    return origins


def _since(origins: tuple[str, ...], sequences: Mapping[str, str | None]) -> Callable[[Item], str]:
    """Reads a step that must be in the sequence of one of the stages `origins`."""
    kinds = [step_kind(name) for origin in origins if (name := sequences.get(origin))]

    def read(item: Item) -> str:
        name = item.text()
        # A stage or sequence that is unknown has its own fault; its steps are not to be judged.
        if name and all(origin in sequences for origin in origins):
            if kinds:
                item.refer(*kinds, name=name, noun="step")
            else:
                item.fault(f"unknown step {name!r}: the stages under 'from:' have no sequence")
        return name

    return read

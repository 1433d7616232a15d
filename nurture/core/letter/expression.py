"""What may stand inside `{{ … }}` and behind `{% if %}`: known values, plain filters, plain comparisons.

The parsed tree is walked with an allow-list: a kind of node that is not named here is refused.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

FREE_ATTRIBUTES: Final = "attributes.*"
"""Among the attributes of a root: `root.attributes.NAME` is allowed for every well-formed NAME."""

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
FILTERS: Final = frozenset({"default", "upper", "lower", "title", "capitalize", "trim"})
MAX_FILTERS: Final = 5
MAX_CONDITION_DEPTH: Final = 20
MAX_CHOICES: Final = 50
MAX_TEXT_CONSTANT: Final = 200
MAX_NUMBER_CONSTANT: Final = 10**9

_REFUSED: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Call: "calls are not allowed: write the value alone, or with a filter such as |upper",
    nodes.Getitem: "square brackets are not allowed: write contact.attributes.name",
    nodes.Concat: "joining with ~ is not allowed: write the values one after the other",
    nodes.CondExpr: "`a if b else c` is not allowed: use {% if b %}…{% else %}…{% endif %}",
    nodes.Const: "a constant is not allowed here: write the text itself, outside the braces",
    nodes.TemplateData: "a constant is not allowed here: write the text itself, outside the braces",
    nodes.BinExpr: "arithmetic is not allowed: put the computed value in an attribute of the contact",
    nodes.UnaryExpr: "arithmetic is not allowed: put the computed value in an attribute of the contact",
    nodes.Compare: "a comparison is not allowed here: use it in {% if … %}",
    nodes.Test: "a test is not allowed here: use it in {% if … %}",
    nodes.Literal: "lists, tuples and dictionaries are only allowed behind `in`",
}


class Refusal(Exception):
    """One thing that the subset does not allow. `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Scope:
    """The names known at one place: root → attributes (None: a plain value), and list → fields of a row."""

    roots: Mapping[str, frozenset[str] | None]
    lists: Mapping[str, frozenset[str]]

    def inside_loop(self, row: str, fields: frozenset[str]) -> "Scope":
        return Scope({**self.roots, row: fields or None}, self.lists)


def check_condition(node: nodes.Node, scope: Scope, depth: int = 0) -> int:
    """Check the condition of an `if` and return its cost in nodes. Raises Refusal."""
    if depth > MAX_CONDITION_DEPTH:
        raise Refusal(node.lineno, f"the condition has more than {MAX_CONDITION_DEPTH} parts: split it")
    if isinstance(node, nodes.And | nodes.Or):
        left = check_condition(node.left, scope, depth + 1)
        return 1 + left + check_condition(node.right, scope, depth + 1)
    if isinstance(node, nodes.Not):
        return 1 + check_condition(node.node, scope, depth + 1)
    if isinstance(node, nodes.Compare):
        return _check_comparison(node, scope)
    if isinstance(node, nodes.Test):
        return _check_test(node, scope)
    return check_value(node, scope)


def check_value(node: nodes.Node, scope: Scope) -> int:
    """Check a value with its filters and return its cost in nodes. Raises Refusal."""
    filters = 0
    while isinstance(node, nodes.Filter) and node.node is not None:
        filters += 1
        if filters > MAX_FILTERS:
            raise Refusal(node.lineno, f"more than {MAX_FILTERS} filters on one value: use fewer")
        _check_filter(node)
        node = node.node
    _check_path(node, scope)
    return 3 + 3 * filters


def _check_filter(node: nodes.Filter) -> None:
    if node.name not in FILTERS:
        raise Refusal(node.lineno, f"the filter |{node.name} is not allowed{_instead(node.name, FILTERS)}")
    if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        raise Refusal(node.lineno, f"|{node.name} takes no named or starred arguments: leave them out")
    if node.name == "default":
        _check_default(node)
    elif node.args:
        raise Refusal(node.lineno, f"|{node.name} takes no arguments: write |{node.name} alone")


def _check_default(node: nodes.Filter) -> None:
    values = [argument.value for argument in node.args if isinstance(argument, nodes.Const)]
    plain = len(values) == len(node.args) and 1 <= len(values) <= 2
    if not plain or not isinstance(values[0], str) or not all(isinstance(v, bool) for v in values[1:]):
        raise Refusal(node.lineno, "|default takes one text in quotes: write |default('text')")
    _check_constant(node.args[0])


def _check_comparison(node: nodes.Compare, scope: Scope) -> int:
    if len(node.ops) != 1:
        raise Refusal(node.lineno, "a chain of comparisons is not allowed: join them with `and`")
    cost = check_value(node.expr, scope)
    operator, right = node.ops[0].op, node.ops[0].expr
    if operator in ("eq", "ne"):
        _check_constant(right)
    elif operator in ("in", "notin"):
        _check_choices(right)
    else:
        raise Refusal(node.lineno, "only ==, !=, in and not in are allowed")
    return cost + 2


def _check_choices(node: nodes.Node) -> None:
    if not isinstance(node, nodes.List | nodes.Tuple):
        raise Refusal(node.lineno, "`in` takes a list of constants: write in ['one', 'two']")
    if len(node.items) > MAX_CHOICES:
        raise Refusal(node.lineno, f"`in` takes at most {MAX_CHOICES} constants: shorten the list")
    for item in node.items:
        _check_constant(item)


def _check_constant(node: nodes.Node) -> None:
    if not isinstance(node, nodes.Const):
        raise Refusal(node.lineno, "compare with a constant: a text in quotes, a number, true, false or none")
    value = node.value
    if isinstance(value, str) and len(value) > MAX_TEXT_CONSTANT:
        raise Refusal(node.lineno, f"a text in quotes has at most {MAX_TEXT_CONSTANT} characters: shorten it")
    if isinstance(value, float) and not math.isfinite(value):
        raise Refusal(node.lineno, "the number is too large: use a smaller one")
    if isinstance(value, int | float) and abs(value) > MAX_NUMBER_CONSTANT:
        raise Refusal(node.lineno, f"a number is at most {MAX_NUMBER_CONSTANT:,}: use a smaller one")


def _check_test(node: nodes.Test, scope: Scope) -> int:
    if node.name not in ("defined", "undefined") or node.args or node.kwargs:
        raise Refusal(node.lineno, f"the test `is {node.name}` is not allowed: only `is defined` is")
    return 1 + check_value(node.node, scope)


def _check_path(node: nodes.Node, scope: Scope) -> None:
    names = _path(node)
    root, attributes = names[0], ".".join(names[1:])
    if root not in scope.roots:
        if root in scope.lists:
            raise Refusal(node.lineno, f"`{root}` is a list: use {{% for row in {root} %}}")
        raise Refusal(node.lineno, f"`{root}` is not known here{_instead(root, scope.roots)}")
    known = scope.roots[root]
    if known is None:
        if attributes:
            raise Refusal(node.lineno, f"`{root}` is a plain value without attributes: write {root} alone")
    elif not _is_attribute(attributes, known):
        choices = [f"{root}.{name.replace('*', 'NAME')}" for name in known]
        raise Refusal(node.lineno, f"`{'.'.join(names)}` is not known{_instead('.'.join(names), choices)}")


def _path(node: nodes.Node) -> list[str]:
    names: list[str] = []
    while isinstance(node, nodes.Getattr):
        names.append(node.attr)
        node = node.node
        if len(names) > 2:
            raise Refusal(node.lineno, "too many dots: write contact.name or contact.attributes.name")
    if not isinstance(node, nodes.Name):
        raise Refusal(node.lineno, _reason(node))
    return [node.name, *reversed(names)]


def _is_attribute(attributes: str, known: frozenset[str]) -> bool:
    if attributes in known and attributes != FREE_ATTRIBUTES:
        return True
    prefix = FREE_ATTRIBUTES.removesuffix("*")
    free = attributes.startswith(prefix) and NAME.fullmatch(attributes.removeprefix(prefix)) is not None
    return free and FREE_ATTRIBUTES in known


def _reason(node: nodes.Node) -> str:
    for kind, reason in _REFUSED.items():
        if isinstance(node, kind):
            return reason
    return "this is not allowed: only known values, filters and comparisons are"


def _instead(wrong: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(wrong[:80], known, n=1)
    return f": did you mean {close[0]}?" if close else f": use one of {', '.join(sorted(known))}"

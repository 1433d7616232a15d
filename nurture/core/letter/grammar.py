"""What an author's template may say: a subset of Jinja, checked on the parsed tree.

Nothing here compiles: Jinja folds constants while compiling, and a template of twenty bytes can keep it
busy for minutes. What is not listed as allowed is a fault.
"""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, TemplateSyntaxError, nodes

from nurture.core.letter.expression import NAME, Refusal, Scope, check_condition, check_value

MAX_SOURCE_BYTES: Final = 200_000
MAX_TAGS: Final = 1_000
MAX_TAG_CHARS: Final = 2_000
MAX_TAGS_CHARS: Final = 60_000
MAX_NESTING: Final = 5
MAX_LIST_ITEMS: Final = 100
MAX_WORK: Final = 50_000
MAX_FAULTS: Final = 50

_TAG: Final = re.compile(r"\{[{%](?:(?![}%]\}).)*", re.DOTALL)
_PARSER: Final = Environment(autoescape=True, keep_trailing_newline=True)


@dataclass(frozen=True, slots=True, order=True)
class TemplateFault:
    """What is wrong in a template. `line` counts from 1; `message` says what to change."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


def check_template(
    source: str,
    *,
    roots: Mapping[str, frozenset[str] | None],
    lists: Mapping[str, frozenset[str]] | None = None,
) -> list[TemplateFault]:
    """List what the subset refuses in `source`, in order of lines; an empty list means it may be compiled.

    `roots` maps each known name to its attributes (None: a plain value; see FREE_ATTRIBUTES for custom
    ones). `lists` maps each name that `for` may walk to the fields of its rows (empty: plain values).
    Takes bounded time on any input.
    """
    fault = _check_size(source)
    if fault is not None:
        return [fault]
    tree = _parse(source)
    if isinstance(tree, TemplateFault):
        return [tree]
    check = _Check()
    work = check.body(tree.body, Scope(roots, lists or {}), 0)
    if work > MAX_WORK and not check.faults:
        check.faults.append(TemplateFault(1, "the template does too much work: shorten its loops"))
    return sorted(check.faults)[:MAX_FAULTS]


def _check_size(source: str) -> TemplateFault | None:
    if len(source) > MAX_SOURCE_BYTES or len(source.encode(errors="replace")) > MAX_SOURCE_BYTES:
        return TemplateFault(1, f"the template is longer than {MAX_SOURCE_BYTES:,} bytes: shorten it")
    return _check_tags(source)


def _check_tags(source: str) -> TemplateFault | None:
    total = 0
    for number, tag in enumerate(_TAG.finditer(source), start=1):
        total += len(tag[0])
        line = source.count("\n", 0, tag.start()) + 1
        if len(tag[0]) > MAX_TAG_CHARS:
            return TemplateFault(line, "the tag that starts here is too long: is its closing brace missing?")
        if number > MAX_TAGS or total > MAX_TAGS_CHARS:
            limits = f"{MAX_TAGS:,} tags or {MAX_TAGS_CHARS:,} characters in tags"
            return TemplateFault(line, f"the template has more than {limits}: shorten it")
    return None


def _parse(source: str) -> nodes.Template | TemplateFault:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return _PARSER.parse(source)
    except TemplateSyntaxError as error:
        return TemplateFault(error.lineno, error.message or "this cannot be read as a template")
    except RecursionError:
        return TemplateFault(1, f"the template is nested too deeply: use at most {MAX_NESTING} levels")
    except (ValueError, OverflowError):
        return TemplateFault(1, "a number in the template is too long: use a smaller one")


class _Check:
    """Walks the statements, gathers faults, and adds up how many nodes a rendering visits at most."""

    def __init__(self) -> None:
        self.faults: list[TemplateFault] = []

    def body(self, statements: Sequence[nodes.Node], scope: Scope, depth: int) -> int:
        return sum(self._statement(statement, scope, depth) for statement in statements)

    def _statement(self, node: nodes.Node, scope: Scope, depth: int) -> int:
        if isinstance(node, nodes.Output):
            return sum(self._output(part, scope) for part in node.nodes)
        if not isinstance(node, nodes.If | nodes.For):
            return self._refuse(node.lineno, f"{_tag(node)} is not allowed: only if and for are")
        if depth >= MAX_NESTING:
            return self._refuse(node.lineno, f"if and for go at most {MAX_NESTING} levels deep: flatten them")
        if isinstance(node, nodes.If):
            return self._if(node, scope, depth)
        return self._for(node, scope, depth)

    def _output(self, node: nodes.Node, scope: Scope) -> int:
        if isinstance(node, nodes.TemplateData):
            return 1
        return self._try(check_value, node, scope)

    def _if(self, node: nodes.If, scope: Scope, depth: int) -> int:
        work = 0
        for branch in (node, *node.elif_):
            work += self._try(check_condition, branch.test, scope)
            work += self.body(branch.body, scope, depth + 1)
        return work + self.body(node.else_, scope, depth + 1)

    def _for(self, node: nodes.For, scope: Scope, depth: int) -> int:
        if node.recursive or node.test is not None:
            return self._refuse(node.lineno, "for takes no `if` and no `recursive`: use {% if %} inside it")
        if not isinstance(node.iter, nodes.Name) or node.iter.name not in scope.lists:
            known = ", ".join(sorted(scope.lists)) or "there are none here"
            return self._refuse(node.lineno, f"for walks only known lists: {known}")
        row = node.target
        if not isinstance(row, nodes.Name) or not NAME.fullmatch(row.name) or row.name in _taken(scope):
            return self._refuse(node.lineno, "name the row by one new word: {% for row in … %}")
        inside = scope.inside_loop(row.name, scope.lists[node.iter.name])
        work = MAX_LIST_ITEMS * (1 + self.body(node.body, inside, depth + 1))
        return work + self.body(node.else_, scope, depth + 1)

    def _try(self, check: Callable[[nodes.Node, Scope], int], node: nodes.Node, scope: Scope) -> int:
        try:
            return check(node, scope)
        except Refusal as refusal:
            return self._refuse(refusal.line, refusal.message)

    def _refuse(self, line: int, message: str) -> int:
        self.faults.append(TemplateFault(line, message))
        return 0


def _taken(scope: Scope) -> set[str]:
    return {*scope.roots, *scope.lists, "loop", "self", "super", "caller"}


def _tag(node: nodes.Node) -> str:
    names = {"Assign": "set", "AssignBlock": "set", "FromImport": "from", "CallBlock": "call"}
    names |= {"FilterBlock": "filter", "ScopedEvalContextModifier": "autoescape", "ExprStmt": "do"}
    kind = type(node).__name__
    return f"{{% {names.get(kind, kind.lower())} %}}"

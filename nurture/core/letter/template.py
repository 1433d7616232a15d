"""Author templates: a subset of Jinja (see template_grammar), compiled once and filled in per recipient."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import jinja2
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from nurture.core.letter.expression import FREE_ATTRIBUTES
from nurture.core.letter.grammar import MAX_LIST_ITEMS, TemplateFault, check_template

__all__ = [
    "FREE_ATTRIBUTES",
    "MAIL_ROOTS",
    "Template",
    "TemplateError",
    "TemplateFault",
    "check_template",
    "compile_template",
]

MAIL_ROOTS: Final[Mapping[str, frozenset[str] | None]] = {
    "contact": frozenset(
        {"given_name", "family_name", "email", "company", "title", "country", FREE_ATTRIBUTES}
    ),
    "account": frozenset({"name", "domain"}),
    "sender": frozenset({"name", "address"}),
    "company": frozenset({"name", "postal_address"}),
    "pricing_url": None,
    "unsubscribe_url": None,
    "preferences_url": None,
    "view_date": None,
}
"""The values a mail knows: root → its attributes, or None for a plain value."""

MAX_OUTPUT_CHARS: Final = 1_000_000

_WORD: Final = re.compile(r"[^\s\-(]+")


class TemplateError(ValueError):
    """A template that is not allowed (`faults`), or values it cannot be filled in with."""

    def __init__(self, message: str, faults: tuple[TemplateFault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class Template:
    """A checked, compiled template. Make it with `compile_template`, keep it, render it often."""

    def __init__(self, compiled: jinja2.Template) -> None:
        self._compiled = compiled

    def render(self, values: Mapping[str, object]) -> str:
        """Fill in `values`: root → text, number, None, a mapping of those, or a list of rows.

        None renders as nothing. Raises TemplateError for a value that is missing and has no `|default`,
        one that cannot be shown, a list over 100 rows, or an output over 1,000,000 characters.
        """
        try:
            chunks = self._compiled.generate({name: _given(name, value) for name, value in values.items()})
            return "".join(_bounded(chunks))
        except jinja2.UndefinedError as error:
            raise TemplateError(str(error)) from None


def compile_template(
    source: str,
    *,
    html: bool,
    roots: Mapping[str, frozenset[str] | None] = MAIL_ROOTS,
    lists: Mapping[str, frozenset[str]] | None = None,
) -> Template:
    """Check and compile a template; `html` escapes every value. Raises TemplateError with all faults."""
    faults = check_template(source, roots=roots, lists=lists)
    if faults:
        raise TemplateError("; ".join(str(fault) for fault in faults), tuple(faults))
    return Template((_HTML if html else _TEXT).from_string(source))


class _Record:
    """A mapping among the values, with the path that an error names it by."""

    __slots__ = ("_path", "_values")

    def __init__(self, path: str, values: Mapping[str, object]) -> None:
        self._path = path
        self._values = values

    def get(self, name: str) -> object:
        path = f"{self._path}.{name}"
        if name in self._values:
            return _given(path, self._values[name])
        return jinja2.StrictUndefined(f"{path} has no value here: write {path}|default('…')")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Knows nothing but our filters, and finds attributes only in the values that were given."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, _Record):
            return obj.get(attribute)
        if isinstance(obj, Undefined):
            return obj
        return jinja2.StrictUndefined(f"a plain value has no attribute {attribute}")

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.getattr(obj, str(argument))


def _bounded(chunks: Iterator[str]) -> Iterator[str]:
    length = 0
    for chunk in chunks:
        length += len(chunk)
        if length > MAX_OUTPUT_CHARS:
            raise TemplateError(f"the mail is longer than {MAX_OUTPUT_CHARS:,} characters: shorten it")
        yield chunk


def _given(path: str, value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        # A str subclass that calls itself safe markup would not be escaped.
        return str(value)
    if isinstance(value, Mapping):
        return _Record(path, value)
    if isinstance(value, list | tuple):
        if len(value) > MAX_LIST_ITEMS:
            raise TemplateError(f"{path} has more than {MAX_LIST_ITEMS} rows: pass fewer")
        return [_given(path, row) for row in value]
    raise TemplateError(f"{path} is a {type(value).__name__}: pass text, a number or nothing")


def _shown(value: object) -> object:
    if isinstance(value, _Record | list):
        raise TemplateError("a value with attributes cannot be shown: name one of them")
    return "" if value is None else value


def _default(value: object, text: str = "", _boolean: bool = True) -> object:
    blank = isinstance(value, Undefined) or not value or (isinstance(value, str) and value.isspace())
    return text if blank else value


def _text_filter(change: Callable[[str], str]) -> Callable[[object], object]:
    def apply(value: object) -> object:
        if isinstance(value, Undefined):
            return value
        return "" if value is None else change(str(value))

    return apply


def _title(text: str) -> str:
    # str.title would make "O'Neill'S" of "o'neill's".
    return _WORD.sub(lambda word: word[0].capitalize(), text)


def _sandbox(*, html: bool) -> _Sandbox:
    sandbox = _Sandbox(
        autoescape=html, undefined=jinja2.StrictUndefined, finalize=_shown, keep_trailing_newline=True
    )
    sandbox.globals.clear()
    sandbox.tests = {name: sandbox.tests[name] for name in ("defined", "undefined")}
    sandbox.filters = {
        "default": _default,
        "upper": _text_filter(str.upper),
        "lower": _text_filter(str.lower),
        "title": _text_filter(_title),
        "capitalize": _text_filter(str.capitalize),
        "trim": _text_filter(str.strip),
    }
    return sandbox


_HTML: Final = _sandbox(html=True)
_TEXT: Final = _sandbox(html=False)

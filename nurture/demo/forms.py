"""Reads the forms of a page and fills them in, as a browser would."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Form:
    """One form: what is filled in, what may be chosen (values of each select), and its button's own field."""

    method: str
    filled: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    button: tuple[str, str] | None = None


def read_forms(page: str) -> list[Form]:
    """The forms of an HTML page, in their order."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def fill_in(form: Form, wanted: dict[str, str]) -> dict[str, str]:
    """What is posted: the fields as they stand, `wanted` in place of what is empty, the button pressed.

    A select takes the wanted value where it has it, else its first one that is not empty. Wanted fields
    that the form does not have are left out.
    """
    answers = dict(form.filled)
    for name, value in wanted.items():
        if name in answers and value and (name not in form.choices or value in form.choices[name]):
            answers[name] = value
    for name, values in form.choices.items():
        answers[name] = answers[name] or next((value for value in values if value), "")
    return answers | (dict([form.button]) if form.button else {})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("method", "get").lower()))
        elif self.forms and tag in ("input", "select", "option", "textarea", "button"):
            self._field(self.forms[-1], tag, values)

    def _field(self, form: Form, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if tag == "option":
            self._option(form, values)
        elif tag == "select":
            self._select, form.choices[name], form.filled[name] = name, [], ""
        elif tag == "textarea":
            self._area, form.filled[name] = name, ""
        elif tag == "button" and name:
            form.button = (name, values.get("value", ""))
        elif tag == "input" and name:
            form.filled[name] = values.get("value", "")

    def _option(self, form: Form, values: dict[str, str]) -> None:
        form.choices[self._select].append(values.get("value", ""))
        if "selected" in values:
            form.filled[self._select] = values.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area and self.forms:
            self.forms[-1].filled[self._area] += data.lstrip("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

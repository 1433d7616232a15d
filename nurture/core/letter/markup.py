"""The tags of an HTML text with their exact places, so that a change can leave every other byte alone.

Follows the tokenizer of the HTML standard (§13.2.5) where it decides what is a tag and what is not:
comments (conditional ones too), raw text (style, script), quoted `>`; each character is read once.
"""

import html as html_library
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5
from typing import Final

_SPACE: Final = "\t\n\f\r "
_OPENING: Final = re.compile(r"<(?:(!--)|(/?)([A-Za-z][^\t\n\f\r />]*)|[!?]|/(?!>))")
_COMMENT_END: Final = re.compile(r"--!?>")
_EMPTY_COMMENT: Final = re.compile(r"-?>")
_BEFORE_NAME: Final = re.compile(rf"[{_SPACE}/]*")
_ATTRIBUTE_NAME: Final = re.compile(rf"=?[^{_SPACE}/>=]*")
_EQUALS: Final = re.compile(rf"[{_SPACE}]*=[{_SPACE}]*")
_UNQUOTED: Final = re.compile(rf"[^{_SPACE}>]*")
_RAW_TEXT: Final = frozenset(
    {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"}
)
_REFERENCE: Final = re.compile(
    r"&(?:#(?P<decimal>[0-9]+);?|#[xX](?P<hex>[0-9a-fA-F]+);?|[A-Za-z][A-Za-z0-9]{0,40}(?P<ending>[;=]?))"
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. `value` is unescaped; `start:end` is its place in the text, with its quotes."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag; names are lower case. `start` is the place of its `<`."""

    name: str
    closing: bool
    start: int
    attributes: tuple[Attribute, ...]

    def find(self, name: str) -> Attribute | None:
        """The attribute that counts: the first of that name."""
        return next((found for found in self.attributes if found.name == name), None)


def iter_tags(html: str) -> Iterator[Tag]:
    """Yield the tags of `html` in order. A tag that the text ends inside of is none."""
    position = 0
    while (opening := _OPENING.search(html, position)) is not None:
        comment, slash, name = opening.groups()
        if name is None:
            position = _after_comment(html, opening.end(), is_real=comment is not None)
            continue
        attributes, position = _read_attributes(html, opening.end())
        if position < 0:
            return
        tag = Tag(name.lower(), bool(slash), opening.start(), attributes)
        yield tag
        if not tag.closing and tag.name in _RAW_TEXT:
            position = _raw_text_end(html, position, tag.name)


def unescape_attribute(value: str) -> str:
    """Resolve the character references of an attribute value (HTML §13.2.5.73).

    Unlike in text, a name without its semicolon stays as it is before `=` or a letter: `?a=1&copy=2`.
    """
    return _REFERENCE.sub(_resolve, value)


def _resolve(reference: re.Match[str]) -> str:
    text, decimal, hexadecimal = reference[0], reference["decimal"], reference["hex"]
    # Eight digits are more than any character has, and few enough for int() to be quick.
    if decimal is not None:
        return html_library.unescape(f"&#{decimal.lstrip('0')[:8] or '0'};")
    if hexadecimal is not None:
        return html_library.unescape(f"&#x{hexadecimal.lstrip('0')[:8] or '0'};")
    return text if reference["ending"] == "=" else html5.get(text[1:], text)


def _after_comment(html: str, position: int, *, is_real: bool) -> int:
    """Where a comment ends; a `<!…>` or `<?…>` that is no comment ends at its first `>`."""
    if is_real:
        end = _EMPTY_COMMENT.match(html, position) or _COMMENT_END.search(html, position)
        return end.end() if end else len(html)
    found = html.find(">", position)
    return found + 1 if found >= 0 else len(html)


def _raw_text_end(html: str, position: int, name: str) -> int:
    if name == "plaintext":
        return len(html)
    end = re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE | re.ASCII).search(html, position)
    return end.start() if end else len(html)


def _read_attributes(html: str, position: int) -> tuple[tuple[Attribute, ...], int]:
    """Read up to the `>` of a tag; the place after it, or -1 where the text ends first."""
    attributes: list[Attribute] = []
    while True:
        position = _end_of(_BEFORE_NAME, html, position)
        if position == len(html):
            return (), -1
        if html[position] == ">":
            return tuple(attributes), position + 1
        name_end = _end_of(_ATTRIBUTE_NAME, html, position)
        name = html[position:name_end].lower()
        start, end = _value_place(html, name_end)
        if end < 0:
            return (), -1
        attributes.append(Attribute(name, _value(html[start:end]), start, end))
        position = end


def _value_place(html: str, position: int) -> tuple[int, int]:
    equals = _EQUALS.match(html, position)
    if equals is None:
        return position, position
    start = equals.end()
    quote = html[start : start + 1]
    if quote in ('"', "'") and quote:
        closing = html.find(quote, start + 1)
        return start, closing + 1 if closing >= 0 else -1
    return start, _end_of(_UNQUOTED, html, start)


def _value(raw: str) -> str:
    return unescape_attribute(raw[1:-1] if raw[:1] in ('"', "'") and raw else raw)


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position

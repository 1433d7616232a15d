"""Markdown bodies: CommonMark with tables, raw HTML shown as text, a link by itself as a button."""

import re
from typing import Final

from markdown_it import MarkdownIt

from nurture.workspace.tags import Tags

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
_LINK_ALONE: Final = re.compile(r'<p><a (href="[^"]*"(?: title="[^"]*")?)>((?:(?!</?a\b|<img\b).)+)</a></p>')
_BUTTON: Final = (
    '<table role="presentation" class="button" border="0" cellpadding="0" cellspacing="0"><tbody><tr>'
    r'<td class="button-cell" align="center"><a class="button-link" \1>\2</a></td></tr></tbody></table>'
)


def to_html(source: str, tags: Tags) -> str:
    """The HTML body of a Markdown text whose tags are held.

    A line that holds nothing but statements such as `{% if %}` is a block of its own, without a paragraph.
    """
    html = _MARKDOWN.render(_with_statements_apart(source, tags))
    statements = re.compile(rf"<p>((?:\s*{tags.word.pattern})+)\s*</p>")
    html = statements.sub(lambda match: match[1] if _only_statements(match[1], tags) else match[0], html)
    return _LINK_ALONE.sub(_BUTTON, html)


def _with_statements_apart(source: str, tags: Tags) -> str:
    lines = source.split("\n")
    return "\n".join(f"\n{line.strip()}\n" if _only_statements(line, tags) else line for line in lines)


def _only_statements(text: str, tags: Tags) -> bool:
    words = list(tags.words(text))
    return bool(words) and not tags.word.sub("", text).strip() and all(map(tags.is_statement, words))

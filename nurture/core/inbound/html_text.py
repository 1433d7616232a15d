"""HTML of a mail read as the plain text a person would see, quotations marked with ">".

A tokeniser of linear time instead of `html.parser`, which is quadratic on unclosed declarations.
"""

import re
from html import unescape

_TOKEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})([^<>]*)>|<[!?][^<>]*>|([^<]+|<)")
_BLANKS = re.compile(r"[ \t\n\r\f\xa0]+")
_MANY_LINES = re.compile(r"\n{3,}")
_INVISIBLE = {"head", "style", "script", "title", "template"}
_BLOCKS = {"p", "div", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article"}
_SPACED = {"p", "h1", "h2", "h3", "h4", "h5", "h6"}


def text_of_html(markup: str) -> str:
    """The visible text; blocks on lines of their own, `blockquote` lines begin with ">"."""
    page = _Page()
    for match in _TOKEN.finditer(_without_comments(markup)):
        closing, name, attributes, words = match.groups()
        if name:
            page.take_tag(name.lower(), closing == "/", attributes)
        elif words:
            page.take_words(words)
    return _MANY_LINES.sub("\n\n", "\n".join(page.finish())).strip("\n")


def _without_comments(markup: str) -> str:
    pieces: list[str] = []
    at = 0
    while (begin := markup.find("<!--", at)) >= 0:
        pieces.append(markup[at:begin])
        end = markup.find("-->", begin)
        at = len(markup) if end < 0 else end + 3
    return "".join(pieces) + markup[at:]


class _Page:
    """The lines so far, the line being written, and where in the document we are."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._hidden: str | None = None

    def take_tag(self, name: str, closing: bool, attributes: str) -> None:
        if self._hidden:
            if closing and name == self._hidden:
                self._hidden = None
        elif name in _INVISIBLE:
            self._hidden = None if closing or attributes.endswith("/") else name
        elif name == "blockquote":
            self._break()
            self._quotes = max(0, self._quotes + (-1 if closing else 1))
        elif name == "br":
            self._end_line()
        elif name in _BLOCKS:
            self._break()
            if closing and name in _SPACED:
                self._end_line()
        else:
            self._take_inline(name, closing)

    def _take_inline(self, name: str, closing: bool) -> None:
        if name == "hr":
            self._break()
            self._line.append("_" * 30)
            self._break()
        elif name == "li" and not closing:
            self._break()
            self._line.append("- ")
        elif name in ("td", "th") and closing:
            self._line.append(" ")

    def take_words(self, words: str) -> None:
        if not self._hidden:
            self._line.append(_BLANKS.sub(" ", unescape(words)))

    def finish(self) -> list[str]:
        self._break()
        while self._lines and not self._lines[-1].strip(">"):
            self._lines.pop()
        return self._lines

    def _break(self) -> None:
        if "".join(self._line).strip():
            self._end_line()
        else:
            self._line.clear()

    def _end_line(self) -> None:
        line = _BLANKS.sub(" ", "".join(self._line)).strip()
        mark = ">" * min(self._quotes, 10)
        self._lines.append(f"{mark} {line}".strip() if mark else line)
        self._line.clear()

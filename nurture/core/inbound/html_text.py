"""HTML of a mail read as the plain text a person would see, quotations marked with ">".

A tokeniser of linear time instead of `html.parser`, which is quadratic on unclosed declarations.
"""

import re
from html import unescape

from nurture.core.inbound.html_marks import Mark, mark_of

_TOKEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})([^<>]*)>|<[!?][^<>]*>|([^<]+|<)")
_BLANKS = re.compile(r"[ \t\n\r\f\xa0]+")
_MANY_LINES = re.compile(r"\n{3,}")
_INVISIBLE = {"head", "style", "script", "title", "template"}
_BLOCKS = {"p", "div", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article"}
_SPACED = {"p", "h1", "h2", "h3", "h4", "h5", "h6"}
_VOID = {"br", "hr", "img", "input", "meta", "link", "col", "wbr", "area", "base"}
_MAX_MARKED = 20
_MAX_MARKS = 10


def text_of_html(markup: str) -> str:
    """The visible text; blocks on lines of their own. Lines of quotations begin with ">", those of a
    signature stand below a line "--"."""
    markup = _without_comments(markup)
    page = _Page(markup)
    for match in _TOKEN.finditer(markup):
        closing, name, attributes, words = match.groups()
        if name:
            page.take_tag(name.lower(), closing == "/", attributes, match.end())
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

    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._lines: list[str] = []
        self._line: list[str] = []
        self._hidden: str | None = None
        self._marked: list[tuple[str, Mark]] = []  # open elements that mean something, and as deep inside
        self._depths: list[int] = []
        self._rest = False
        self._preformatted = False

    def take_tag(self, name: str, closing: bool, attributes: str, end: int) -> None:
        if self._hidden:
            if closing and name == self._hidden:
                self._hidden = None
        elif name in _INVISIBLE:
            self._hidden = None if closing or attributes.endswith("/") else name
        else:
            self._take_shown(name, closing)
            if closing:
                self._leave(name)
            else:
                self._enter(name, attributes, end)

    def _take_shown(self, name: str, closing: bool) -> None:
        if name == "br":
            self._end_line()
        elif name in _BLOCKS or name in ("blockquote", "pre"):
            self._break()
            if closing and name in _SPACED:
                self._end_line()
        else:
            self._take_inline(name, closing)
        if name == "pre":
            self._preformatted = not closing

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

    def _enter(self, name: str, attributes: str, end: int) -> None:
        for place, (marked, _) in enumerate(self._marked):
            self._depths[place] += marked == name and name not in _VOID
        mark = mark_of(name, attributes, self._markup, end)
        if mark is Mark.REST:
            self._break()
            self._rest = True
        elif mark and name not in _VOID and len(self._marked) < _MAX_MARKED:
            self._begin(name, mark)

    def _begin(self, name: str, mark: Mark) -> None:
        if mark is not Mark.HIDDEN:
            self._break()
        if mark is Mark.SIGNATURE and not self._is_marked(Mark.SIGNATURE) and not self._dashes_stand_above():
            self._line.append("--")
            self._break()
        self._marked.append((name, mark))
        self._depths.append(1)

    def _leave(self, name: str) -> None:
        for place, (marked, _) in enumerate(self._marked):
            self._depths[place] -= marked == name
        while self._marked and self._depths[-1] <= 0:
            if self._marked[-1][1] is not Mark.HIDDEN:
                self._break()
            self._marked.pop()
            self._depths.pop()

    def _is_marked(self, mark: Mark) -> bool:
        return any(found is mark for _, found in self._marked)

    def _dashes_stand_above(self) -> bool:
        return next((line for line in reversed(self._lines[-5:]) if line), "") == "--"

    def take_words(self, words: str) -> None:
        if self._hidden or (self._marked and self._is_marked(Mark.HIDDEN)):
            return
        shown = unescape(words) if "&" in words else words
        if self._preformatted:
            *lines, shown = shown.split("\n")
            for line in lines:
                self._line.append(line)
                self._end_line()
        self._line.append(shown)

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
        quotes = self._rest + sum(found is Mark.QUOTE for _, found in self._marked)
        mark = ">" * min(quotes, _MAX_MARKS)
        self._lines.append(f"{mark} {line}".strip() if mark else line)
        self._line.clear()

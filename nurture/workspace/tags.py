"""Template tags held out of the way while Markdown, CSS and HTML tools work on the text around them."""

import re
from collections.abc import Iterator
from typing import Final

from jinja2 import Environment

_LEXER: Final = Environment(keep_trailing_newline=True)  # noqa: S701 (it only splits, it renders nothing)
_OPENERS: Final = ("variable_begin", "block_begin", "comment_begin")
_CLOSERS: Final = ("variable_end", "block_end", "comment_end")
_PIECES_OF_HTML: Final = re.compile(
    r"""<!--.*?(?:-->|\Z)|<(style|script|title)\b.*?(?:</\1\s*>|\Z)|"""
    r"""<(?:[^<>"']|"[^"]*(?:"|\Z)|'[^']*(?:'|\Z))*(?:>|(?=<)|\Z)""",
    re.DOTALL | re.IGNORECASE,
)  # every alternative takes what it began to the end, so that hostile text costs no second look


class Tags:
    """Stands a short word of letters and digits in for each `{{…}}` and `{%…%}` of some sources.

    Every tool passes such a word through, in text, in a link or in an attribute. The same tag always gets
    the same word. `sources` are all texts that words will be put into: no word occurs in them already.
    """

    def __init__(self, *sources: str) -> None:
        self._stem = "zq"
        while any(self._stem in source for source in sources):
            self._stem += "x"
        self._tags: dict[str, str] = {}
        self.word = re.compile(rf"{self._stem}\d{{4}}qz")
        self._held = re.compile(rf"<!--({self.word.pattern})-->|({self.word.pattern})")

    def hold(self, source: str) -> str:
        """`source`, which is a valid template, with a word for each tag."""
        return "".join(self._word(piece) if is_tag else piece for is_tag, piece in _split(source))

    def put_back(self, text: str) -> str:
        return self._held.sub(lambda match: self._tags[match[1] or match[2]], text)

    def as_comments(self, html: str) -> str:
        """Statements between elements as HTML comments, which stay where they are, in tables too."""
        whole, at = [], 0
        for match in _PIECES_OF_HTML.finditer(html):
            whole += [self._commented(html[at : match.start()]), match[0]]
            at = match.end()
        return "".join([*whole, self._commented(html[at:])])

    def words(self, text: str) -> Iterator[str]:
        return (match[0] for match in self.word.finditer(text))

    def is_statement(self, word: str) -> bool:
        """Whether the word shows nothing by itself: `{% if … %}`, a comment."""
        return not self._tags[word].startswith("{{")

    def depth_change(self, word: str) -> int:
        """1 where a condition or loop begins, -1 where it ends."""
        if not self._tags[word].startswith("{%"):
            return 0
        keyword = self.expression(word).partition(" ")[0]
        return {"if": 1, "for": 1, "endif": -1, "endfor": -1}.get(keyword, 0)

    def expression(self, word: str) -> str:
        """What stands between the braces."""
        return self._tags[word][2:-2].strip("-+ \t\n")

    def _word(self, tag: str) -> str:
        for word, known in self._tags.items():
            if known == tag:
                return word
        word = f"{self._stem}{len(self._tags):04d}qz"
        self._tags[word] = tag
        return word

    def _commented(self, text: str) -> str:
        return self.word.sub(
            lambda match: f"<!--{match[0]}-->" if self.is_statement(match[0]) else match[0], text
        )


def _split(source: str) -> Iterator[tuple[bool, str]]:
    tag = ""
    for _, kind, piece in _LEXER.lex(source):
        if kind in _OPENERS:
            tag = piece
        elif tag:
            tag += piece
        else:
            yield False, piece
        if kind in _CLOSERS:
            yield True, tag
            tag = ""

"""What the attributes of an HTML element say about its content: quotation, signature, the rest of the mail
is another one, not to be seen.
"""

import re
from enum import Enum

from nurture.core.inbound.lines import load_data

_WORDS = load_data("quotation")["html"]
_QUOTES = frozenset(_WORDS["quotes"])
_NOT_QUOTES = frozenset(_WORDS["not_quotes"])
_REST = frozenset(_WORDS["rest"])

_NAMES = re.compile(
    r"\b(?:class|id|name)\s{0,3}=\s{0,3}(?:\"([^\"]{1,300})|'([^']{1,300})|([^\s\"'>]{1,100}))", re.I
)
_HIDDEN = re.compile(r"display\s{0,3}:\s{0,3}none|mso-hide\s{0,3}:\s{0,3}all|\bhidden(?:[ =/]|$)", re.I)
_TOP_BORDER = re.compile(
    r"border\s{0,3}:\s{0,3}none\s{0,3};\s{0,3}border-top\s{0,3}:\s{0,3}solid\s[^;\"]{1,30}1(?:\.0)?pt", re.I
)
_INDENT = re.compile(r"margin[^;\"']{0,30}40px[^>]{0,100}border\s{0,3}:\s{0,3}(?:none|medium)", re.I)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_LOOK_AHEAD = 2_500
_MAX_CHARS = 2_000


class Mark(Enum):
    """What an element is."""

    QUOTE = "quote"
    SIGNATURE = "signature"
    REST = "rest"
    HIDDEN = "hidden"


def mark_of(name: str, attributes: str, markup: str, end: int) -> Mark | None:
    """What the element is, by its name and attributes; its content begins in `markup` at `end`."""
    if not attributes.strip():
        return Mark.QUOTE if name == "blockquote" else None
    attributes = attributes[:_MAX_CHARS]
    tokens = _tokens(attributes) if "=" in attributes else set()
    if _HIDDEN.search(attributes):
        return Mark.HIDDEN
    if tokens & _REST or (_TOP_BORDER.search(attributes) and _heads_a_mail(markup, end)):
        return Mark.REST
    if name == "blockquote":
        return None if _INDENT.search(attributes) and not tokens else Mark.QUOTE
    if any("signature" in token for token in tokens):
        return Mark.SIGNATURE
    return Mark.QUOTE if any(_is_quote(token) for token in tokens) else None


def _tokens(attributes: str) -> set[str]:
    values = (a or b or c for a, b, c in _NAMES.findall(attributes))
    return {_bare(token) for value in values for token in value.lower().split()}


def _bare(token: str) -> str:
    while token.startswith("x_"):
        token = token[2:]
    return token


def _is_quote(token: str) -> bool:
    return token in _QUOTES or (token.endswith(("quote", "quoted")) and token not in _NOT_QUOTES)


def _heads_a_mail(markup: str, start: int) -> bool:
    """Outlook draws a line above the fields of the mail it quotes: in any language, three with a colon."""
    words = _TAG.sub("", markup[start : start + _LOOK_AHEAD])
    return words.count(":") + words.count("：") >= 3

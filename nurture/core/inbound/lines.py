"""The lines of a mail, each as it stands and as its words, without marks, ornaments and odd blanks."""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

MAX_LINES = 5_000
MAX_LINE_CHARS = 400

_QUOTE = re.compile(r"^[ \t\xa0]{0,3}(?:>|&gt;|＞|\|[ ](?![^\n]{0,500}\|[ \t]{0,9}$)|[A-Z]{1,3}>(?:[ >]|$))")
_MARKS = re.compile(r"^(?:[ \t\xa0>＞|]|&gt;){0,60}")
_WRAPPED_END = re.compile(r"^>[ ]?(?:[^\s>:]{1,20}[ ]?)?:$")
CLOCK = re.compile(
    r"(?<![\d.])\d{1,2}(?:[:h]\d\d(?!\d)|\.\d\d(?![\d.]))|\d{1,2}\s?[時點点时시]"
)  # 18:32, 18.32, 18h32, 18時
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BLANKS = re.compile(r"[ \t\xa0\u2000-\u200a\u202f\u3000]+")
_ORNAMENTS = "*_ "


@dataclass(frozen=True, slots=True)
class Line:
    """`text`: as it stands. `words`: its first 400 characters, bare of quotation marks and ornaments;
    `low`: the same in lower case. `quoted`: it bears a quotation mark."""

    text: str
    words: str
    low: str
    quoted: bool

    @property
    def blank(self) -> bool:
        return not self.words and not self.text.strip(_ORNAMENTS[-1] + "\t\xa0\u3000\ufeff")


def load_data(name: str) -> dict[str, Any]:
    """The table of words in `nurture/core/data/NAME.toml`."""
    return tomllib.loads((files("nurture.core") / "data" / f"{name}.toml").read_text("utf-8"))


def read_lines(text: str) -> list[Line]:
    """The first 5,000 lines; the time taken grows with their number only."""
    lines: list[Line] = []
    for text_line in text.replace("\u200b", "").split("\n", MAX_LINES)[:MAX_LINES]:
        lines.append(_line(text_line.rstrip(), lines[-1] if lines else None))
    return lines


def _line(text: str, above: Line | None) -> Line:
    start = text[:MAX_LINE_CHARS]
    quoted = _QUOTE.match(start) is not None
    if quoted and above and above.words and not above.quoted and _WRAPPED_END.match(start):
        quoted = False  # "Ann <ann@example.org" was wrapped before "> wrote:"
    words = _MARKS.sub("", start) if quoted else start
    words = _BLANKS.sub(" ", _UNSEEN.sub("", words)).strip(_ORNAMENTS)
    return Line(text, words, words.lower(), quoted)

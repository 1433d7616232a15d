"""A person's text as sentences of plain words: no accents, contractions written out, quotations left out."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

MAX_CHARS = 20_000
MAX_SENTENCES = 400
MAX_WORDS = 100
EMAIL, LINK, CALENDAR_LINK, THUMBS_UP, THUMBS_DOWN, PLUS_ONE = (
    "<email>",
    "<link>",
    "<calendar>",
    "<thumbs-up>",
    "<thumbs-down>",
    "<plus-one>",
)

ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}", re.IGNORECASE)
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"]{1,500}|\b[a-z0-9-]{2,40}\.(?:com|io|me)/[^\s<>\"]{1,200}", re.I
)
_CALENDAR = re.compile(
    r"calendly|cal\.com|calendar|kalender|agenda|meetings?\.hubspot|savvycal|youcanbook|doodle|bookings|zcal|chilipiper|tidycal"
    r"|koalendar|appointlet|acuityscheduling|terminland|zeeg\.me|meetergo",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”„«»‹›]([^\"“”„«»‹›]{1,400})[\"“”„«»‹›]")
_SIGNS = (
    (re.compile("[\U0001f44d\U0001f44c\U0001f64c✅\U0001f680\U0001f929]"), THUMBS_UP),
    (re.compile("\U0001f44e"), THUMBS_DOWN),
    (re.compile(r"(?<!\S)\+ ?1(?![\d/])"), PLUS_ONE),
)
_TOKEN = re.compile(
    r"<[a-z-]{4,12}>"
    r"|(?<![^\W_])(?i:[dm]r|mrs|ms|prof|hr|fr|sra?|dott|ing|mme|dhr|mevr|bzw|evtl|ggf|ca|inkl)\.(?= ?\w)"
    r"|(?<![^\W_])[A-Z]\.(?= [A-Z])|\d+[.:,]\d+(?![.\d])|\d+(?:st|nd|rd|th)?\.(?= ?[^\W\d_])"
    r"|[^\W_]+(?:['’ʼ`´][^\W_]+)*['’]?"
    r"|\n[ \t]*\n|\n|[.!?…;。？！]+|[,:()\[\]–—]|(?<= )-+(?= )"
)
_ENDS = frozenset(".!?…;。？！")
_ENGLISH = {"ll": "will", "re": "are", "ve": "have", "m": "am", "d": "would", "s": "is"}
_WRITTEN = {
    "cannot": ("can", "not"), "dont": ("do", "not"), "doesnt": ("does", "not"), "didnt": ("did", "not"),
    "isnt": ("is", "not"), "arent": ("are", "not"), "cant": ("can", "not"), "wont": ("will", "not"),
    "wouldnt": ("would", "not"), "couldnt": ("could", "not"), "havent": ("have", "not"),
    "hasnt": ("has", "not"), "wasnt": ("was", "not"), "whats": ("what", "is"), "pls": ("please",),
    "plz": ("please",), "thx": ("thanks",), "tnx": ("thanks",), "ur": ("your",), "asap": ("soon",),
    "stp": ("s", "il", "te", "plait"), "svp": ("s", "il", "vous", "plait"), "gonna": ("going", "to"),
    "wanna": ("want", "to"), "aint": ("is", "not"), "shouldnt": ("should", "not"), "lets": ("let", "us"),
}  # fmt: skip
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i", "ł": "l", "đ": "d"})
_SHORT_LINE = 45


@dataclass(frozen=True, slots=True)
class Sentence:
    """`words`: folded, a "," for every break within; `spoken`: the same as written; `text`: all of it."""

    words: tuple[str, ...]
    spoken: tuple[str, ...]
    is_question: bool
    text: str

    @property
    def length(self) -> int:
        """How many words it has, breaks not counted."""
        return len(self.words) - self.words.count(",")


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """Lower case without accents: "Société" is "societe", "groß" is "gross"."""
    low = word.lower().translate(_SPECIAL)
    if low.isascii():
        return low
    return "".join(c for c in unicodedata.normalize("NFKD", low) if not unicodedata.combining(c))


def split_sentences(text: str) -> list[Sentence]:
    """At most `MAX_SENTENCES` of the first `MAX_CHARS` characters, each of 1 to `MAX_WORDS` words."""
    return list(islice(_sentences(_without_quotations(_named(text[:MAX_CHARS]))), MAX_SENTENCES))


def _named(text: str) -> str:
    """Addresses, links and signs as words of their own."""
    text = ADDRESS.sub(f" {EMAIL} ", text)
    text = _LINK.sub(lambda m: f" {CALENDAR_LINK if _CALENDAR.search(m[0]) else LINK} ", text)
    for pattern, name in _SIGNS:
        text = pattern.sub(f" {name} ", text)
    return text


def _without_quotations(text: str) -> str:
    """What stands in quotation marks is somebody else's, unless it is all there is, or only a word or two."""
    bare = _QUOTED.sub(lambda m: m[1] if m[1].count(" ") < 2 else " (…) ", text)
    return bare if re.search(r"\w", bare) else text


def _sentences(text: str) -> Iterator[Sentence]:
    begin, words, spoken, line = 0, list[str](), list[str](), 0
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece[0] == "\n":
            short = match.start() - line < _SHORT_LINE
            line = match.end()
            if piece == "\n":
                if short and words:
                    words.append(",")
                    spoken.append(",")
                continue
        if piece[0] in _ENDS or piece[0] == "\n" or len(words) >= MAX_WORDS:
            if any(word != "," for word in words):
                asked = "?" in piece or "？" in piece
                yield Sentence(tuple(words), tuple(spoken), asked, text[begin : match.end()].strip())
                begin, words, spoken = match.end(), [], []
            continue
        for word in _words(piece):
            words.append(word)
            spoken.append(piece)
    if any(word != "," for word in words):
        yield Sentence(tuple(words), tuple(spoken), False, text[begin:].strip())


def _words(piece: str) -> tuple[str, ...]:
    if not (piece[0].isalnum() or piece[0] == "<"):
        return (",",)
    return spell_out(piece)


@lru_cache(maxsize=20_000)
def spell_out(piece: str) -> tuple[str, ...]:
    """One word as said in full: "don't" is "do not", "l'offre" is "l offre"."""
    word = fold(piece)
    for mark in "’ʼ`´":
        word = word.replace(mark, "'")
    head, mark, tail = word.strip("'").partition("'")
    if not mark:
        return _WRITTEN.get(head, (head.rstrip("."),))
    if tail == "t" and head.endswith("n"):
        stem = {"ca": "can", "wo": "will", "ai": "is", "sha": "shall"}.get(head[:-1], head[:-1])
        return (stem, "not")
    if tail in _ENGLISH:
        return (head, "us" if head == "let" and tail == "s" else _ENGLISH[tail])
    return (head, *tail.split("'"))

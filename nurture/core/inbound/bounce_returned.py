"""Where the words of a mail system end and the message that it gives back begins."""

import re
import tomllib
from importlib.resources import files

from nurture.core.inbound.bounce_reason import fold
from nurture.core.inbound.mail_parser import Original, original_of

_KNOWN = re.compile(
    r"^(?:return-path|received|message-id|from|to|subject|date|mime-version|reply-to|x-[\w-]{1,40}"
    r"|content-type|authentication-results|dkim-signature|arc-[\w-]{1,40}|domainkey-signature|delivered-to"
    r"|envelope-to|cc|sender|in-reply-to|references|list-[\w-]{1,20}|feedback-id|user-agent)[ \t]*:",
    re.IGNORECASE,
)
_HEADER = re.compile(r"^[!-9;-~]{1,60}:(?:\s|$)")
_ORIGIN = re.compile(r"^(?:received|return-path|message-id|from|dkim-signature):", re.IGNORECASE)
_MARKS = re.compile(r"^[^\w]{0,80}")
MAX_CHARS = 100_000
_ENOUGH = 3
_RUN_LINES = 200
_LINES_TO_HEADER = 4


def _load() -> tuple[str, ...]:
    text = (files("nurture.core") / "data" / "bounce_notices.toml").read_text("utf-8")
    return tuple(row["words"] for row in tomllib.loads(text)["divider"])


DIVIDERS = _load()


def split_returned(text: str) -> tuple[str, Original | None]:
    """The notice, and the headers of the message returned below it.

    They begin at three known header lines in a run, or at one that follows a line known to divide.
    """
    lines = text[:MAX_CHARS].split("\n")
    after_divider = 0
    tried_until = 0
    for index, line in enumerate(lines):
        if _divides(line):
            after_divider = index + _LINES_TO_HEADER
        if index < tried_until or not _KNOWN.match(line):
            continue
        known, end, origin = _run(lines, index)
        if origin and (known >= _ENOUGH or (index <= after_divider and known)):
            return "\n".join(lines[:index]), original_of("\n".join(lines[index:]))
        tried_until = end
    return text, None


def _divides(line: str) -> bool:
    return fold(_MARKS.sub("", line[:200], count=1)).startswith(DIVIDERS)


def _run(lines: list[str], start: int) -> tuple[int, int, bool]:
    """Of the header lines from `start` on: how many are known, where they end, is one of an origin."""
    known = 0
    origin = False
    end = start
    for end in range(start, min(len(lines), start + _RUN_LINES)):
        line = lines[end]
        if _KNOWN.match(line):
            known += 1
            origin = origin or _ORIGIN.match(line) is not None
        elif not _HEADER.match(line) and not (line[:1] in " \t" and line.strip()):
            break
    return known, end, origin

"""Text from outside on a terminal, where control characters could act and hidden ones could lie."""

import re
from unicodedata import category


def visible(text: str) -> str:
    """One line of `text` with every control, format and line separator character as its escape, `\\x1b`."""
    return _UNUSUAL.sub(_escaped, text)


_UNUSUAL = re.compile(r"[^ -~]")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    return ascii(character)[1:-1] if category(character) in _UNSEEN else character

"""Keeps the terminal for the demonstration: what servers and workers say goes to a file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

LAST_LINES: Final = 25


@contextmanager
def own_terminal(log: Path) -> Iterator[TextIO]:
    """The standard output for this process alone, until the block ends; all else is written to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = os.dup(1), os.dup(2)
    sys.stdout.flush()
    sys.stderr.flush()
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        with os.fdopen(os.dup(kept[0]), "w", encoding="utf-8") as terminal:
            yield terminal
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, former in enumerate(kept, start=1):
            os.dup2(former, number)
            os.close(former)


def last_words(log: Path) -> str:
    """The end of the log, to be shown where something went wrong."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:])

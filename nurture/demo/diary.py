"""What the people of the demonstration write down of their own doings: one JSON object a line."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

GOT: Final = "got"
OPENED: Final = "opened"
CLICKED: Final = "clicked"
REPLIED: Final = "replied"
WAS_AWAY: Final = "was away"
BOUNCED: Final = "bounced"
ASKED: Final = "asked for prices"
LEFT: Final = "unsubscribed"
MAILED: Final = "told by mail"
HOOKED: Final = "told by webhook"
ANSWERED: Final = "answered a handoff"
FAULT: Final = "fault"
FINISHED: Final = "finished"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something done, or something that arrived. `at`: seconds since 1970. `who`: a canonical address.

    `who` is the contact it is about, also where a rep is told or answers. Details by deed: GOT: seq,
    message_id, subject, in_reply_to, prices (a link or ""); OPENED, CLICKED: message_id, verdict (what a
    judge must find); REPLIED: intents; ASKED: by; MAILED, HOOKED: rep; ANSWERED: rep, state; FAULT: text.
    """

    deed: str
    at: float
    who: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class Diary:
    """Appends entries to a file; safe between threads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def write(self, deed: str, who: str = "", *, at: float | None = None, **detail: Any) -> None:
        """Write an entry, of this moment if no other is said."""
        entry = Entry(deed, time.time() if at is None else at, who, detail)
        line = json.dumps(asdict(entry)) + "\n"
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            file.write(line)


def read_diary(file: Path) -> tuple[Entry, ...]:
    """All whole entries so far; none where nobody has begun to write."""
    return tuple(_entries(file)) if file.exists() else ()


def _entries(file: Path) -> Iterator[Entry]:
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield Entry(**json.loads(line))

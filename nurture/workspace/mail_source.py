"""One template file of a mail, checked in its author's own words so that line numbers are the author's."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nurture.core.letter.template import MAIL_ROOTS, check_template
from nurture.workspace.faults import Notes, Place
from nurture.workspace.source_text import read_source

MAX_BYTES: Final = {".html": 99_000, ".md": 20_000, ".txt": 50_000}


@dataclass(frozen=True, slots=True)
class MailSource:
    """A file as its author wrote it."""

    path: Path
    text: str
    notes: Notes

    def fault(self, message: str, *, line: int = 1) -> None:
        self.notes.fault(Place(str(self.path), line), message)

    def line_of(self, words: str | None) -> int:
        """The line where `words` stand first; 1 where they do not."""
        at = self.text.find(words) if words else -1
        return self.text.count("\n", 0, at) + 1 if at > 0 else 1


def read_template(path: Path, notes: Notes) -> MailSource | None:
    """The template in `path`; None after noting why it cannot be used."""
    text = read_source(path, notes)
    if text is None:
        return None
    source = MailSource(path, text, notes)
    limit = MAX_BYTES[path.suffix]
    if len(text.encode()) > limit:
        source.fault(f"this has more than {limit:,} bytes, too long for a mail: shorten it")
        return None
    faults = check_template(text, roots=MAIL_ROOTS)
    for fault in faults:
        source.fault(fault.message, line=fault.line)
    return None if faults else source

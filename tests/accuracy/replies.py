"""How much of the new text of replies is found exactly: bodies beside the text a person marked as new."""

import time
from collections.abc import Collection
from pathlib import Path

from nurture.core.inbound.quotation import cut


def measure_new_text(folder: Path, names: Collection[str] | None = None) -> dict[str, object]:
    """Cut every body of `folder/emails` (or those of `names`) and compare with `folder/trimmed`.

    Blanks at the ends of lines and blank lines at both ends of the text do not count. Returns `messages`,
    `exact` (how many), `share` (0 to 1), `wrong` (file names), `per_second`.
    """
    chosen = sorted(p.name for p in (folder / "emails").iterdir() if names is None or p.name in names)
    bodies = {name: _read(folder / "emails" / name) for name in chosen}
    begin = time.process_time()
    found = {name: cut(body).new_text for name, body in bodies.items()}
    spent = time.process_time() - begin
    wrong = [name for name in chosen if _tidy(found[name]) != _tidy(_read(folder / "trimmed" / name))]
    exact = len(chosen) - len(wrong)
    return {
        "messages": len(chosen),
        "exact": exact,
        "share": exact / len(chosen) if chosen else 0.0,
        "wrong": wrong,
        "per_second": len(chosen) / spent if spent else 0.0,
    }


def _read(path: Path) -> str:
    return path.read_text("utf-8", "replace")


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()

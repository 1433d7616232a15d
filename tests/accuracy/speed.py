"""How many mails are read a second, on one core."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from nurture.core.inbound.reading import read_body, read_mail

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)


def measure_mail_speed(corpora: Path) -> float:
    """Messages a second over all bounces and replies of the collections, after a first round."""
    bounces = [path.read_bytes() for path in _files(corpora / "bounces" / "messages")]
    replies = [path.read_text("utf-8", "replace") for path in _files(corpora / "replies" / "emails")]
    for _ in range(2):  # the first round loads what is known
        began = process_time()
        for raw in bounces:
            read_mail(raw, now=NOW)
        for body in replies:
            read_body(body, now=NOW)
        seconds = process_time() - began
    return (len(bounces) + len(replies)) / seconds


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.iterdir()) if folder.is_dir() else [])

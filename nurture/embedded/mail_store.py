"""The mails of the development mailbox: one `.eml` and one `.json` (its envelope) a message, in a folder.

They survive the death of the process; nothing is synced to the disk, for a mailbox of a developer is no
place worth a slower send.
"""

import json
import os
import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path

KEPT = 10_000
DIGITS = 10
NUMBERED = "[0-9]" * DIGITS


@dataclass(frozen=True)
class StoredMail:
    """One mail as it arrived; `sender` and `recipients` are the envelope's, `received_at` aware UTC."""

    seq: int
    sender: str
    recipients: tuple[str, ...]
    subject: str
    received_at: datetime
    file: Path

    def raw(self) -> bytes:
        """The bytes of DATA, with CRLF; FileNotFoundError once newer mails have pushed it out."""
        return self.file.read_bytes()

    def parsed(self) -> EmailMessage:
        """The message of `email.policy.default`."""
        return BytesParser(policy=policy.default).parsebytes(self.raw())


class MailStore:
    """Keeps the newest `kept` mails; safe between threads, for one process per folder."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._kept = kept
        self._lock = threading.Lock()
        self._mails = self._load()
        # The `.eml` of a mail whose `.json` was never written counts too: its number is taken.
        self._last_seq = max((int(file.name[:DIGITS]) for file in folder.glob(f"{NUMBERED}.*")), default=0)

    def add(self, sender: str, recipients: Sequence[str], content: bytes) -> StoredMail:
        """Numbers and stores one mail; the `.json` comes last and makes it exist."""
        with self._lock:
            seq = self._last_seq = self._last_seq + 1
            file = self._folder / f"{seq:0{DIGITS}}.eml"
            mail = StoredMail(seq, sender, tuple(recipients), _subject(content), datetime.now(UTC), file)
            _write(file, content)
            _write(file.with_suffix(".json"), json.dumps(envelope_fields(mail)).encode())
            self._mails.append(mail)
            for old in self._mails[: -self._kept]:
                old.file.with_suffix(".json").unlink(missing_ok=True)
                old.file.unlink(missing_ok=True)
            del self._mails[: -self._kept]
            return mail

    def get(self, seq: int) -> StoredMail | None:
        """The mail of that number, while it is kept."""
        found = self.after(seq - 1)
        return found[0] if found and found[0].seq == seq else None

    def after(self, seq: int) -> list[StoredMail]:
        """The mails with a greater number, oldest first."""
        with self._lock:
            return self._mails[bisect_right(self._mails, seq, key=lambda mail: mail.seq) :]

    def _load(self) -> list[StoredMail]:
        mails = (_read(file) for file in sorted(self._folder.glob(f"{NUMBERED}.json")))
        return [mail for mail in mails if mail is not None]


def _subject(content: bytes) -> str:
    try:
        headers = BytesHeaderParser(policy=policy.default).parsebytes(content)
        return str(headers.get("Subject", ""))
    except Exception:
        # The parser raises all sorts of things over broken headers, and those mails are to be seen too.
        return "(unreadable subject)"


def envelope_fields(mail: StoredMail) -> dict[str, object]:
    """`seq`, `from`, `to`, `subject` and `received_at` (ISO 8601, UTC), for JSON."""
    return {
        "seq": mail.seq,
        "from": mail.sender,
        "to": list(mail.recipients),
        "subject": mail.subject,
        "received_at": mail.received_at.isoformat(),
    }


def _read(file: Path) -> StoredMail | None:
    try:
        fields = json.loads(file.read_bytes())
        return StoredMail(
            fields["seq"],
            fields["from"],
            tuple(fields["to"]),
            fields["subject"],
            datetime.fromisoformat(fields["received_at"]),
            file.with_suffix(".eml"),
        )
    except (ValueError, KeyError, TypeError):
        # A power cut can leave an empty file, for nothing here is synced.
        return None


def _write(file: Path, content: bytes) -> None:
    part = file.with_suffix(f"{file.suffix}.part")
    part.write_bytes(content)
    os.replace(part, file)

"""Signs that a program, not a person, answered (RFC 3834 and what vendors do instead)."""

import tomllib
from importlib.resources import files
from typing import Any

from nurture.core.inbound.mail_parser import ParsedMail

_TEXT_CHARS = 4_000


def _load() -> dict[str, Any]:
    return tomllib.loads((files("nurture.core") / "data" / "automatic.toml").read_text("utf-8"))


SIGNS = _load()


def automatic_reasons(mail: ParsedMail, own_text: str) -> tuple[str, ...]:
    """Why the mail is automatic, one reason each; empty for a person's mail.

    A subject alone proves nothing against a person's words: it counts with words of absence or no text.
    """
    reasons = _header_reasons(mail)
    subject = subject_sign(mail.subject)
    if subject and (reasons or not own_text.strip() or away_words(own_text)):
        reasons.append(f"subject begins with {subject!r}")
    return tuple(reasons)


def _header_reasons(mail: ParsedMail) -> list[str]:
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    reasons = [f"auto-submitted: {submitted}"] if submitted and submitted != "no" else []
    reasons += [name for name in SIGNS["headers"]["present"] if mail.header(name)]
    reasons += [
        f"{name}: {value}"
        for name, values in SIGNS["headers"]["values"].items()
        if (value := mail.header(name).lower()).startswith(tuple(values))
    ]
    if mail.header("return-path").strip() == "<>":
        reasons.append("empty return-path")
    return reasons


def subject_sign(subject: str, *, away: bool = False) -> str:
    """The known beginning of an automatic subject, or the empty string; `away`: only those of absence."""
    low = subject.lower().strip().lstrip("[(").strip()
    for row in SIGNS["subject"]:
        for begin in row["begins"]:
            if low.startswith(begin) and (row.get("away", False) or not away):
                return str(begin)
    return ""


def away_words(text: str) -> str:
    """The words by which the text says that its writer is away, or the empty string."""
    low = " ".join(text[:_TEXT_CHARS].lower().replace("\u2019", "'").split())
    return next((str(w) for row in SIGNS["away"] for w in row["words"] if w in low), "")

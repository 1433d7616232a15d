"""Judges agents and hits that are handed in as text, for people who want to look."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nurture.core.event import Verdict
from nurture.core.traffic.agents import Lists
from nurture.core.traffic.verdict import Hit, Judgement, judge

_VERDICTS: dict[str, Verdict] = {
    "proxy": "human",
    "person": "human",
    "prefetcher": "machine",
    "machine": "machine",
}
_KINDS = ("open", "click", "form")
_LAST_LINK = (1 << 16) - 1


def inspect_agent(agent: str, lists: Lists) -> dict[str, Any]:
    """What a bare user agent says: `agent`, `verdict`, `reasons`, `certainty` (0..1)."""
    read = lists.agent(agent)
    return {
        "agent": agent,
        "verdict": _VERDICTS.get(read.nature, "unknown"),
        "reasons": [read.name],
        "certainty": read.certainty,
    }


def inspect_hits(lines: Iterable[str], lists: Lists) -> Iterator[dict[str, Any]]:
    """A verdict for each line of JSON, in the order of the lines; hits of one message are judged together.

    A line: `message`, `at`, `kind` (open, click, form), and what is known of `sent_at`, `link` (a number or a
    URL), `agent`, `address`, `method`, `headers`, `gateway`; times are ISO 8601, taken as UTC without a zone.
    Yields `message`, `at`, `kind`, `link`, `verdict`, `reasons`, `certainty`; for a line that cannot be read
    `line` (from 1) and `error`.
    """
    answers: dict[int, dict[str, Any]] = {}
    mails: dict[str, _Mail] = {}
    count = 0
    for number, line in enumerate(lines, 1):
        count = number
        if line.strip():
            try:
                _take(json.loads(line), number, mails)
            except (ValueError, RecursionError) as error:
                answers[number] = {"line": number, "error": f"not a hit: {error}"}
    for mail in mails.values():
        answers |= _judge(mail, lists)
    yield from (answers[number] for number in range(1, count + 1) if number in answers)


@dataclass(slots=True)
class _Mail:
    sent_at: datetime | None
    gateway: str | None
    links: dict[str, int]
    hits: list[tuple[Hit, dict[str, Any]]]


def _take(entry: Any, number: int, mails: dict[str, _Mail]) -> None:
    if not isinstance(entry, dict):
        raise ValueError("a line must be a JSON object")
    message = entry.get("message")
    if message is None or isinstance(message, (dict, list)):
        raise ValueError("it names no message")
    sent_at = _moment(entry["sent_at"], "sent_at") if entry.get("sent_at") else None
    kind = entry.get("kind")
    if kind not in _KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(_KINDS)}")
    at = _moment(entry.get("at"), "at")
    headers = _headers(entry.get("headers"))
    mail = mails.setdefault(str(message), _Mail(None, None, {}, []))
    hit = Hit(
        id=number,
        kind=kind,
        at=at,
        link=0 if kind == "open" else _link(entry.get("link"), mail.links),
        agent=str(entry.get("agent") or ""),
        address=str(entry.get("address") or ""),
        method=str(entry.get("method") or ("POST" if kind == "form" else "GET")),
        headers=headers,
    )
    mail.sent_at = mail.sent_at or sent_at
    mail.gateway = mail.gateway or (str(entry["gateway"]) if entry.get("gateway") else None)
    mail.hits.append((hit, entry))


def _moment(text: object, name: str) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"{name} is no ISO 8601 time")
    at = datetime.fromisoformat(text)
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(f"{name} is out of range") from None


def _headers(headers: object) -> dict[str, str]:
    if headers is not None and not isinstance(headers, dict):
        raise ValueError("headers must be an object")
    return {str(name): str(value) for name, value in (headers or {}).items()}


def _link(link: object, known: dict[str, int]) -> int:
    """Its number; a URL gets one of its own within the message."""
    if link is None or isinstance(link, bool):
        return 0
    if isinstance(link, int) and 0 <= link <= _LAST_LINK:
        return link
    if isinstance(link, str) and link.isascii() and link.isdigit() and len(link) < 6:
        return min(int(link), _LAST_LINK)
    return known.setdefault(str(link), _LAST_LINK - len(known))


def _judge(mail: _Mail, lists: Lists) -> dict[int, dict[str, Any]]:
    judged = judge([hit for hit, _ in mail.hits], mail.sent_at, lists, gateway=mail.gateway)
    return {hit.id: _told(entry, judged[hit.id]) for hit, entry in mail.hits}


def _told(entry: dict[str, Any], judgement: Judgement) -> dict[str, Any]:
    asked = {name: entry.get(name) for name in ("message", "at", "kind", "link")}
    return asked | {
        "verdict": judgement.verdict,
        "reasons": list(judgement.reasons),
        "certainty": judgement.certainty,
    }

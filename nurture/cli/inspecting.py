"""Reads mails, agents and hits from files and says what the program takes them for. Needs no installation."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from nurture.cli.visible import visible
from nurture.core.inbound.reading import Reading, read_body, read_mail
from nurture.core.traffic.agents import shipped_lists
from nurture.core.traffic.inspection import inspect_agent, inspect_hits

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


class _Moment(click.ParamType[datetime]):
    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """An aware moment; without an offset it is UTC."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO 8601 date or time, such as 2026-03-05T09:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.group()
def inspect() -> None:
    """Say what mails, user agents and hits are taken for, and why; nothing is stored."""


@inspect.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@json_option
@click.option("--body", is_flag=True, help="The files are bare bodies, without headers.")
@click.option("--now", type=_Moment(), help="The moment of reading; default: this one.")
def mail(files: tuple[str, ...], *, as_json: bool, body: bool, now: datetime | None) -> None:
    """Read mails (RFC 5322); - is standard input. Dates count from a mail's own Date, else from --now."""
    moment = now or datetime.now(UTC)
    for file, raw in _contents(files):
        reading = (
            read_body(raw.decode("utf-8", "replace"), now=moment) if body else read_mail(raw, now=moment)
        )
        _say(_told(file, reading), as_json=as_json)


@inspect.command()
@click.argument("file")
@json_option
def agents(file: str, *, as_json: bool) -> None:
    """Judge bare user agents, one a line."""
    lists = shipped_lists()
    for _, raw in _contents((file,)):
        for line in _lines(raw):
            _say(inspect_agent(line, lists), as_json=as_json)


@inspect.command()
@click.argument("file")
@json_option
def hits(file: str, *, as_json: bool) -> None:
    """Judge hits, one JSON object a line: message, sent_at, at, kind, link, agent, address, method,
    headers."""
    for _, raw in _contents((file,)):
        for verdict in inspect_hits(_lines(raw), shipped_lists()):
            _say(verdict, as_json=as_json)


def _contents(files: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Each file with its bytes. One that cannot be read is named at once, and in the end the status is 1."""
    failed = False
    for file in files:
        try:
            raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            failed = True
            click.echo(f"nurture: {visible(file)}: {error.strerror}", err=True)
        else:
            yield file, raw
    if failed:
        sys.exit(1)


def _lines(raw: bytes) -> list[str]:
    return raw.decode("utf-8", "replace").removesuffix("\n").split("\n")


def _told(file: str, reading: Reading) -> dict[str, Any]:
    recipients = reading.bounce.recipients if reading.bounce else ()
    back = reading.return_date
    return {
        "file": file,
        "kind": reading.kind,
        "recipients": [
            {name: getattr(recipient, name) for name in _RECIPIENT_FIELDS} for recipient in recipients
        ],
        "delayed": reading.delayed,
        "new_text": reading.new_text,
        "quoted_text": reading.quoted_text,
        "signature": reading.signature,
        "intents": [intent.told() for intent in reading.intents],
        "return_date": back.isoformat() if back else None,
        "alternative_contacts": list(reading.alternative_contacts),
        "language": reading.language,
        "evidence": list(reading.evidence),
    }


_RECIPIENT_FIELDS = ("address", "status", "reply_code", "diagnostic", "hard", "sender_fault", "reason")


def _say(told: dict[str, Any], *, as_json: bool) -> None:
    """One line of JSON, or a line for each thing said; written out at once, so that no reader waits."""
    if as_json:
        click.echo(json.dumps(told))
    else:
        for name, value in told.items():
            for line in _readable(value):
                click.echo(f"{name}: {visible(line)}".encode("utf-8", "replace"))
        click.echo()
    sys.stdout.flush()


def _readable(value: object) -> Iterator[str]:
    """What there is to say of a value, a line for each of several; nothing for an empty one."""
    if isinstance(value, dict):
        yield ", ".join(f"{name} {v}" for name, v in value.items() if v not in ("", None))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _readable(one)
    elif value not in ("", None, False):
        yield from str(value).splitlines()

"""How well bounces are read: figures over a folder of labelled messages.

The folder holds `messages/*.eml`, `not_bounces/*.eml` and `expected.json`: file name → rows of `reason`,
`hard`, `status`, `reply_code`. The labels name no addresses, so the addresses of a report count as right when
there are as many as labelled rows and none is that of its writer or reader, unless our message went there or
a field of the report (RFC 3464) names it.
"""

import hashlib
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nurture.core.inbound.bounce import Bounce, read_bounce
from nurture.core.inbound.bounce_returned import split_returned
from nurture.core.inbound.mail_parser import ParsedMail, find_addresses, parse_mail

Row = Mapping[str, Any]

NOT_REPORTS = {"delivered", "vacation"}


@dataclass(slots=True)
class _Tally:
    reports: int = 0
    recipients_right: int = 0
    rows: int = 0
    hard_right: int = 0
    status_right: int = 0
    statuses: int = 0
    called_bounce: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    read: int = 0


def is_measuring_half(name: str) -> bool:
    """Whether the message is of the half that was measured on before anybody looked into it."""
    return hashlib.sha256(name.encode()).digest()[-1] % 2 == 0


def measure_bounces(folder: Path, names: Collection[str] | None = None) -> dict[str, Any]:
    """Figures over the messages (those in `names`, else all): counts, shares from 0 to 1, messages/s."""
    labels: dict[str, list[Row]] = json.loads((folder / "expected.json").read_text("utf-8"))
    tally = _Tally()
    for path in sorted((folder / "messages").glob("*.eml")):
        if names is None or path.name in names:
            _measure(tally, path, labels.get(path.name))
    for path in sorted((folder / "not_bounces").glob("*.eml")):
        if _read(tally, path)[1] is not None:
            tally.called_bounce.append(path.name)
    return _figures(tally)


def _figures(tally: _Tally) -> dict[str, Any]:
    return {
        "messages": tally.read,
        "recipients_found": _share(tally.recipients_right, tally.reports),
        "recipients_right": tally.recipients_right,
        "reports": tally.reports,
        "hard_as_labelled": _share(tally.hard_right, tally.rows),
        "hard_right": tally.hard_right,
        "rows": tally.rows,
        "status_as_labelled": _share(tally.status_right, tally.statuses),
        "not_bounces_called_bounce": len(tally.called_bounce),
        "errors": len(tally.errors),
        "messages_per_second": tally.read / tally.seconds if tally.seconds else 0.0,
        "wrong": tally.wrong,
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _measure(tally: _Tally, path: Path, rows: Sequence[Row] | None) -> None:
    mail, bounce = _read(tally, path)
    if rows and rows[0]["reason"] in NOT_REPORTS:
        if bounce is not None:
            tally.called_bounce.append(path.name)
        return
    if rows is None and not _is_report(mail, bounce):
        return
    tally.reports += 1
    right = mail is not None and bounce is not None and _addresses_are_right(mail, bounce, rows)
    tally.recipients_right += right
    agreeing = _compare(tally, bounce, rows or ())
    if not right or not agreeing:
        tally.wrong.append(path.name)


def _read(tally: _Tally, path: Path) -> tuple[ParsedMail | None, Bounce | None]:
    raw = path.read_bytes()
    began = time.process_time()
    try:
        mail = parse_mail(raw)
        return mail, read_bounce(mail)
    except Exception as error:
        tally.errors.append(f"{path.name}: {error!r}")
        return None, None
    finally:
        tally.seconds += time.process_time() - began
        tally.read += 1


def _is_report(mail: ParsedMail | None, bounce: Bounce | None) -> bool:
    """An unlabelled file counts when it is a bounce; a bare automatic answer among them does not."""
    return bounce is not None or (mail is not None and bool(mail.delivery_status))


def _addresses_are_right(mail: ParsedMail, bounce: Bounce, rows: Sequence[Row] | None) -> bool:
    found = [recipient.address.lower() for recipient in bounce.recipients]
    original = mail.original or split_returned(mail.text)[1]
    named = {a.lower() for a in original.to_addresses} if original else set()
    named |= {a.lower() for group in mail.delivery_status for a in find_addresses(_recipient_field(group))}
    others = {mail.from_address.lower(), *(a.lower() for a in mail.to_addresses)} - named
    if not found or (rows is not None and len(found) != len(rows)):
        return False
    return not others & set(found)


def _recipient_field(group: Mapping[str, str]) -> str:
    return group.get("final-recipient", "").replace(";", " ")


def _compare(tally: _Tally, bounce: Bounce | None, rows: Sequence[Row]) -> bool:
    recipients = bounce.recipients if bounce else ()
    agreeing = True
    for index, row in enumerate(rows):
        got = recipients[index] if index < len(recipients) else None
        same = got is not None and got.hard == row["hard"]
        tally.rows += 1
        tally.hard_right += same
        agreeing = agreeing and same
        if row["status"] and ".0.9" not in row["status"]:  # x.0.9xx are the labellers' own codes
            tally.statuses += 1
            tally.status_right += got is not None and got.status == row["status"]
    return agreeing

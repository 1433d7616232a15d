"""Mail folders: subject and body as the author wrote them, made into templates ready to render."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nurture.core.sequence import Sequence
from nurture.core.workspace import Mail
from nurture.workspace import values
from nurture.workspace.bodies import make_html, make_text
from nurture.workspace.faults import Notes, Place
from nurture.workspace.mail_source import MailSource, read_template
from nurture.workspace.page import Layout, read_layout
from nurture.workspace.trial import try_mail
from nurture.workspace.yaml_lines import read_yaml

MAX_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class _Draft:
    """The files of one mail; the text part may be left out."""

    subject: MailSource
    body: MailSource
    text: MailSource | None


def read_mails(folder: Path, sequences: Iterable[Sequence], notes: Notes) -> tuple[Mail, ...]:
    """The mails that `sequences` send, by name. `folder` holds one folder per mail, and `layout.html`."""
    if not folder.is_dir():
        notes.fault(Place(str(folder), 1), "this folder is missing: add it, with one folder per mail")
        notes.blind("mail")
        return ()
    there = {path.name: path for path in sorted(folder.iterdir()) if path.is_dir()}
    for name, path in there.items():
        notes.declare("mail", name, Place(str(path), 1))
    wanted = {name for sequence in sequences for name in sequence.mails()} & there.keys()
    layout = read_layout(folder / "layout.html", notes)
    mails = [_read_mail(there[name], layout, notes) for name in sorted(wanted)]
    return tuple(mail for mail in mails if mail)


def _read_mail(folder: Path, layout: Layout, notes: Notes) -> Mail | None:
    mailbox = _read_mailbox(folder / "mail.yaml", notes)
    draft = _read_draft(folder, notes)
    html = make_html(draft.body, layout) if draft else None
    if draft is None or html is None:
        return None
    text_source = draft.text or draft.body
    mail = Mail(folder.name, draft.subject.text.strip(), html, make_text(text_source), mailbox)
    sources = {"subject": draft.subject, "text": text_source, "html": draft.body}
    for part, message, path in try_mail(mail):
        sources[part].fault(message, line=sources[part].line_of(path))
    return mail


def _read_draft(folder: Path, notes: Notes) -> _Draft | None:
    subject = read_template(folder / "subject.txt", notes)
    if subject:
        _check_subject(subject)
    path = _body_path(folder, notes)
    body = read_template(path, notes) if path else None
    own_text = (folder / "body.txt").exists()
    text = read_template(folder / "body.txt", notes) if own_text else None
    if subject is None or body is None or (own_text and text is None):
        return None
    return _Draft(subject, body, text)


def _body_path(folder: Path, notes: Notes) -> Path | None:
    found = [path for path in (folder / "body.md", folder / "body.html") if path.exists()]
    if len(found) == 1:
        return found[0]
    if found:
        notes.fault(Place(str(found[1]), 1), "body.md is there too: remove one of them")
    else:
        notes.fault(Place(str(folder), 1), "this mail has no body: add body.md (Markdown) or body.html")
    return None


def _check_subject(subject: MailSource) -> None:
    written = subject.text.strip()
    if "\n" in written:
        subject.fault("the subject goes on here: write it in one line", line=subject.line_of("\n") + 1)
    if "\t" in written or "=?" in written:
        subject.fault("remove tabs and '=?' from the subject: mail programs read them as something else")
    if len(written) > MAX_SUBJECT:
        subject.fault(f"the subject has more than {MAX_SUBJECT} characters: shorten it")


def _read_mailbox(path: Path, notes: Notes) -> str | None:
    """The mailbox that `mail.yaml` names, where there is one."""
    item = read_yaml(path, notes) if path.exists() else None
    return item.table("mailbox").may("mailbox", values.referred("mailbox"), None) if item else None

"""A small valid workspace on disk, to be spoilt one line at a time."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from nurture.core.workspace import Mail, Workspace
from nurture.workspace.faults import Fault, WorkspaceFaults
from nurture.workspace.load import load_workspace

FILES = {
    "workspace.yaml": """\
name: acme
company: Acme Ltd
postal_address: 1 Long Street, London
time_zone: Europe/London
window: {days: [mon, fri], from: "09:00", to: 17:00}
contact_cap: 2
tracking: off
skip_holidays: no
max_lateness: 4 hours
mailboxes:
  - name: hello
    address: hello@acme.example
    display_name: Acme
    daily_cap: 100
""",
    "stages.yaml": """\
stages:
  - {name: lead, title: Lead, sequence: drip}
  - {name: prospect, title: Prospect}
  - {name: opportunity, title: Opportunity, handoff: yes}
""",
    "rules.yaml": """\
rules:
  - name: warm
    from: [lead]
    to: prospect
    reason: Reads our mails.
    when: {clicked: {since: welcome}}
score:
  decay: 30 days
  points: {clicked: 5, asked_for_pricing: 40}
grade:
  criteria:
    - {attribute: country, in: [NO, SE], points: 20}
  letters: {A: 20, B: 10}
""",
    "team.yaml": """\
reps:
  - name: kim
    email: kim@acme.example
    display_name: Kim
owners:
  Customer.example: kim
""",
    "sequences/drip.yaml": """\
name: drip
title: Drip
priority: 5
steps:
  - email: welcome
  - wait: 3 days
  - email: again
""",
}
MAILS = {
    "layout.html": "<html><body><table><tr><td>{{ content }}</td></tr></table>{{ footer }}</body></html>\n",
    "welcome/subject.txt": "Welcome, {{ contact.given_name|default('friend') }}\n",
    "welcome/body.md": "Hello {{ contact.given_name|default('you') }},\n\nSee [prices]({{ pricing_url }}).\n",
    "again/subject.txt": "Once more\n",
    "again/body.md": "Hello again.\n",
}


@dataclass(frozen=True)
class Desk:
    """The marketer's desk: `folder` holds the workspace, `mails` the mail folders."""

    folder: Path
    mails: Path

    def write(self, path: str, text: str | bytes) -> None:
        root = (
            self.folder
            if path.partition("/")[0] in ("sequences", "replies.yaml", *FILES) or path.endswith(".yml")
            else self.mails
        )
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def change(self, path: str, old: str, new: str) -> None:
        before = {**FILES, **MAILS}[path]
        assert old in before
        self.write(path, before.replace(old, new))

    def load(self) -> Workspace:
        return load_workspace(self.folder, self.mails)

    def mail(self, name: str = "welcome") -> Mail:
        return self.load().mail(name)

    def faults(self) -> tuple[Fault, ...]:
        """What is wrong, with file names as they are below the two folders."""
        with pytest.raises(WorkspaceFaults) as caught:
            self.load()
        return tuple(
            Fault(self._short(fault.file), fault.line, fault.message) for fault in caught.value.faults
        )

    def the_fault(self) -> tuple[str, int, str]:
        """The only thing that is wrong."""
        (fault,) = self.faults()
        return fault.file, fault.line, fault.message

    def _short(self, file: str) -> str:
        path = Path(file)
        root = self.folder if path.is_relative_to(self.folder) else self.mails
        return str(path.relative_to(root))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "workspace", tmp_path / "email")
    for path, text in {**FILES, **MAILS}.items():
        made.write(path, text)
    return made

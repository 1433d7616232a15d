"""The door: the marketer's folders in, one checked Workspace out, or every fault at once."""

from pathlib import Path
from typing import Final

from nurture.core.reaction import ReplyRules
from nurture.core.workspace import Workspace
from nurture.workspace.faults import Notes, Place, instead
from nurture.workspace.funnel import read_rules, read_stages
from nurture.workspace.general import read_general
from nurture.workspace.item import Item, unread
from nurture.workspace.mails import read_mails
from nurture.workspace.replies import read_replies
from nurture.workspace.scoring import NO_GRADE, NO_SCORE, read_grade_model, read_score
from nurture.workspace.sequences import read_sequences
from nurture.workspace.team import read_team
from nurture.workspace.yaml_lines import read_yaml

FILES: Final = ("workspace.yaml", "stages.yaml", "rules.yaml", "team.yaml", "replies.yaml")


def load_workspace(folder: Path, mail_folder: Path) -> Workspace:
    """Read `folder` (its YAML files and `sequences/`) and the mails in `mail_folder`.

    Only `replies.yaml` may be missing. Everything is checked before anything is given back. Raises
    WorkspaceFaults with every fault, each with file and line. Only mails that a sequence sends are read.
    """
    notes = Notes()
    _check_strays(folder, notes)
    general = read_general(_file(folder / "workspace.yaml", notes, "mailbox"))
    sequences = read_sequences(folder / "sequences", notes)
    stages = read_stages(_file(folder / "stages.yaml", notes, "stage"))
    rules = _file(folder / "rules.yaml", notes).table("rules", "score", "grade")
    team = read_team(_file(folder / "team.yaml", notes, "rep"))
    workspace = Workspace(
        **general,
        stages=stages,
        rules=rules.need(
            "rules", lambda item: read_rules(item, stages, [sequence.name for sequence in sequences]), ()
        ),
        score=rules.need("score", read_score, NO_SCORE),
        grade=rules.need("grade", read_grade_model, NO_GRADE),
        reps=team.reps,
        owners=team.owners,
        sequences=sequences,
        mails=read_mails(mail_folder, sequences, notes),
        replies=_replies(folder / "replies.yaml", notes),
    )
    notes.check_references()
    notes.raise_faults()
    return workspace


def _replies(path: Path, notes: Notes) -> ReplyRules:
    """What replies lead to; as shipped where the marketer has said nothing."""
    return read_replies(_file(path, notes)) if path.exists() else ReplyRules()


def _file(path: Path, notes: Notes, *kinds: str) -> Item:
    """The content of a file that declares names of `kinds`."""
    item = read_yaml(path, notes)
    if item is None:
        notes.blind(*kinds)
        return unread(str(path))
    return item


def _check_strays(folder: Path, notes: Notes) -> None:
    """A file that nobody reads is a misspelt one."""
    for path in sorted([*folder.glob("[!.]*"), *folder.glob("sequences/[!.]*")]):
        in_sequences = path.parent != folder
        if path.suffix == ".yml":
            notes.fault(Place(str(path), 1), f"rename this file to {path.stem + '.yaml'!r}")
        elif path.suffix == ".yaml" and not in_sequences and path.name not in FILES:
            notes.fault(Place(str(path), 1), f"unknown file {path.name!r}{instead(path.name, FILES)}")

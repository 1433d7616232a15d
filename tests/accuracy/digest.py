"""Says whether what was learned is as new as the data it was learned from."""

from hashlib import sha256
from pathlib import Path

DATA = Path(__file__).parents[2] / "nurture" / "core" / "data" / "intents"


def digest() -> str:
    """Of the examples, lexicons and rules."""
    told = sha256()
    for path in sorted([*DATA.glob("*.toml"), *DATA.glob("examples/*.toml")]):
        told.update(path.name.encode() + b"\0" + path.read_bytes())
    return told.hexdigest()

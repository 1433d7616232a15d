"""The phrases of notes of absence, from their data file, as tables."""

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from nurture.core.inbound.wording import Phrases


@lru_cache(maxsize=1)
def note_words() -> dict[str, Any]:
    """The data file: language → `away`, `note`, `example`."""
    return tomllib.loads((files("nurture.core") / "data" / "absence.toml").read_text("utf-8"))


@lru_cache(maxsize=64)
def phrases_of(kind: Literal["away", "note"], languages: tuple[str, ...] = ()) -> Phrases[str]:
    """The phrases of one kind in these languages (in all, where none is given); each means its language."""
    chosen = languages or tuple(note_words())
    return Phrases((w, language) for language in chosen for w in note_words().get(language, {}).get(kind, ()))

"""The text part that is made from an HTML body when the author wrote none."""

import re
from collections.abc import Mapping
from typing import Any, Final

from inscriptis import get_text
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.model.config import ParserConfig
from inscriptis.model.tag import CustomHtmlTagHandlerMapping

from nurture.workspace.tags import Tags


def to_text(html: str, tags: Tags) -> str:
    """Readable text with every link's address behind its label: `label (address)`. Tags stay held."""
    text = get_text(html, _CONFIG)
    text = re.sub(r"(?<!\S)(\S+) \(\1\)", r"\1", text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return join_statements(re.sub(r"\n{3,}", "\n\n", text), tags, r"\n+").strip("\n") + "\n"


def join_statements(text: str, tags: Tags, gap: str = r"\n") -> str:
    """Take the line break off a line that holds only statements, so that they leave no blank line."""
    word = tags.word.pattern

    def joined(match: re.Match[str]) -> str:
        held = match[1]
        return "".join(held.split()) if all(map(tags.is_statement, tags.words(held))) else match[0]

    return re.sub(rf"^[ \t]*({word}(?:[ \t]*{word})*)[ \t]*{gap}", joined, text, flags=re.MULTILINE)


def _start_link(state: Any, attributes: Mapping[str, str]) -> None:
    state.link_target = attributes.get("href", "")


def _end_link(state: Any) -> None:
    if state.link_target and not state.link_target.startswith("#"):
        address = state.link_target.removeprefix("mailto:").removeprefix("tel:")
        state.tags[-1].write(f" ({address})")
    state.link_target = ""


_CONFIG: Final = ParserConfig(
    css=STRICT_CSS_PROFILE,
    display_images=True,
    custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(
        start_tag_mapping={"a": _start_link}, end_tag_mapping={"a": _end_link}
    ),
)

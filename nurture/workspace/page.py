"""The page around a body: the shared layout, the standard footer (L07), CSS inlined."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import css_inline

from nurture.core.letter.template import MAIL_ROOTS, check_template
from nurture.workspace.faults import Notes, Place
from nurture.workspace.html_check import HtmlCheck
from nurture.workspace.source_text import read_source
from nurture.workspace.tags import Tags

HTML_FOOTER: Final = (
    '<p class="footer" style="font-size:12px;line-height:18px;color:#6b7280;margin:24px 0 0">'
    '{{ company.name }}<br><span style="white-space:pre-line">{{ company.postal_address }}</span><br>'
    '<a href="{{ unsubscribe_url }}" style="color:#6b7280">Unsubscribe</a> · '
    '<a href="{{ preferences_url }}" style="color:#6b7280">Choose what we send you</a></p>\n'
)
TEXT_FOOTER: Final = (
    "\n-- \n{{ company.name }}\n{{ company.postal_address }}\n\n"
    "Unsubscribe: {{ unsubscribe_url }}\nChoose what we send you: {{ preferences_url }}\n"
)

_SLOT: Final = re.compile(r"\{\{\s*(content|footer)\s*\}\}")
_BODY_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)
_INLINER: Final = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Layout:
    """The page that Markdown bodies are put into, at `{{ content }}` and `{{ footer }}`."""

    source: str = "{{ content }}{{ footer }}"

    def around(self, body: str, footer: str, tags: Tags) -> str:
        """The whole page, tags held; `body` and `footer` have theirs held already."""
        slots = {"content": body, "footer": footer}
        pieces = _SLOT.split(self.source)
        return "".join(slots[piece] if at % 2 else tags.hold(piece) for at, piece in enumerate(pieces))


def read_layout(path: Path, notes: Notes) -> Layout:
    """The layout in `path`; a bare one after noting what is wrong with it."""
    source = read_source(path, notes)
    if source is None:
        return Layout()
    for slot in ("content", "footer"):
        if [match[1] for match in _SLOT.finditer(source)].count(slot) != 1:
            notes.fault(
                Place(str(path), 1), f"the layout must hold {{{{ {slot} }}}} once: put it where it belongs"
            )
    roots = {**MAIL_ROOTS, "content": None, "footer": None}
    faults = [(fault.line, fault.message) for fault in check_template(source, roots=roots)]
    if not faults:
        tags = Tags(source)
        faults = HtmlCheck(tags.hold(source), tags).faults
    for line, message in faults:
        notes.fault(Place(str(path), line), message)
    return Layout() if faults else Layout(source)


def with_footer(page: str, footer: str) -> str:
    """A whole HTML page with `footer` as the last thing of its body."""
    ends = [match.start() for match in _BODY_END.finditer(page)]
    at = ends[-1] if ends else len(page)
    return page[:at] + footer + page[at:]


def inline_css(page: str, tags: Tags) -> str:
    """The page, its `<style>` rules on the elements; media queries stay. Raises css_inline.InlineError."""
    return str(_INLINER.inline(tags.as_comments(page)))

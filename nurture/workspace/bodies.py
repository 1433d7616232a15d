"""From an author's body to the HTML and the text part, both still templates."""

import re
from typing import Final

import css_inline

from nurture.workspace.html_check import HtmlCheck, text_has_footer
from nurture.workspace.mail_source import MailSource
from nurture.workspace.markdown import to_html
from nurture.workspace.page import HTML_FOOTER, TEXT_FOOTER, Layout, inline_css, with_footer
from nurture.workspace.plain_text import join_statements, to_text
from nurture.workspace.tags import Tags

_BRACES: Final = re.compile(r"\{[{%#]")
_BRACES_AS_WRITTEN: Final = re.compile(
    r"\\\{|&#0*123;|&#x0*7b;|&l(?:brace|cub);|\{%-?\s*raw|\{", re.IGNORECASE
)
_HIDDEN_IN_LAYOUT: Final = "the layout hides the footer: move {{ footer }} out of conditions and comments"
_HIDDEN_IN_BODY: Final = (
    "the footer would be hidden: close every comment and <style> before the end of the body"
)


def make_html(source: MailSource, layout: Layout) -> str | None:
    """The HTML part with layout, footer and inlined CSS; None after noting what is wrong with it."""
    tags = Tags(source.text, layout.source, HTML_FOOTER)
    body = _body(source, tags)
    check = HtmlCheck(body, tags)
    for line, message in check.faults:
        source.fault(message, line=line if _is_html(source) else _line_of_quote(source, message))
    if check.faults:
        return None
    footer = "" if check.has_footer else tags.hold(HTML_FOOTER)
    page = with_footer(body, footer) if _is_html(source) else layout.around(body, footer, tags)
    if not HtmlCheck(page, tags).has_footer:
        source.fault(_HIDDEN_IN_BODY if _is_html(source) else _HIDDEN_IN_LAYOUT)
    if _has_braces(source, page):
        return None
    try:
        return tags.put_back(inline_css(page, tags))
    except css_inline.InlineError as error:
        source.fault(f"the CSS cannot be read ({error}): correct it")
        return None


def make_text(source: MailSource) -> str:
    """The text part: the author's own, or one made from the body; with the footer where it lacks one."""
    tags = Tags(source.text, TEXT_FOOTER)
    if source.path.suffix == ".txt":
        text = join_statements(tags.hold(source.text), tags).rstrip("\n") + "\n"
    else:
        text = to_text(_body(source, tags), tags)
    _has_braces(source, text)
    if not text_has_footer(text, tags):
        text += TEXT_FOOTER
    return tags.put_back(text)


def _body(source: MailSource, tags: Tags) -> str:
    held = tags.hold(source.text)
    return held if _is_html(source) else to_html(held, tags)


def _is_html(source: MailSource) -> bool:
    return source.path.suffix == ".html"


def _has_braces(source: MailSource, made: str) -> bool:
    """Braces that come out of entities or escapes would be a template that nobody checked."""
    found = bool(_BRACES.search(made))
    if found:
        written = _BRACES_AS_WRITTEN.search(source.text)
        source.fault(
            "this comes out as braces that look like a template tag: write it without '{{', '{%' or '{#'",
            line=source.line_of(written and written[0]),
        )
    return found


def _line_of_quote(source: MailSource, message: str) -> int:
    quoted = re.search(r"'([^']+)'", message)
    return source.line_of(quoted and quoted[1])

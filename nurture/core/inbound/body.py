"""Which text of a mail shows best what a person wrote: the plain one, unless its HTML is a better witness."""

import re
from collections.abc import Iterable

from nurture.core.inbound.html_text import text_of_html
from nurture.core.inbound.mime import Part, text_of
from nurture.core.inbound.quotation import cut

_PLAIN_TYPES = ("text/plain", "multipart/")  # a multipart leaf is one without boundaries: text after all
_MARKUP = re.compile(r"<(?:html|body|div|p|br|table|span|font)\b[^<>]{0,300}>", re.IGNORECASE)
_MANY_TAGS = 3
_STUB = 3  # a plain text this many times shorter than what the HTML has new says nothing


def best_text(parts: Iterable[Part], limit: int) -> str:
    """The plain text parts that are no attachments, or the HTML parts read as text; at most `limit`
    characters."""
    shown = [part for part in parts if not part.is_attachment]
    plain = _readable("\n".join(text_of(p) for p in shown if p.content_type.startswith(_PLAIN_TYPES)))
    html = "\n".join(text_of_html(text_of(p)) for p in shown if p.content_type == "text/html")
    html, plain = html[:limit], plain[:limit]
    return html if html.strip() and _is_better(html, plain) else plain


def _readable(plain: str) -> str:
    """Some programs send markup under the name of plain text."""
    start = plain[:4_000]
    if start.lstrip()[:1] == "<" and len(_MARKUP.findall(start)) >= _MANY_TAGS:
        return text_of_html(plain)
    return plain


def _is_better(html: str, plain: str) -> bool:
    """HTML is, where the plain text is none, a stub, or does not tell the quotation from the new text."""
    if not plain.strip():
        return True
    of_html = cut(html)
    if len(plain.strip()) * _STUB < len(of_html.new_text):
        return True
    of_plain = cut(plain)
    if of_plain.quoted_text or not of_html.quoted_text or not of_html.own_text:
        return False
    return len(of_html.new_text) < len(of_plain.new_text)

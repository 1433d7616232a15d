"""A trial rendering: a mail must come out whole for a contact we know well and for one we hardly know."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from nurture.core.letter.link import add_pixel, rewrite_links
from nurture.core.letter.message import check_size
from nurture.core.letter.template import MAIL_ROOTS, TemplateError, compile_template
from nurture.core.workspace import Mail

_BASE: Final = "https://tracking.subdomain.company.example/c/"
_ATTRIBUTE: Final = re.compile(r"\bcontact\.attributes\.([a-z][a-z0-9_]*)")
_PATH: Final = re.compile(r"[a-z_]+(?:\.[a-z0-9_]+)+")


def sample_values(*sources: str) -> dict[str, object]:
    """Values for every root a mail knows; attributes are those that `sources` mention."""
    mentioned = {name for source in sources for name in _ATTRIBUTE.findall(source)}
    return {
        "contact": {
            "given_name": "Ada",
            "family_name": "Byron",
            "email": "ada@acme.example",
            "company": "Acme",
            "title": "Head of Operations",
            "country": "GB",
            "attributes": dict.fromkeys(mentioned, "sample"),
        },
        "account": {"name": "Acme", "domain": "acme.example"},
        "sender": {"name": "Sam Sender", "address": "sam@sender.example"},
        "company": {"name": "Sender Ltd", "postal_address": "1 Long Street\nLondon"},
        **_PLAIN_VALUES,
    }


def try_mail(mail: Mail) -> Iterator[tuple[str, str, str | None]]:
    """Render `mail` and give (part, what to change, path of the value it is about) for each thing wrong."""
    parts = {"subject": mail.subject, "text": mail.text, "html": mail.html}
    known = sample_values(*parts.values())
    for values in (known, _hardly_known(known)):
        for part, source in parts.items():
            try:
                rendered = compile_template(source, html=part == "html").render(values)
            except TemplateError as error:
                path = _PATH.search(str(error))
                yield part, str(error), path and path[0]
            else:
                yield from ((part, message, None) for message in _wrong_with(part, rendered))


def _wrong_with(part: str, rendered: str) -> Iterator[str]:
    if part == "subject" and not rendered.strip():
        yield "the subject is empty for a contact without these values: write …|default('…')"
    if part == "html" and (fault := check_size(_as_sent(rendered))):
        yield fault


def _as_sent(html: str) -> str:
    """The HTML with links as long as they will be: a token is its destination and 37 bytes, in base64."""
    tracked, _ = rewrite_links(
        html, lambda _number, url: _BASE + "x" * ((len(url.encode()) + 37) * 4 // 3 + 1)
    )
    return add_pixel(tracked, _BASE + "x" * 50)


def _hardly_known(known: Mapping[str, object]) -> dict[str, object]:
    unknown = dict.fromkeys(("given_name", "family_name", "company", "title", "country"))
    contact: dict[str, object] = {**unknown, "email": "ada@acme.example", "attributes": {}}
    return {**known, "contact": contact, "account": {"name": None, "domain": None}}


_PLAIN_VALUES: Final = {
    root: "https://t.sender.example/" + root if root.endswith("_url") else "2026-01-05"
    for root, attributes in MAIL_ROOTS.items()
    if attributes is None
}

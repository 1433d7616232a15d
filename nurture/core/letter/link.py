"""The links of a mail's HTML: made trackable, checked, and nothing else touched (T11)."""

import html as html_library
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from typing import Final

from nurture.core.letter.markup import Attribute, Tag, iter_tags

_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_LINK: Final = re.compile(r"https?://[^/?#]|mailto:|tel:|cid:|#", re.IGNORECASE)
_IMAGE: Final = re.compile(r"https?://[^/?#]|cid:|data:image/", re.IGNORECASE)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_EDGES: Final = "".join(map(chr, range(0x21)))
_LINK_ATTRIBUTES: Final = frozenset({"href", "xlink:href", "action", "formaction", "longdesc", "cite"})
_IMAGE_ATTRIBUTES: Final = frozenset({"src", "background", "poster", "lowsrc", "dynsrc"})
MAX_FAULTS: Final = 50


def rewrite_links(
    html: str,
    track: Callable[[int, str], str],
    *,
    keep: Collection[str] = (),
    keep_prefixes: tuple[str, ...] = (),
) -> tuple[str, list[str]]:
    """Replace each web link of `html` by `track(number, url)`; also give the destinations in that order.

    A web link is the `href` of an `<a>` or `<area>` with http or https. Left alone are all other schemes,
    the URLs in `keep` (unsubscribe, preferences), those that begin with one of `keep_prefixes` (already
    tracked ones), and elements with `data-track="off"`. Numbers count from 1; `url` is unescaped; what
    `track` returns is escaped. Every other character of `html` stays.
    """
    kept = frozenset(_stripped(url) for url in keep)
    pieces: list[str] = []
    destinations: list[str] = []
    copied = 0
    for href in _web_links(html):
        url = _stripped(href.value)
        if url in kept or (keep_prefixes and url.startswith(keep_prefixes)):
            continue
        destinations.append(url)
        tracked = html_library.escape(track(len(destinations), url))
        pieces += (html[copied : href.start], _requoted(html[href.start], tracked))
        copied = href.end
    return "".join((*pieces, html[copied:])), destinations


def check_links(html: str) -> list[str]:
    """List what is wrong with the addresses in rendered `html`, as `line N: …`; at most 50 faults.

    Links lead to http, https, mailto, tel, cid or `#`; images come from http, https, cid or data:image.
    Anything else is a fault, whatever it is disguised with: it has no scheme we know.
    """
    line_ends = [match.start() for match in re.finditer("\n", html)]
    faults: list[str] = []
    for tag in iter_tags(html):
        for attribute in tag.attributes:
            fault = _address_fault(tag, attribute)
            if fault is not None:
                faults.append(f"line {bisect_left(line_ends, tag.start) + 1}: {fault}")
        if len(faults) >= MAX_FAULTS:
            break
    return faults[:MAX_FAULTS]


def add_pixel(html: str, url: str) -> str:
    """Put an invisible image of `url` before the last `</body>` that is a tag, or at the end."""
    ends = [tag.start for tag in iter_tags(html) if tag.closing and tag.name == "body"]
    place = ends[-1] if ends else len(html)
    source = html_library.escape(url)
    pixel = f'<img src="{source}" width="1" height="1" alt="" style="display:block;border:0">'
    return html[:place] + pixel + html[place:]


def _web_links(html: str) -> Iterator[Attribute]:
    for tag in iter_tags(html):
        href = tag.find("href")
        if tag.closing or tag.name not in ("a", "area") or href is None:
            continue
        switch = tag.find("data-track")
        off = switch is not None and switch.value.strip().lower() == "off"
        if not off and _WEB.match(_stripped(href.value)):
            yield href


def _stripped(url: str) -> str:
    """The URL as a browser takes it: without blanks around it, tabs and line ends (URL standard §4.4)."""
    return re.sub("[\t\n\r]", "", url.strip(_EDGES))


def _requoted(first: str, value: str) -> str:
    quote = first if first in ('"', "'") else '"'
    return f"{quote}{value}{quote}"


def _address_fault(tag: Tag, attribute: Attribute) -> str | None:
    is_link = attribute.name in _LINK_ATTRIBUTES
    if tag.closing or not (is_link or attribute.name in _IMAGE_ATTRIBUTES):
        return None
    shown = ascii(attribute.value[:80])
    place = f"<{tag.name[:20]} {attribute.name}={shown}>"
    url = attribute.value.strip(_EDGES)
    if _CONTROLS.search(url):
        return f"{place} has a control character or a line end in it: remove it"
    if is_link and not _LINK.match(url):
        return f"{place} must begin with https://, http://, mailto:, tel:, cid: or #"
    if not is_link and not _IMAGE.match(url):
        return f"{place} must begin with https://, http://, cid: or data:image/"
    return None

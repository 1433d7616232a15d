"""What a mail's HTML may hold, and whether it shows everyone an unsubscribe link and the postal address."""

import re
from html.parser import HTMLParser
from typing import Final

from nurture.workspace.tags import Tags

URL_ROOTS: Final = ("pricing_url", "unsubscribe_url", "preferences_url")
MAX_DEPTH: Final = 100
MAX_TAGS: Final = 4_000

_REFUSED: Final = {
    *("script", "iframe", "frame", "object", "embed", "applet", "base", "link"),
    *("form", "input", "button", "textarea", "select", "video", "audio", "template", "noscript"),
}
_VOID: Final = {"area", "br", "col", "hr", "img", "meta", "source", "track", "wbr", *_REFUSED}
_UNSHOWN: Final = {"style", "title", "head"}
_LINK: Final = re.compile(r"https?://[^\s/?#]+|mailto:\S+|tel:\S+|#", re.IGNORECASE)
_IMAGE: Final = re.compile(r"https?://[^\s/?#]+|cid:\S+", re.IGNORECASE)


class HtmlCheck(HTMLParser):
    """Walks HTML whose tags are held. `faults`: (line, what to change); `has_footer`: fulfils L07."""

    def __init__(self, html: str, tags: Tags) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[tuple[int, str]] = []
        self._tags = tags
        self._open: list[str] = []
        self._conditions = 0
        self._shown: set[str] = set()
        last_comment = html.rfind("<!--")
        if html.count("<") > MAX_TAGS:
            self._fault(f"this has more than {MAX_TAGS:,} tags, too many for a mail: shorten it")
        elif last_comment > html.rfind("-->"):
            line = html.count("\n", 0, last_comment) + 1
            self.faults.append((line, "this comment never ends: close it with '-->'"))
        else:
            self.feed(html)
            self.close()

    @property
    def has_footer(self) -> bool:
        return {"unsubscribe_url", "company.postal_address"} <= self._shown

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _REFUSED:
            self._fault(f"<{tag}> does not work in mails: remove it")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if tag not in _VOID:
            self._open.append(tag)
            if len(self._open) == MAX_DEPTH:
                self._fault(f"elements are nested {MAX_DEPTH} levels deep here: flatten them")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        for word in self._tags.words(data):
            self._conditions += self._tags.depth_change(word)
            self._show(word, "company.postal_address")

    def handle_comment(self, data: str) -> None:
        for word in self._tags.words(data):
            self._conditions += self._tags.depth_change(word)

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on"):
            self._fault(f"{name}= does not work in mails: remove it")
        elif tag in ("a", "area") and name == "href":
            self._href(value.strip())
        elif name in ("src", "background") and not self._is_address(value, _IMAGE):
            self._fault(
                f"the image {self._tags.put_back(value)!r} is no whole address: begin it with https://"
            )
        elif tag == "meta" and name == "http-equiv" and value.strip().lower() == "refresh":
            self._fault("<meta> refresh does not work in mails: remove it")

    def _href(self, href: str) -> None:
        held = self._tags.word.fullmatch(href)
        if held and self._tags.expression(href) in URL_ROOTS:
            self._show(href, "unsubscribe_url")
        elif not self._is_address(href, _LINK):
            shown = self._tags.put_back(href)
            self._fault(
                f"the link {shown!r} is no whole address: begin it with https:// or use {{{{ pricing_url }}}}"
            )

    def _is_address(self, address: str, allowed: re.Pattern[str]) -> bool:
        match = allowed.match(address)
        return bool(match and not (match[0].lower().startswith("http") and self._tags.word.search(match[0])))

    def _show(self, word: str, wanted: str) -> None:
        everyone_sees_it = not self._conditions and _UNSHOWN.isdisjoint(self._open)
        if everyone_sees_it and self._tags.expression(word) == wanted:
            self._shown.add(wanted)

    def _fault(self, message: str) -> None:
        self.faults.append((self.getpos()[0], message))


def text_has_footer(text: str, tags: Tags) -> bool:
    """Whether a text shows everyone the unsubscribe link and the postal address."""
    shown, conditions = set(), 0
    for word in tags.words(text):
        conditions += tags.depth_change(word)
        if not conditions:
            shown.add(tags.expression(word))
    return {"unsubscribe_url", "company.postal_address"} <= shown

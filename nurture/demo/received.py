"""A mail as its recipient sees it: whom to answer, what to load, where its links lead."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from typing import Final

_IDS: Final = re.compile(r"<[^<>\s]+>")
_WEB_URI: Final = re.compile(r"<(https?://[^<>\s]+)>")
_HANDOFF_URL: Final = re.compile(r"https?://\S+/h/\S+")


@dataclass(frozen=True, slots=True)
class Received:
    """One mail out of the mailbox. `at`: when it arrived, in seconds since 1970; `recipient` of its envelope.

    `pixel` and `unsubscribe` are "" where there is none; `links` are all hrefs that lead to the web.
    """

    seq: int
    at: float
    return_path: str
    recipient: str
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    subject: str
    date: datetime
    from_name: str
    from_address: str
    reply_address: str
    unsubscribe: str
    one_click: bool
    text: str
    pixel: str
    links: tuple[str, ...]
    headers: str

    @property
    def tracked(self) -> tuple[str, ...]:
        """The links whose use is noticed."""
        return tuple(link for link in self.links if "/c/" in link)

    @property
    def prices(self) -> str:
        """The link to the page on which one asks for prices, or ""."""
        return next((link for link in self.links if "/p/" in link), "")

    @property
    def handoff(self) -> str:
        """The page on which a rep answers, or ""."""
        found = _HANDOFF_URL.search(self.text)
        return found[0] if found else ""


def read_mail(raw: bytes, *, seq: int, at: float, sender: str, recipient: str) -> Received:
    """What the bytes of a mail say; its envelope's `sender` and `recipient`."""
    mail = BytesParser(policy=policy.default).parsebytes(raw)
    page = _Page()
    page.feed(_part(mail, "html"))
    author = mail["From"].addresses[0]
    answer_to = mail["Reply-To"].addresses[0] if mail["Reply-To"] else author
    unsubscribe = _WEB_URI.search(str(mail.get("List-Unsubscribe", "")))
    return Received(
        seq=seq,
        at=at,
        return_path=sender,
        recipient=recipient,
        message_id=str(mail["Message-ID"]).strip(),
        in_reply_to=str(mail.get("In-Reply-To", "")).strip(),
        references=tuple(_IDS.findall(str(mail.get("References", "")))),
        subject=str(mail["Subject"]),
        date=mail["Date"].datetime,
        from_name=author.display_name,
        from_address=author.addr_spec,
        reply_address=answer_to.addr_spec,
        unsubscribe=unsubscribe[1] if unsubscribe else "",
        one_click=str(mail.get("List-Unsubscribe-Post", "")) == "List-Unsubscribe=One-Click",
        text=_part(mail, "plain"),
        pixel=page.pixel,
        links=tuple(page.links),
        headers=raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace") + "\r\n",
    )


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pixel = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        href, source = values.get("href", ""), values.get("src", "")
        if tag == "a" and href.startswith("http") and href not in self.links:
            self.links.append(href)
        if tag == "img" and "/o/" in source:
            self.pixel = source

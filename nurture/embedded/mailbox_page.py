"""The page of the development mailbox: list, search, read; and the same as JSON for programs.

/?to=PART&before=SEQ     newest first      /messages.json?after=SEQ   oldest first
/messages/SEQ            to read           /messages/SEQ.html         the HTML part alone
/messages/SEQ.eml        as it arrived
"""

import json
import re
import socketserver
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nurture.embedded.errors import EmbeddedError
from nurture.embedded.mail_store import MailStore, StoredMail, envelope_fields
from nurture.embedded.mail_view import framed_html, view_mail

PAGE_SIZE = 100
# Another name that leads here is DNS rebinding: a foreign page that wants to read the mails.
LOOPBACK_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
ONE_MAIL = re.compile(r"/messages/(\d{1,15})(|\.eml|\.html)")
NUMBER = re.compile(r"\d{1,15}")
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; script-src 'none'; default-src 'none'; "
    "style-src 'unsafe-inline' http: https:; img-src http: https: data:; font-src http: https: data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class MailboxPage(ThreadingHTTPServer):
    """Serves a store. Raises EmbeddedError when the port is taken."""

    daemon_threads = True
    allow_reuse_port = False

    def __init__(self, host: str, port: int, store: MailStore) -> None:
        self.store = store
        try:
            super().__init__((host, port), Request)
        except OSError as error:
            raise EmbeddedError(
                f"cannot listen on port {port}: {error.strerror}; choose another with --http-port"
            ) from error

    def server_bind(self) -> None:
        """Without the parent's look-up of the host's full name, which may wait for a name server."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]


class Request(BaseHTTPRequestHandler):
    """One request to a MailboxPage."""

    server: MailboxPage
    timeout = 30

    def do_GET(self) -> None:
        """Answers from the store."""
        host = self.headers.get("Host", "")
        if LOOPBACK_HOST.fullmatch(host):
            answer = answer_get(self.server.store, self.path, f"http://{host}")
        else:
            answer = _fault(HTTPStatus.FORBIDDEN, "This mailbox answers to localhost and 127.0.0.1 only.")
        self.send_response(answer.status)
        headers = {
            "Content-Type": answer.content_type,
            "Content-Length": str(len(answer.body)),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": PAGE_POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        for name, value in (headers | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: addresses are searched for in the URL."""


def answer_get(store: MailStore, target: str, base_url: str) -> Answer:
    """The answer to GET `target` (path and query)."""
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.path == "/":
        return _list(store, query.get("to", "").strip(), query.get("before", ""))
    if parts.path == "/messages.json":
        return _json(store, query.get("after", "0"), base_url)
    matched = ONE_MAIL.fullmatch(parts.path)
    mail = store.get(int(matched[1])) if matched else None
    if matched is None or mail is None:
        return _fault(HTTPStatus.NOT_FOUND, "No such message; only the newest are kept.")
    try:
        return _one(mail, matched[2], mail.raw())
    except FileNotFoundError:
        return _fault(HTTPStatus.NOT_FOUND, "This message's file is gone.")


def _list(store: MailStore, to: str, before: str) -> Answer:
    wanted = to.lower()
    newest_first = reversed(store.after(0))
    found = [mail for mail in newest_first if any(wanted in address.lower() for address in mail.recipients)]
    if NUMBER.fullmatch(before):
        found = [mail for mail in found if mail.seq < int(before)]
    return _page("list.html", mails=found[:PAGE_SIZE], to=to, more=len(found) > PAGE_SIZE)


def _json(store: MailStore, after: str, base_url: str) -> Answer:
    if not NUMBER.fullmatch(after):
        return _fault(HTTPStatus.BAD_REQUEST, "after must be the number of a message.")
    mails = [
        envelope_fields(mail) | {"url": f"{base_url}/messages/{mail.seq}"} for mail in store.after(int(after))
    ]
    return Answer(HTTPStatus.OK, "application/json", json.dumps(mails).encode())


def _one(mail: StoredMail, form: str, raw: bytes) -> Answer:
    if form == ".eml":
        headers = {"Content-Disposition": f'attachment; filename="{mail.seq}.eml"'}
        return Answer(HTTPStatus.OK, "message/rfc822", raw, headers)
    view = view_mail(raw)
    if form == "":
        return _page("mail.html", mail=mail, view=view, size=len(raw))
    if view.html is None:
        return _fault(HTTPStatus.NOT_FOUND, "This message has no HTML part.")
    body = framed_html(view.html).encode("utf-8", "replace")
    return Answer(HTTPStatus.OK, "text/html; charset=utf-8", body, {"Content-Security-Policy": MAIL_POLICY})


def _page(name: str, **values: object) -> Answer:
    body = PAGES.get_template(name).render(values).encode("utf-8", "replace")
    return Answer(HTTPStatus.OK, "text/html; charset=utf-8", body)


def _fault(status: HTTPStatus, message: str) -> Answer:
    return Answer(status, "text/plain; charset=utf-8", f"{message}\n".encode())

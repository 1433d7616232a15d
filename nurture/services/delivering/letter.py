"""Makes the mail of a touch: renders it for the contact, rewrites its links, builds the final bytes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from markupsafe import escape

from nurture.core.letter.link import add_pixel, check_links, rewrite_links
from nurture.core.letter.message import Envelope, Letter, build_message, check_size, message_id_for
from nurture.core.letter.template import Template, compile_template
from nurture.core.token import Purpose, Token
from nurture.ports import App
from nurture.services.delivering.checking import Cap, Checked
from nurture.store import contacts, messages
from nurture.store.session import Session
from nurture.store.tables import Contact, Message, Touch


class Unusable(Exception):
    """The mail cannot be made for this contact; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mail ready for DATA. `rfc_id` has no angle brackets; `links` are the destinations in order.

    `caps` are those it has been counted against.
    """

    envelope: Envelope
    raw: bytes
    rfc_id: str
    mailbox: str
    subject: str
    links: tuple[str, ...]
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True, slots=True)
class _Urls:
    pricing: str
    unsubscribe: str
    preferences: str
    return_path: str


def prepare(app: App, session: Session, touch: Touch, checked: Checked, now: datetime) -> Prepared:
    """The final bytes of a touch's mail; raises Unusable."""
    urls = _urls(app, touch, checked)
    thread = messages.list_thread(session, checked.enrollment.id) if checked.step.thread else ()
    try:
        subject, html, text = _render(session, checked, urls)
        _refuse_unlawful(checked, urls, html, text)
        html, links = _track(app, touch, checked, urls, html)
        letter = _letter(app, touch, checked, urls, (_steady(thread, subject), html, text), thread, now)
        raw = app.signer.sign(build_message(letter))
    except ValueError as error:
        # A template, a header or a link that cannot be: one such mail must not hold up the others.
        raise Unusable(str(error)) from error
    return Prepared(
        envelope=Envelope(urls.return_path, checked.contact.email),
        raw=raw,
        rfc_id=letter.message_id.strip("<>"),
        mailbox=checked.mailbox.name,
        subject=letter.subject,
        links=tuple(links),
    )


def _render(session: Session, checked: Checked, urls: _Urls) -> tuple[str, str, str]:
    mail = checked.workspace.mail(checked.step.mail)
    values = _values(session, checked, urls)
    subject = _compiled(mail.subject, html=False).render(values)
    html = _compiled(mail.html, html=True).render(values)
    text = _compiled(mail.text, html=False).render(values)
    return " ".join(subject.split()), html, text


@lru_cache(maxsize=2048)
def _compiled(source: str, *, html: bool) -> Template:
    return compile_template(source, html=html)


def _values(session: Session, checked: Checked, urls: _Urls) -> Mapping[str, object]:
    account = contacts.account_of(session, checked.contact)
    return {
        "contact": _contact_values(checked.contact),
        "account": {
            "name": (account.name or account.domain) if account else None,
            "domain": account.domain if account else None,
        },
        "sender": {"name": checked.mailbox.display_name, "address": checked.mailbox.address},
        "company": {
            "name": checked.workspace.company,
            "postal_address": checked.workspace.postal_address,
        },
        "pricing_url": urls.pricing,
        "unsubscribe_url": urls.unsubscribe,
        "preferences_url": urls.preferences,
    }


def _contact_values(contact: Contact) -> dict[str, object]:
    fields = ("given_name", "family_name", "email", "company", "title", "country")
    return {name: getattr(contact, name) for name in fields} | {"attributes": contact.attributes}


def _urls(app: App, touch: Touch, checked: Checked) -> _Urls:
    base = app.settings.base_url

    def link(path: str, purpose: Purpose) -> str:
        return f"{base}/{path}/{app.keyring.sign(Token(purpose, checked.contact.id, touch.id))}"

    domain = app.settings.bounce_domain or checked.mailbox.address.rpartition("@")[2]
    return _Urls(
        pricing=link("p", Purpose.PRICING),
        unsubscribe=link("u", Purpose.UNSUBSCRIBE),
        preferences=link("prefs", Purpose.PREFERENCES),
        return_path=f"b-{app.keyring.sign_return_path(touch.id)}@{domain}",
    )


def _track(app: App, touch: Touch, checked: Checked, urls: _Urls, html: str) -> tuple[str, list[str]]:
    """Rewrite the links and add the pixel, unless the workspace or the contact is not tracked."""
    faults = check_links(html)
    if faults:
        raise Unusable(faults[0])
    links: list[str] = []
    if checked.workspace.tracking == "individual" and checked.contact.tracking:
        base, contact_id = app.settings.base_url, checked.contact.id

        def track(number: int, url: str) -> str:
            token = Token(Purpose.CLICK, contact_id, touch.id, number, url)
            return f"{base}/c/{app.keyring.sign(token)}"

        keep = (urls.unsubscribe, urls.preferences, urls.pricing)
        html, links = rewrite_links(html, track, keep=keep)
        html = add_pixel(html, f"{base}/o/{app.keyring.sign(Token(Purpose.OPEN, contact_id, touch.id))}.gif")
    fault = check_size(html)
    if fault:
        raise Unusable(fault)
    return html, links


def _refuse_unlawful(checked: Checked, urls: _Urls, html: str, text: str) -> None:
    """No mail goes out that does not say who sends it and how to end it, in both of its parts."""
    address = checked.workspace.postal_address.strip().partition("\n")[0]
    for part, said in ((html, str(escape(address))), (text, address)):
        if urls.unsubscribe not in part:
            raise Unusable("it has no unsubscribe link: put {{ unsubscribe_url }} into its body")
        if not address or said not in part:
            raise Unusable("it has no postal address: put {{ company.postal_address }} into its body")


def _letter(
    app: App,
    touch: Touch,
    checked: Checked,
    urls: _Urls,
    content: tuple[str, str, str],
    thread: Sequence[Message],
    now: datetime,
) -> Letter:
    subject, html, text = content
    mailbox, contact = checked.mailbox, checked.contact
    domain = mailbox.address.rpartition("@")[2]
    references = tuple(f"<{message.rfc_id}>" for message in thread)
    return Letter(
        from_name=mailbox.display_name,
        from_address=mailbox.address,
        to_name=" ".join(part for part in (contact.given_name, contact.family_name) if part),
        to_address=contact.email,
        subject=subject,
        html=html,
        text=text,
        message_id=message_id_for(app.keyring.derive("message-id"), touch.id, domain),
        date=now,
        reply_to=mailbox.reply_to,
        in_reply_to=references[-1] if references else None,
        references=references,
        list_id=f"{_slug(checked.workspace.name)}.{domain}",
        list_unsubscribe_url=urls.unsubscribe,
        list_unsubscribe_mailto=f"{urls.return_path}?subject=unsubscribe",
    )


def _steady(thread: Sequence[Message], subject: str) -> str:
    """A follow-up keeps the subject of the mail that opened its thread, or readers would split it."""
    if not thread:
        return subject
    opening = thread[0].subject
    return opening if opening.startswith("Re: ") else f"Re: {opening}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "mail"

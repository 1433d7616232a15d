"""The mails that go out: what is in them, to whom, and what may never leave."""

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from nurture.core.sequence import EmailStep, Sequence, WaitStep
from nurture.core.token import Purpose
from nurture.core.workspace import Mail
from nurture.store import contacts, messages
from tests.make import (
    NOON,
    create_enrollment,
    create_lead,
    create_workspace,
    list_enrollments,
    list_touches,
    mail,
    plan_and_send,
    workspace,
)
from tests.services.conftest import Site

BASE = "http://127.0.0.1:8000"


def test_d01_every_mail_says_who_sends_it_and_how_to_end_it(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session, family_name="Doe")
    assert plan_and_send(site.app) == 1
    sent = read(site.server.raw[0])
    touch = list_touches(site.app, jane)["first"]
    assert sent["From"] == "Mia of Meridian <hello@meridian.example>"
    assert sent["To"] == "Jane Doe <jane@acme.example>"
    assert sent["Subject"] == "A guide for Acme"
    assert sent["Date"].datetime == NOON
    assert sent["List-Id"] == "<meridian.meridian.example>"
    assert re.fullmatch(rf"<t{touch.id}\.[0-9a-f]{{32}}@meridian\.example>", sent["Message-ID"])
    web, mailto = re.findall(r"<([^>]+)>", sent["List-Unsubscribe"])
    assert web.startswith(f"{BASE}/u/")
    token = site.app.keyring.verify(web.rpartition("/")[2], Purpose.UNSUBSCRIBE)
    assert token is not None
    assert (token.contact_id, token.message_id) == (jane, touch.id)
    assert sent.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    [return_path] = [line for line in site.server.commands if line.startswith("MAIL FROM")]
    bounces = return_path.partition("<")[2].partition(">")[0]
    assert mailto == f"mailto:{bounces}?subject=unsubscribe"
    assert site.app.keyring.verify_return_path(bounces.partition("@")[0].removeprefix("b-")) == touch.id


def test_a_mail_is_tracked_and_kept_as_it_was_sent(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
    plan_and_send(site.app)
    html = part(site.server.raw[0], "html")
    assert html.count(f'href="{BASE}/c/') == 1
    assert html.count(f'src="{BASE}/o/') == 1
    assert len(re.findall(rf'href="{BASE}/(?:p|u)/', html)) == 2
    with site.app.sessions() as session:
        [kept] = messages.list_for_contact(session, jane)
    assert kept.links == ["https://meridian.example/guide?a=1&b=2"]
    assert (kept.subject, kept.mailbox, kept.sent_at) == ("A guide for Acme", "hello", NOON)
    assert f"<{kept.rfc_id}>" == read(site.server.raw[0])["Message-ID"]


def test_l01_no_pixel_and_no_rewritten_link_where_a_person_is_not_tracked(site: Site) -> None:
    with site.app.sessions() as session:
        create_lead(session, tracking=False)
    plan_and_send(site.app)
    assert_untracked(site.server.raw[0])


def test_l01_no_pixel_and_no_rewritten_link_where_the_workspace_does_not_track(site: Site) -> None:
    with site.app.sessions() as session:
        create_workspace(session, tracking="off")
        create_lead(session)
    plan_and_send(site.app)
    assert_untracked(site.server.raw[0])


def test_d05_follow_ups_stay_in_the_thread(site: Site) -> None:
    day = timedelta(days=1)
    steps = (
        EmailStep("one", "rest", "one"),
        WaitStep("rest", "two", day),
        EmailStep("two", "more", "two"),
        WaitStep("more", "three", day),
        EmailStep("three", "new", "three"),
        WaitStep("new", "apart", day),
        EmailStep("apart", None, "apart", thread=False),
    )
    mails = tuple(mail(name, subject=f"About {name}") for name in ("one", "two", "three", "apart"))
    with site.app.sessions() as session:
        sequences = (Sequence("lead-education", "Education", 10, "one", steps), *workspace().sequences[1:])
        create_workspace(session, sequences=sequences, mails=(*mails, *workspace().mails))
        create_lead(session)
    for _ in steps:
        plan_and_send(site.app)
        site.clock.forward(days=1)
    one, two, three, apart = (read(raw) for raw in site.server.raw)
    assert [one["In-Reply-To"], one["References"]] == [None, None]
    assert two["In-Reply-To"] == two["References"] == one["Message-ID"]
    assert three["In-Reply-To"] == two["Message-ID"]
    assert three["References"].split() == [one["Message-ID"], two["Message-ID"]]
    assert [m["Subject"] for m in (one, two, three)] == ["About one", "Re: About one", "Re: About one"]
    assert [apart["Subject"], apart["In-Reply-To"], apart["References"]] == ["About apart", None, None]


def test_d06_a_mail_that_gmail_would_clip_is_not_sent(site: Site) -> None:
    long = mail("first")
    publish(site, replace(long, html=long.html.replace("<p>Hello", f"<p>{'x' * 99_000}</p><p>Hello")))
    jane = refused(site)
    note = list_touches(site.app, jane)["first"].note or ""
    assert re.search(r"the HTML has 99,\d\d\d bytes after rewriting its links", note)


@pytest.mark.parametrize("kind", ["html", "text"])
@pytest.mark.parametrize(
    ("missing", "cure"),
    [("{{ unsubscribe_url }}", "no unsubscribe link"), ("{{ company.postal_address }}", "no postal address")],
)
def test_l07_no_mail_without_postal_address_and_unsubscribe_link(
    site: Site, kind: str, missing: str, cure: str
) -> None:
    whole = mail("first")
    publish(site, replace(whole, **{kind: getattr(whole, kind).replace(missing, "nothing")}))
    jane = refused(site)
    assert cure in (list_touches(site.app, jane)["first"].note or "")


def test_l07_an_empty_postal_address_is_none(site: Site) -> None:
    publish(site, mail("first"), postal_address=" ")
    jane = refused(site)
    assert "no postal address" in (list_touches(site.app, jane)["first"].note or "")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("https://meridian.example/{{ contact.attributes.long }}", "too long"),
        ("{{ contact.attributes.script }}", "href"),
        ("https://meridian.example/{{ contact.attributes.absent }}", "absent has no value"),
    ],
)
def test_a_mail_that_cannot_be_made_does_not_hold_up_the_others(site: Site, template: str, why: str) -> None:
    whole = mail("first")
    html = whole.html.replace("https://meridian.example/guide?a=1&amp;b=2", template)
    publish(site, replace(whole, html=html))
    attributes = {"long": "x" * 4000, "script": "javascript:alert(1)"}
    with site.app.sessions() as session:
        jane = create_lead(session, attributes=attributes)
        good = {"long": "x", "script": "https://x.example/", "absent": "here"}
        create_lead(session, "good@acme.example", attributes=good)
    assert plan_and_send(site.app) == 2
    assert site.server.delivered == ["good@acme.example"]
    touch = list_touches(site.app, jane)["first"]
    assert touch.state == "failed"
    assert why in (touch.note or "")


def test_x08_names_and_fields_cannot_add_headers(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session, company="Acme\r\nBcc: all@x.example")
        ada = create_lead(session, "ada@acme.example", given_name="=?utf-8?q?a=0ABcc:_x@y.z?=")
    plan_and_send(site.app)
    assert site.server.delivered == ["jane@acme.example"]
    assert read(site.server.raw[0])["Bcc"] is None
    assert read(site.server.raw[0])["Subject"] == "A guide for Acme Bcc: all@x.example"
    assert list_touches(site.app, jane)["first"].state == "sent"
    assert "To holds a control character" in (list_touches(site.app, ada)["first"].note or "")


def test_two_sequences_do_not_share_a_thread(site: Site) -> None:
    with site.app.sessions() as session:
        jane = create_lead(session)
        create_enrollment(session, contacts.get(session, jane), "prospect-evaluation")
    plan_and_send(site.app)
    assert [read(raw)["In-Reply-To"] for raw in site.server.raw] == [None, None]


def publish(site: Site, first: Mail, **changes: Any) -> None:
    """The usual workspace with another first mail."""
    with site.app.sessions() as session:
        create_workspace(session, mails=(first, *workspace().mails[1:]), **changes)


def refused(site: Site) -> int:
    """A lead whose first mail is not sent, for good: its sequence ends there. The contact's id."""
    with site.app.sessions() as session:
        jane = create_lead(session)
    assert plan_and_send(site.app) == 1
    assert site.server.delivered == []
    assert list_touches(site.app, jane)["first"].state == "failed"
    assert list_enrollments(site.app, jane)["lead-education"].state == "stopped"
    assert plan_and_send(site.app) == 0
    return jane


def assert_untracked(raw: bytes) -> None:
    html = part(raw, "html")
    assert 'href="https://meridian.example/guide?a=1&amp;b=2"' in html
    assert "<img" not in html
    assert f"{BASE}/c/" not in html
    assert f"{BASE}/o/" not in html
    assert f"{BASE}/u/" in html


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def part(raw: bytes, kind: str) -> str:
    found = read(raw).get_body((kind,))
    assert found is not None
    return str(found.get_content())

"""`/u/<token>` and `/prefs/<token>`: leaving, by page or by mail program, and choosing."""

import re
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from nurture.core.token import Purpose
from nurture.store import contacts, suppressions


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"data": {"List-Unsubscribe": "One-Click"}, "content_type": "multipart/form-data"},
    ],
)
def test_d02_one_click(world: Any, body: dict[str, Any]) -> None:
    url = f"/u/{world.token(Purpose.UNSUBSCRIBE, 0)}"
    answer = world.web.test_client(use_cookies=False).post(url, **body)
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert reason_of_suppression(world) == "unsubscribed"
    assert world.client.post(url, **body).status_code == 200
    assert world.count_events() == 1


def test_d02_it_works_400_days_later_and_after_the_key_was_changed(world: Any) -> None:
    url = f"/u/{world.token(Purpose.UNSUBSCRIBE)}"
    world.moment += timedelta(days=400)
    world.restart(secret_keys=("mV6tG1yCz0xQn8bRk4jWh2dLf7sPe9aU", *world.app.settings.secret_keys))
    assert world.client.post(url, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert reason_of_suppression(world) == "unsubscribed"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=One-Click", "text/plain"),
        (b"\xff\x00%%%=&&&", "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"broken", "multipart/form-data"),
        (b"List-Unsubscribe=One-Click&x=" + b"x" * 100_000, "application/x-www-form-urlencoded"),
    ],
)
def test_d02_no_body_is_so_broken_that_a_person_stays_subscribed(
    world: Any, body: bytes, content_type: str
) -> None:
    url = f"/u/{world.token(Purpose.UNSUBSCRIBE)}"
    assert world.client.post(url, data=body, content_type=content_type).status_code == 200
    assert reason_of_suppression(world) == "unsubscribed"


def test_d02_one_click_is_never_slowed_down(world: Any) -> None:
    url = f"/u/{world.token(Purpose.UNSUBSCRIBE)}"
    codes = {world.client.post(url, data={"List-Unsubscribe": "One-Click"}).status_code for _ in range(130)}
    assert codes == {200}


def test_d02_a_contact_that_is_gone_is_unsubscribed_too(world: Any) -> None:
    url = f"/u/{world.token(Purpose.UNSUBSCRIBE, contact_id=987654)}"
    assert world.client.post(url, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert world.client.get(url).status_code == 404


def test_x17_the_button_unsubscribes_and_opens_no_other_page(world: Any) -> None:
    url = f"/u/{world.token(Purpose.UNSUBSCRIBE)}"
    assert "<button>Unsubscribe</button>" in world.client.get(url).text
    page = world.client.post(url)
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert reason_of_suppression(world) == "unsubscribed"
    assert "in any of our mails" in page.text
    assert re.findall(r'href="(?!/style.css)', page.text) == []
    assert "/prefs/" not in page.text
    assert "<button>" not in world.client.get(url).text


def test_preferences_are_shown_and_saved(world: Any) -> None:
    url = f"/prefs/{world.token(Purpose.PREFERENCES)}"
    assert chosen(world.client.get(url)) == {("mail", "yes"), ("tracking", "yes")}
    page = world.client.post(url, data={"mail": "no", "tracking": "no"})
    assert (page.status_code, "Saved." in page.text) == (200, True)
    assert chosen(page) == chosen(world.client.get(url)) == {("mail", "no"), ("tracking", "no")}
    assert reason_of_suppression(world) == "unsubscribed"
    assert chosen(world.client.post(url, data={"mail": "yes", "tracking": "no"})) == {
        ("mail", "yes"),
        ("tracking", "no"),
    }
    assert reason_of_suppression(world) is None


def test_preferences_show_the_words_that_are_kept(world: Any) -> None:
    url = f"/prefs/{world.token(Purpose.PREFERENCES)}"
    page = world.client.post(url, data={"mail": "no", "tracking": "no"})
    with world.transaction() as session:
        for row in suppressions.list_consents(session, world.contact_id):
            assert f"<span>{row.wording}</span>" in page.text


def test_who_bounced_is_told_that_mail_cannot_be_turned_on(world: Any) -> None:
    with world.transaction() as session:
        email_hash = contacts.get(session, world.contact_id).email_hash
        suppressions.suppress(session, email_hash, reason="bounced", source="dsn", now=world.moment)
    url = f"/prefs/{world.token(Purpose.PREFERENCES)}"
    page = world.client.post(url, data={"mail": "yes", "tracking": "no"})
    assert "We cannot send to this address" in page.text
    assert chosen(page) == {("mail", "no"), ("tracking", "no")}


@pytest.mark.parametrize("form", [{}, {"mail": "no"}, {"mail": "perhaps", "tracking": "no"}])
def test_half_a_choice_is_no_choice(world: Any, form: dict[str, str]) -> None:
    before = world.snapshot()
    assert world.client.post(f"/prefs/{world.token(Purpose.PREFERENCES)}", data=form).status_code == 422
    assert world.snapshot() == before


def reason_of_suppression(world: Any) -> str | None:
    with world.transaction() as session:
        found = suppressions.find(session, contacts.get(session, world.contact_id).email_hash)
        return found.reason if found else None


def chosen(page: TestResponse) -> set[tuple[str, str]]:
    return set(re.findall(r'name="(\w+)" value="(\w+)" required checked', page.text))

"""`/p/<token>`: a person asks for prices, once however often it is sent."""

import re
from threading import Thread
from typing import Any

from werkzeug.test import TestResponse

from nurture import jobs
from nurture.core.token import Purpose
from nurture.store import contacts, events

FORM = {
    "name": "Ada Lovelace",
    "company": "Corp & Sons",
    "team_size": "51-200",
    "need": "Pumps,\r\nmany.",
    "timeline": "this_quarter",
    "phone": "+44 20 7946 0000",
    "form_id": "abcDEF-123_45678",
}


def test_the_pricing_page_is_filled_in_and_reading_it_tells_nobody(world: Any) -> None:
    before = world.snapshot()
    page = world.client.get(f"/p/{world.token(Purpose.PRICING)}")
    assert page.status_code == 200
    assert value_of(page, "name") == "Ada Lovelace"
    assert value_of(page, "company") == "Corp &amp; Sons"
    assert value_of(page, "email") == "ada@corp.example"
    assert re.search(r'<input id="email"[^>]* readonly', page.text)
    assert world.snapshot() == before
    assert world.queue.woken == []


def test_a_request_is_recorded_and_thanked_for(world: Any) -> None:
    url = f"/p/{world.token(Purpose.PRICING)}"
    answer = world.client.post(url, data=FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{url}/thanks")
    assert "Thank you, Ada" in world.client.get(f"{url}/thanks").text
    assert world.queue.woken == [(jobs.QUALIFY, (world.contact_id,))]
    with world.transaction() as session:
        (event,) = events.list_for_contact(session, world.contact_id)
        assert (event.kind, event.source, event.verdict) == ("pricing_request", "form", "human")
        assert event.detail["need"] == "Pumps,\nmany."
        assert event.detail["summary"] == (
            "within three months; team of 51-200; +44 20 7946 0000; Pumps,\nmany."
        )
        assert contacts.get(session, world.contact_id).qualify_at is not None


def test_x25_twenty_parallel_submits_are_one_request(world: Any) -> None:
    url = f"/p/{world.token(Purpose.PRICING)}"
    form = FORM | {"form_id": value_of(world.client.get(url), "form_id")}
    codes: list[int] = []
    threads = [
        Thread(target=lambda: codes.append(world.web.test_client().post(url, data=form).status_code))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [303] * 20
    assert world.count_events() == 1


def test_a_form_filled_in_anew_is_a_new_request(world: Any) -> None:
    url = f"/p/{world.token(Purpose.PRICING)}"
    ids = {value_of(world.client.get(url), "form_id") for _ in range(2)}
    assert len(ids) == 2
    for form_id in ids:
        world.client.post(url, data=FORM | {"form_id": form_id})
    assert world.count_events() == 2


MISTAKES = [
    ("name", ""),
    ("name", "\x00 \x07"),
    ("name", "x" * 101),
    ("company", "x" * 121),
    ("team_size", ""),
    ("team_size", "7"),
    ("timeline", "never"),
    ("need", "x" * 2001),
    ("phone", "call me <b>now</b>"),
]


def test_a_mistake_comes_back_next_to_its_field_with_all_that_was_written(world: Any) -> None:
    for name, value in MISTAKES:
        page = world.client.post(f"/p/{world.token(Purpose.PRICING)}", data=FORM | {name: value})
        assert page.status_code == 422
        assert re.search(rf'id="{name}"[^>]* aria-invalid="true" aria-describedby="{name}-fault"', page.text)
        assert page.text.count("aria-invalid") == 1
        assert f'id="{name}-fault"' in page.text
        assert value_of(page, "form_id") == FORM["form_id"]
        assert value_of(page, "company") == (value if name == "company" else "Corp &amp; Sons")
    assert world.count_events() == 0
    assert world.queue.woken == []


def test_x12_fields_nobody_asked_for_are_ignored(world: Any) -> None:
    extra = {"email": "eve@evil.example", "stage": "opportunity", "verdict": "human", "summary": "lies"}
    assert world.client.post(f"/p/{world.token(Purpose.PRICING)}", data=FORM | extra).status_code == 303
    with world.transaction() as session:
        contact = contacts.get(session, world.contact_id)
        assert (contact.email, contact.stage) == ("ada@corp.example", "lead")
        (event,) = events.list_for_contact(session, world.contact_id)
        assert set(event.detail) <= {*FORM, "summary", "client"} - {"form_id"}
        assert event.detail["summary"] != "lies"


def value_of(page: TestResponse, name: str) -> str:
    (tag,) = re.findall(rf'<input [^>]*(?:id|name)="{name}"[^>]*>', page.text)
    (value,) = re.findall(r'value="([^"]*)"', tag)
    return str(value)

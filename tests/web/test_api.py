"""`POST /api/v1/events`: what other systems may tell, and what they are told when they do it wrong."""

import json
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from werkzeug.test import TestResponse

from nurture import jobs
from nurture.core.people.contact import normalise_address
from nurture.services import authenticating
from nurture.store import api_keys, contacts, events, workspaces

KEY = "nk_7hR2mXv9QeLw4TzYb8KcNd3F"
EVENT = {"email": "Ada@Corp.example", "kind": "pricing_request", "id": "quote-17", "detail": {"plan": "team"}}


@pytest.fixture(autouse=True)
def key(world: Any) -> None:
    with world.transaction() as session:
        assert api_keys.add(session, "site", KEY, world.moment)


def test_an_event_is_recorded_and_wakes_qualification(world: Any) -> None:
    answer = post(world, EVENT)
    assert answer.status_code == 202
    with world.transaction() as session:
        (event,) = events.list_for_contact(session, world.contact_id)
        assert (event.kind, event.source, event.verdict) == ("pricing_request", "api", "human")
        assert (event.at, event.detail) == (world.moment, {"plan": "team"})
        assert contacts.get(session, world.contact_id).qualify_at is not None
    assert answer.json == {"event": event.id, "duplicate": False}
    assert world.queue.woken == [(jobs.QUALIFY, (world.contact_id,))]


def test_the_same_id_twice_is_one_event(world: Any) -> None:
    first, second = post(world, EVENT), post(world, EVENT)
    assert (first.json or {})["event"] is not None
    assert (second.status_code, second.json) == (202, {"event": None, "duplicate": True})
    assert len(world.queue.woken) == 1
    with world.transaction() as session:
        assert api_keys.add(session, "shop", KEY + "x", world.moment)
    assert (post(world, EVENT, KEY + "x").json or {})["duplicate"] is False  # another system's own names


def test_without_an_id_every_event_is_a_new_one(world: Any) -> None:
    event = {"email": EVENT["email"], "kind": "demo_request"}
    assert [(post(world, event).json or {})["duplicate"] for _ in range(2)] == [False, False]


def test_x25_twenty_at_once_are_one_event(world: Any) -> None:
    answers: list[TestResponse] = []
    threads = [Thread(target=lambda: answers.append(post(world, EVENT))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert sorted((answer.json or {})["duplicate"] for answer in answers) == [False] + [True] * 19


def test_the_moment_may_be_told(world: Any) -> None:
    post(world, EVENT | {"at": "2026-03-01T10:00:00+02:00"})
    with world.transaction() as session:
        (event,) = events.list_for_contact(session, world.contact_id)
        assert event.at == datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
        assert event.received_at == world.moment


def test_a_clock_that_is_a_little_ahead_is_taken_back_to_now(world: Any) -> None:
    ahead = world.moment + timedelta(minutes=4)
    assert post(world, EVENT | {"at": ahead.isoformat()}).status_code == 202
    with world.transaction() as session:
        assert events.list_for_contact(session, world.contact_id)[0].at == world.moment


def test_somebody_new_becomes_a_contact(world: Any) -> None:
    event = EVENT | {"email": "new@other.example"}
    assert post(world, event).status_code == 503  # nothing is published, so there is no first stage
    world.create_handoff()
    assert (post(world, event).json or {})["duplicate"] is False
    with world.transaction() as session:
        email_hash = normalise_address("new@other.example").hash
        found = contacts.find_by_hash(session, email_hash)
        assert found is not None
        assert found.stage == workspaces.current(session)[1].stages[0].name
        assert world.queue.woken == [(jobs.QUALIFY, (found.id,))]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"email": "nobody"}, "email"),
    ({"email": "a" * 321}, "email"),
    ({"email": "ada\x00@corp.example"}, "email"),
    ({"email": None}, "email"),
    ({"kind": "open"}, "kind"),
    ({"kind": "unsubscribe"}, "kind"),
    ({"verdict": "human"}, "verdict"),
    ({"contact_id": 1}, "contact_id"),
    ({"stage": "opportunity"}, "stage"),
    ({"at": "2026-03-02T09:06:00Z"}, "at"),
    ({"at": "2026-03-02T09:00:00"}, "at"),
    ({"at": "yesterday"}, "at"),
    ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
    ({"at": 1772442000}, "at"),
    ({"id": ""}, "id"),
    ({"id": "x" * 201}, "id"),
    ({"id": "a\x00b"}, "id"),
    ({"detail": {"n": 1}}, "detail.n"),
    ({"detail": {"n": "x" * 1001}}, "detail.n"),
    ({"detail": {"n": {"deep": "er"}}}, "detail.n"),
    ({"detail": {"n": "\x00"}}, "detail.n"),
    ({"detail": {str(n): "x" for n in range(21)}}, "detail"),
    ({"detail": ["x"]}, "detail"),
]


def test_x12_what_it_does_not_take_is_refused_by_name(world: Any) -> None:
    for change, field in WRONG:
        answer = post(world, EVENT | change)
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), change
        problem = answer.json or {}
        assert (problem["status"], problem["title"]) == (422, "Unprocessable Entity")
        assert [fault["field"] for fault in problem["errors"]] == [field], change
        assert all(fault["detail"] for fault in problem["errors"])
    assert count_all(world) == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1,", b"\xff\xfe", b'{"email": "\\ud800@x.example", "kind": "demo_request"}']
)
def test_what_is_not_json_is_a_400(world: Any, body: bytes) -> None:
    answer = post(world, body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"[" * 8000])
def test_json_of_another_shape_is_refused(world: Any, body: bytes) -> None:
    assert post(world, body).status_code in (400, 422)


def test_too_much_is_refused(world: Any) -> None:
    body = json.dumps(EVENT | {"detail": {str(n): "x" * 1000 for n in range(17)}}).encode()
    answer = post(world, body)
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_a_415_that_says_which_one(world: Any, content_type: str) -> None:
    answer = post(world, EVENT, content_type=content_type)
    assert answer.status_code == 415
    assert "application/json" in (answer.json or {})["detail"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nk_wrong",
        f"Basic {KEY}",
        KEY,
        f"Bearer x{KEY}",
        "Bearer nk_" + "x" * 5000,
    ],
)
def test_x13_without_a_key_nothing_is_told(world: Any, header: str | None) -> None:
    bodies = [EVENT, EVENT | {"email": "nobody@corp.example"}, b"not json", b"x" * 60_000]
    answers = {(a.status_code, a.text) for a in (post(world, body, header=header) for body in bodies)}
    assert {status for status, _ in answers} == {401}
    assert len(answers) == 1
    assert post(world, EVENT, header=header).headers["WWW-Authenticate"] == "Bearer"
    assert count_all(world) == 0


def test_a_revoked_key_is_no_key(world: Any) -> None:
    with world.transaction() as session:
        assert authenticating.authenticate(session, KEY) == "site"
        api_keys.revoke(session, "site", world.moment)
    assert post(world, EVENT).status_code == 401


def test_the_scheme_may_be_written_as_anyone_likes(world: Any) -> None:
    assert post(world, EVENT, header=f"bearer {KEY}").status_code == 202


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/none", "/api/"])
def test_errors_of_the_api_are_problem_documents(world: Any, path: str) -> None:
    answer = world.client.get(path)
    assert (answer.status_code, answer.mimetype) == (
        405 if path.endswith("events") else 404,
        "application/problem+json",
    )
    assert (answer.json or {})["status"] == answer.status_code


def post(
    world: Any,
    body: dict[str, Any] | bytes,
    key: str = KEY,
    *,
    header: str | None = "key",
    content_type: str = "application/json",
) -> TestResponse:
    headers = {"Content-Type": content_type}
    if header is not None:
        headers["Authorization"] = f"Bearer {key}" if header == "key" else header
    data = body if isinstance(body, bytes) else json.dumps(body)
    answer: TestResponse = world.web.test_client().post("/api/v1/events", data=data, headers=headers)
    return answer


def count_all(world: Any) -> int:
    with world.transaction() as session:
        return len(events.list_for_contact(session, world.contact_id))

"""`/h/<token>`: a rep reads why now, and takes the contact or gives it back."""

from typing import Any

import pytest

from nurture import jobs
from nurture.core.token import Purpose
from nurture.store import handoffs

REJECTION = {"decision": "reject", "reason": "no budget", "note": "until next year"}


def test_a_handoff_says_why_now_and_is_accepted(world: Any) -> None:
    url = f"/h/{world.token(Purpose.HANDOFF, handoff_id := world.create_handoff())}"
    page = world.client.get(url)
    for words in (
        "Asked for prices 2 minutes ago.",
        "asked for prices by the form",
        "Ada Lovelace",
        "Kim Reyes",
    ):
        assert words in page.text
    answer = world.client.post(url, data={"decision": "accept"})
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    assert state_of(world, handoff_id) == ("accepted", None)
    assert "Accepted" in world.client.get(url).text
    assert "<form" not in world.client.get(url).text


def test_a_handoff_is_given_back_with_a_reason(world: Any) -> None:
    url = f"/h/{world.token(Purpose.HANDOFF, handoff_id := world.create_handoff())}"
    assert world.client.post(url, data=REJECTION).status_code == 303
    assert state_of(world, handoff_id) == ("rejected", "no budget: until next year")
    assert world.queue.woken == [(jobs.QUALIFY, (world.contact_id,))]
    assert world.client.post(url, data={"decision": "accept"}).status_code == 303
    assert state_of(world, handoff_id)[0] == "rejected"


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"decision": "reject"}, "reason-fault"),
        ({"decision": "reject", "reason": "dunno"}, "reason-fault"),
        ({"decision": "reject", "reason": "other"}, "note-fault"),
        ({"decision": "reject", "reason": "no budget", "note": "x" * 501}, "note-fault"),
        ({"decision": "burn", "reason": "no budget"}, 'role="alert"'),
        ({}, 'role="alert"'),
    ],
)
def test_an_answer_without_a_reason_is_asked_for_one(world: Any, form: dict[str, str], fault: str) -> None:
    url = f"/h/{world.token(Purpose.HANDOFF, handoff_id := world.create_handoff())}"
    page = world.client.post(url, data=form)
    assert page.status_code == 422
    assert fault in page.text
    assert state_of(world, handoff_id) == ("notified", None)
    assert world.queue.woken == []


def test_a_handoff_that_is_gone_is_not_found(world: Any) -> None:
    url = f"/h/{world.token(Purpose.HANDOFF, 987654)}"
    assert world.client.get(url).status_code == 404
    assert world.client.post(url, data=REJECTION).status_code == 404


def state_of(world: Any, handoff_id: int) -> tuple[str, str | None]:
    with world.transaction() as session:
        handoff = handoffs.get(session, handoff_id)
        return handoff.state, handoff.decision

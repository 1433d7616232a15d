"""What all pages behind a signed link have in common: reading changes nothing, a false link tells nothing."""

from typing import Any

import pytest

from nurture.core.token import Keyring, Purpose, Token
from nurture.store import contacts

DOORS = (
    ("p", Purpose.PRICING),
    ("u", Purpose.UNSUBSCRIBE),
    ("prefs", Purpose.PREFERENCES),
    ("h", Purpose.HANDOFF),
)


PAGES = {
    "p": {"name": "Ada", "team_size": "1-10", "timeline": "now"},
    "u": {"List-Unsubscribe": "One-Click"},
    "prefs": {"mail": "no", "tracking": "no"},
    "h": {"decision": "reject", "reason": "no budget"},
}


FOREIGN = Keyring(["mV6tG1yCz0xQn8bRk4jWh2dLf7sPe9aU"])


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_d03_x18_reading_changes_nothing(world: Any, method: str) -> None:
    handoff_id = world.create_handoff()
    world.restart()
    paths = [f"/{path}/{world.token(purpose, handoff_id)}" for path, purpose in DOORS]
    before = world.snapshot()
    for path in [
        *paths,
        f"{paths[0]}/thanks",
        "/healthz",
        "/readyz",
        "/metrics",
        "/style.css",
        "/api/v1/events",
    ]:
        world.client.open(f"{path}?List-Unsubscribe=One-Click&decision=accept&mail=no", method=method)
    assert world.snapshot() == before
    assert world.queue.woken == []


@pytest.mark.parametrize("path", PAGES)
def test_d04_x17_a_token_of_another_kind_opens_nothing_and_tells_nothing(world: Any, path: str) -> None:
    handoff_id = world.create_handoff()
    before, answers = world.snapshot(), set()
    right = dict(DOORS)[path]
    others = [world.token(purpose, handoff_id) for purpose in Purpose if purpose != right]
    foreign = FOREIGN.sign(Token(right, world.contact_id, handoff_id))
    own = world.token(right, handoff_id)
    for token in [*others, foreign, own[:-1], own + "A", own.swapcase(), "x", "%00", "é", "x" * 5000]:
        for answer in (
            world.client.get(f"/{path}/{token}"),
            world.client.post(f"/{path}/{token}", data=PAGES[path]),
        ):
            assert answer.status_code == 404
            answers.add(answer.text)
    assert len(answers) == 1
    told = answers.pop().lower()
    assert not any(known in told for known in ("lovelace", "corp", "@"))
    assert world.snapshot() == before


def test_x05_what_people_write_is_shown_escaped(world: Any) -> None:
    script = "<script>alert(1)</script>\"'><img src=x>"
    with world.transaction() as session:
        contact = contacts.get(session, world.contact_id)
        contact.given_name = contact.company = contact.title = script
    handoff_id = world.create_handoff(why_now=script, timeline=[script])
    pages = [world.client.get(f"/{path}/{world.token(purpose, handoff_id)}") for path, purpose in DOORS]
    pages.append(
        world.client.post(f"/p/{world.token(Purpose.PRICING)}", data={"need": script, "phone": script})
    )
    pages.append(world.client.post(f"/h/{world.token(Purpose.HANDOFF, handoff_id)}", data={"note": script}))
    pages.append(world.client.get(f"/p/{world.token(Purpose.PRICING)}/thanks"))
    for page in pages:
        assert page.status_code in (200, 422)
        assert "<script" not in page.text
        assert "<img" not in page.text
    assert sum("&lt;script&gt;" in page.text for page in pages) >= 5


def test_the_pages_speak_in_the_name_of_the_company(world: Any) -> None:
    url = f"/u/{world.token(Purpose.UNSUBSCRIBE)}"
    assert "Acme Pumps" not in world.client.get(url).text
    world.create_handoff()
    world.restart()
    page = world.client.get(url)
    assert "Acme Pumps, 1 Harbour Road" in page.text

"""Lists of who fetches, replaced while everything runs."""

from importlib.resources import files

import pytest

from nurture.services.updating import update_list
from nurture.store import known_lists
from tests.conftest import Sessions
from tests.make import NOON

NETWORKS = """
source = "a test"
dated = 2026-09-01

[[networks]]
name = "Acme Mail Guard"
role = "gateway"
source = "a test"
dated = 2026-09-01
ranges = ["192.0.2.0/24"]
"""


def test_a_newer_list_takes_the_place_of_the_shipped_one(sessions: Sessions) -> None:
    with sessions() as session:
        before = known_lists.current(session)
        update = update_list(session, NETWORKS, now=NOON)
        after = known_lists.current(session)
    assert (update.name, update.changed, str(update.dated)) == ("networks", True, "2026-09-01")
    assert before.network("192.0.2.9") is None
    found = after.network("192.0.2.9")
    assert found is not None and found.name == "Acme Mail Guard"
    assert after.network("40.107.0.9") is None, "replaced, not added to"
    assert after.agent("curl/8.5.0").nature == "machine", "the other lists are as they were"


def test_the_same_text_twice_changes_nothing(sessions: Sessions) -> None:
    with sessions() as session:
        assert [update_list(session, NETWORKS, now=NOON).changed for _ in range(2)] == [True, False]


@pytest.mark.parametrize("name", ["agents", "networks", "gateways"])
def test_the_shipped_lists_are_fit_to_be_taken(sessions: Sessions, name: str) -> None:
    text = (files("nurture.core") / "data" / f"{name}.toml").read_text("utf-8")
    with sessions() as session:
        assert update_list(session, text, now=NOON).name == name
        assert known_lists.current(session).agent("curl/8.5.0").nature == "machine"


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("no toml at all [", "not TOML"),
        (NETWORKS.replace("192.0.2.0/24", "192.0.2.999/24"), "192.0.2.999/24"),
        (NETWORKS.replace('source = "a test"\ndated', "dated", 1), "source"),
        (NETWORKS.replace("[[networks]]", "[[neighbours]]"), "neighbours|table"),
    ],
)
def test_a_list_that_is_not_fit_changes_nothing(sessions: Sessions, text: str, cure: str) -> None:
    with sessions() as session:
        with pytest.raises(ValueError, match=cure):
            update_list(session, text, now=NOON)
        assert known_lists.last_replaced(session) is None

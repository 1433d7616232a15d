import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nurture.core.traffic.agents import shipped_lists
from nurture.core.traffic.inspection import inspect_agent, inspect_hits

SENT = datetime(2026, 3, 5, 12, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"  # noqa: E501  # noqa: E501


def create_line(seconds: float, **fields: Any) -> str:
    line = {
        "message": "m1", "sent_at": SENT.isoformat(), "at": (SENT + timedelta(seconds=seconds)).isoformat(),
        "kind": "click", "link": 1, "agent": CHROME, "address": "203.0.113.9", "method": "GET", "headers": {},
    } | fields  # fmt: skip
    return json.dumps({name: value for name, value in line.items() if value is not ...})


def inspect(*lines: str) -> list[dict[str, Any]]:
    return list(inspect_hits(lines, shipped_lists()))


@pytest.mark.parametrize(
    ("agent", "verdict"),
    [
        (CHROME, "human"),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "human",
        ),
        ("Mozilla/5.0", "machine"),
        ("curl/8.5.0", "machine"),
        ("", "machine"),
        ("Tool/1.0 (Linux x86_64)", "unknown"),
    ],
)
def test_b06_one_verdict_for_a_bare_agent(agent: str, verdict: str) -> None:
    told = inspect_agent(agent, shipped_lists())
    assert set(told) == {"agent", "verdict", "reasons", "certainty"}
    assert (told["agent"], told["verdict"]) == (agent, verdict)
    assert told["reasons"]
    assert 0 < told["certainty"] <= 1


def test_hits_of_one_message_are_judged_together_wherever_they_stand_and_answered_in_order() -> None:
    sweep = [create_line(60 + n * 0.2, link=f"https://example.com/{n}") for n in range(3)]
    told = inspect(sweep[0], create_line(3600, message=7, link=2), sweep[1], "", sweep[2])
    assert [each["verdict"] for each in told] == ["machine", "human", "machine", "machine"]
    assert [each["link"] for each in told] == [
        "https://example.com/0",
        2,
        "https://example.com/1",
        "https://example.com/2",
    ]
    assert list(told[0]) == ["message", "at", "kind", "link", "verdict", "reasons", "certainty"]
    assert told[1]["message"] == 7


def test_what_may_be_missing_may_be_missing() -> None:
    bare = create_line(3600, headers=..., method=..., address=None, link=..., sent_at=None)
    assert inspect(bare)[0]["verdict"] == "unknown"
    assert inspect(create_line(0, sent_at=..., agent=...))[0]["verdict"] == "machine"
    assert inspect(create_line(3600, at="2026-03-05T14:00:00"))[0]["verdict"] == "human"
    assert inspect(create_line(3600, at="2026-03-05T15:00:00+01:00", kind="open"))[0]["verdict"] == "human"


def test_the_receipt_told_once_holds_for_the_whole_message() -> None:
    told = inspect(create_line(3600, sent_at=None), create_line(4000))
    assert [each["verdict"] for each in told] == ["human", "human"]


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", "3", '"text"', "null", "{}", "[" * 100_000, "\0", "{'a': 1}",
        create_line(0, message=None), create_line(0, message={}), create_line(0, kind="look"), create_line(0, at=3),  # noqa: E501
        create_line(0, at="yesterday"), create_line(0, at=...), create_line(0, sent_at="soon"),
        create_line(0, headers=[1]), create_line(0, at="0001-01-01T00:00:00+14:00"),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_by_its_number_and_stops_nothing(line: str) -> None:
    told = inspect(create_line(3600), line, create_line(4000))
    assert [each.get("verdict") for each in told] == ["human", None, "human"]
    assert told[1]["line"] == 2
    assert told[1]["error"]


@pytest.mark.parametrize("link", [None, True, -3, 10**30, 1.5, "x" * 100_000, ["a"], {"a": 1}, "7", "99999"])
def test_any_link_is_taken(link: object) -> None:
    assert inspect(create_line(3600, link=link))[0]["verdict"] == "human"

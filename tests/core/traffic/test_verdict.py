from datetime import timedelta
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.core.traffic.verdict import Hit, judge, settled
from tests.core.traffic.hits import (
    CHROME,
    CLOUD,
    GMAIL,
    OUTLOOK,
    RENTED,
    SAFARI,
    SENT,
    create_hit,
    create_open,
    only,
    verdicts,
)


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(-1, "machine"), (3, "machine"), (8, "machine"), (8.1, "unknown"), (600, "human")],
)
def test_b01_a_click_right_after_the_mail_was_accepted_is_a_machines(seconds: float, verdict: str) -> None:
    assert only(create_hit(seconds)).verdict == verdict


def test_b01_the_reason_is_told() -> None:
    assert only(create_hit(3)).reasons[0] == "clicked 3.0 s after the mail was accepted"


def test_b01_who_clicks_too_soon_has_loaded_the_image_too_and_nobody_else_has() -> None:
    gateway, person = create_open(0.5), create_open(2, agent=SAFARI)
    assert verdicts([gateway, create_hit(0.7), person, create_open(1, agent=GMAIL)]) == [
        "machine",
        "machine",
        "human",
        "human",
    ]
    assert verdicts([create_hit(0.7), create_open(90)]) == ["machine", "human"]


def test_b01_the_person_who_clicks_ten_minutes_later_is_human() -> None:
    assert verdicts([create_hit(3), create_hit(603)]) == ["machine", "human"]


@pytest.mark.parametrize(
    "agent", ["curl/8.5.0", "python-requests/2.32", "Googlebot/2.1", CHROME + " HeadlessChrome/131"]
)
def test_b06_tools_and_crawlers_are_machine(agent: str) -> None:
    assert only(create_hit(agent=agent)).verdict == "machine"


def test_b06_desktop_outlook_is_no_crawler() -> None:
    assert only(create_open(agent=OUTLOOK)).verdict == "human"
    assert only(create_hit(agent=OUTLOOK)).verdict == "human"


@pytest.mark.parametrize("agent", ["Acme Reader 1", "Mozilla/5.0"])
def test_b06_what_is_no_browser_clicks_for_nobody(agent: str) -> None:
    assert only(create_hit(agent=agent)).verdict == "machine"


def test_a_double_click_is_no_burst_and_has_one_verdict() -> None:
    assert verdicts(create_hit(600 + n * 0.2) for n in range(4)) == ["human"] * 4
    assert verdicts([create_hit(7.5), create_hit(8.5), create_hit(12)]) == ["machine"] * 3
    assert verdicts([create_hit(7.5), create_hit(120, agent=SAFARI), create_hit(400)]) == [
        "machine",
        "human",
        "human",
    ]


def test_b01_a_machine_once_stays_a_machine_on_this_mail() -> None:
    sweep = [create_hit(40 + n * 0.2, link=n) for n in range(1, 5)]
    assert verdicts([*sweep, create_hit(4 * 3600, link=2)]) == ["machine"] * 5


def test_b01_the_sign_of_haste_fades() -> None:
    assert verdicts([create_hit(3), create_hit(200, link=2)]) == ["machine", "machine"]
    assert verdicts([create_hit(3), create_hit(603, link=2)]) == ["machine", "human"]


def test_a_link_that_nobody_can_see_is_followed_by_machines_only_where_one_is_laid() -> None:
    hit = create_hit(3600, link=9)
    assert judge([hit], SENT)[hit.id].verdict == "human"
    assert judge([hit], SENT, honeypots=frozenset({9}))[hit.id].verdict == "machine"


def test_certainty_grows_with_the_evidence() -> None:
    sweep = [create_hit(40 + n * 0.2, link=n, address=CLOUD) for n in range(1, 6)]
    sure, likely, alone = (
        judge(sweep, SENT)[sweep[0].id],
        only(create_hit(40, address=CLOUD)),
        only(create_hit()),
    )
    assert 0.95 < sure.certainty <= 1
    assert 0.5 <= likely.certainty < 0.75
    assert 0.8 <= alone.certainty <= 0.95


def test_what_speaks_against_a_person_is_told() -> None:
    reasons = only(create_hit(3600, address=RENTED)).reasons
    assert reasons[1] == "although it came from a rented server (DigitalOcean)"


def test_without_the_receipt_the_first_hit_says_when_the_mail_was_there_already() -> None:
    hits = [create_open(60, agent=GMAIL), create_hit(4000)]
    judged = judge(hits, None)
    assert [judged[hit.id].verdict for hit in hits] == ["unknown", "human"]


def test_while_the_receipt_is_missing_only_machines_are_sure() -> None:
    hits = [create_hit(), create_open(agent=GMAIL), create_hit(700, agent="curl/8")]
    judged = judge(hits, None)
    assert [judged[hit.id].verdict for hit in hits] == ["unknown", "unknown", "machine"]


@pytest.mark.parametrize("clients", [1, 2, 5000])
@pytest.mark.parametrize("links", [1, 2, 500])
@pytest.mark.parametrize("pace", [0.001, 0.4])
def test_a_mail_fetched_without_end_is_judged_in_bounded_time(clients: int, links: int, pace: float) -> None:
    hits = [
        create_hit(60 + n * pace, link=n % links, address=f"3.{n % clients % 250}.{n % clients // 250}.7")
        for n in range(5000)
    ]
    begin = process_time()
    assert len(judge(hits, SENT)) == 5000
    assert process_time() - begin < 1.5


def test_no_hits_no_judgements() -> None:
    assert judge([], SENT) == {}


def test_settled_when_nothing_came_for_the_whole_time() -> None:
    settle = timedelta(seconds=30)
    assert not settled(SENT, SENT + timedelta(seconds=29), settle)
    assert settled(SENT, SENT + settle, settle)


_hits = st.lists(
    st.builds(
        create_hit,
        st.integers(-5, 120).map(lambda tenths: tenths / 10 + 5),
        kind=st.sampled_from(["open", "click"]),
        link=st.integers(0, 4),
        agent=st.sampled_from([CHROME, SAFARI, GMAIL, "", "curl/8"]),
        method=st.sampled_from(["GET", "GET", "HEAD"]),
    ),
    max_size=15,
)


@given(_hits, st.randoms())
def test_every_hit_is_judged_with_a_reason_whatever_the_order(hits: list[Hit], random: Any) -> None:
    judged = judge(hits, SENT)
    assert set(judged) == {hit.id for hit in hits}
    assert all(judgement.reasons for judgement in judged.values())
    shuffled = list(hits)
    random.shuffle(shuffled)
    assert judge(shuffled, SENT) == judged


@given(_hits)
def test_three_links_in_three_seconds_never_count_for_a_person(hits: list[Hit]) -> None:
    judged = judge(hits, SENT)
    people = [hit for hit in hits if hit.kind == "click" and judged[hit.id].verdict == "human"]
    for hit in people:
        near = {other.link for other in people if timedelta(0) <= other.at - hit.at <= timedelta(seconds=3)}
        assert len(near) < 3

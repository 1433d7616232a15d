from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.core.traffic.verdict import Hit, Judgement, judge, settled

SENT = datetime(2026, 3, 5, 12, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"  # noqa: E501
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"  # noqa: E501
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
OUTLOOK = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; Microsoft Outlook 16.0.12026; ms-office; MSOffice 16)"  # noqa: E501
SAFE_LINKS = "40.107.22.83"
_ids = count(1)


def create_hit(seconds: float = 600, **fields: Any) -> Hit:
    defaults: dict[str, Any] = {
        "id": next(_ids), "kind": "click", "at": SENT + timedelta(seconds=seconds), "link": 1,
        "agent": CHROME, "address": "203.0.113.9", "method": "GET", "headers": {},
    }  # fmt: skip
    return Hit(**(defaults | fields))


def create_open(seconds: float = 600, **fields: Any) -> Hit:
    return create_hit(seconds, kind="open", link=0, **fields)


def verdicts(hits: Iterable[Hit]) -> list[str]:
    """In the order given."""
    hits = list(hits)
    judged = judge(hits, SENT)
    return [judged[hit.id].verdict for hit in hits]


def only(hit: Hit) -> Judgement:
    return judge([hit], SENT)[hit.id]


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(-1, "machine"), (3, "machine"), (8, "machine"), (8.1, "human"), (600, "human")],
)
def test_b01_a_click_right_after_the_mail_was_accepted_is_a_machines(seconds: float, verdict: str) -> None:
    assert only(create_hit(seconds)).verdict == verdict


def test_b01_the_reason_is_told() -> None:
    assert only(create_hit(3)).reasons == ("clicked 3.0 s after the mail was accepted",)


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


@pytest.mark.parametrize("addresses", [["198.51.100.1"] * 5, [f"198.51.100.{n}" for n in range(5)]])
def test_b02_five_links_within_a_second_and_a_half_are_all_machine(addresses: list[str]) -> None:
    sweep = [create_hit(90 + n * 0.3, link=n, address=address) for n, address in enumerate(addresses)]
    assert verdicts(sweep) == ["machine"] * 5
    assert judge(sweep, SENT)[sweep[0].id].reasons == ("5 links were fetched within 1.2 s",)


def test_b02_a_long_steady_sweep_is_machine_from_end_to_end() -> None:
    assert verdicts(create_hit(90 + n * 1.4, link=n) for n in range(12)) == ["machine"] * 12


@pytest.mark.parametrize(
    ("times", "verdict"),
    [((0, 1.0), "machine"), ((0, 1.01), "human"), ((0, 1.5, 3.0), "machine"), ((0, 1.5, 3.1), "human")],
)
def test_b02_two_links_in_one_second_or_three_in_three(times: tuple[float, ...], verdict: str) -> None:
    hits = [create_hit(600 + seconds, link=n) for n, seconds in enumerate(times)]
    assert verdicts(hits) == [verdict] * len(times)


def test_b02_a_pixel_loaded_within_the_sweep_is_machine_too() -> None:
    sweep = [create_hit(90 + n * 0.5, link=n) for n in range(4)]
    assert verdicts([*sweep, create_open(90.7, address="198.51.100.77")]) == ["machine"] * 5


def test_b02_a_pixel_loaded_by_the_same_program_before_its_sweep_is_machine_too() -> None:
    sweep = [create_hit(90 + n * 0.1, link=n) for n in range(4)]
    before = [
        create_open(60),
        create_open(60, agent=SAFARI, address="192.0.2.1"),
        create_open(20),
        create_open(60, agent=GMAIL),
    ]
    assert verdicts([*sweep, *before])[4:] == ["machine", "human", "human", "human"]


def test_b02_the_person_after_the_sweep_stays_human() -> None:
    sweep = [create_hit(90 + n * 0.3, link=n) for n in range(5)]
    person = [create_open(300), create_hit(310, link=2)]
    assert verdicts([*sweep, *person]) == ["machine"] * 5 + ["human"] * 2


def test_b02_a_person_who_opens_by_gmail_during_the_sweep_is_human() -> None:
    sweep = [create_hit(90 + n * 0.5, link=n) for n in range(4)]
    assert verdicts([*sweep, create_open(90.7, agent=GMAIL)])[4] == "human"


def test_b02_the_last_click_of_a_sweep_belongs_to_it_by_whatever_agent() -> None:
    sweep = [create_hit(90 + at, link=n) for n, at in enumerate((0, 1.4, 2.3))]
    assert verdicts([*sweep, create_hit(92.9, link=2, agent=SAFARI)]) == ["machine"] * 4


def test_b02_two_sweeps_are_two() -> None:
    sweeps = [create_hit(start + n * 0.3, link=n) for start in (60, 200) for n in range(3)]
    assert verdicts([create_hit(130), *sweeps]) == ["human"] + ["machine"] * 6


@pytest.mark.parametrize("agent", [GMAIL, YAHOO])
def test_b03_the_image_proxies_of_gmail_and_yahoo_are_people(agent: str) -> None:
    assert only(create_open(4 * 3600, agent=agent)).verdict == "human"


def test_b03_apple_mail_privacy_protection_is_a_machine_and_a_later_click_is_human() -> None:
    assert verdicts([create_open(30, agent="Mozilla/5.0"), create_hit(900, agent=SAFARI)]) == [
        "machine",
        "human",
    ]


@pytest.mark.parametrize(
    "address", [SAFE_LINKS, f"::ffff:{SAFE_LINKS}", "2a01:111:f400::8", "52.103.255.255"]
)
def test_b04_a_click_from_microsofts_mail_networks_is_machine_an_image_alone_is_not(address: str) -> None:
    click, image = create_hit(address=address), create_open(address=address)
    assert verdicts([click]) == ["machine"]
    assert verdicts([image]) == ["human"]


@pytest.mark.parametrize(
    "address", ["40.108.0.1", "104.47.128.0", "2a01:111:f401::1", "", "unknown", "1.2.3.4:80"]
)
def test_b04_other_networks_tell_nothing(address: str) -> None:
    assert only(create_hit(address=address)).verdict == "human"


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "HEAD"},
        {"method": "head"},
        {"agent": ""},
        {"agent": " "},
        {"headers": {"Sec-Purpose": "prefetch;prerender"}},
        {"headers": {"purpose": "prefetch"}},
        {"headers": {"X-Purpose": "preview"}},
        {"headers": {"x-moz": "prefetch"}},
    ],
)
def test_b05_head_prefetch_and_no_agent_are_machine(fields: dict[str, Any]) -> None:
    assert only(create_hit(**fields)).verdict == "machine"
    assert only(create_open(**fields)).verdict == "machine"


def test_b05_a_get_right_after_a_head_by_the_same_agent_is_machine() -> None:
    hits = [create_hit(600, method="HEAD"), create_hit(601), create_hit(601, agent=SAFARI), create_hit(700)]
    assert verdicts(hits) == ["machine", "machine", "human", "human"]


def test_b05_who_clicks_what_the_browser_fetched_ahead_is_human() -> None:
    ahead = {"Sec-Purpose": "prefetch"}
    hits = [create_hit(600 + n / 10, link=n, headers=ahead) for n in range(3)]
    assert verdicts([*hits, create_hit(600.5, link=1)]) == ["machine"] * 3 + ["human"]


@pytest.mark.parametrize(
    "agent", ["curl/8.5.0", "python-requests/2.32", "Googlebot/2.1", CHROME + " HeadlessChrome/131"]
)
def test_b06_tools_and_crawlers_are_machine(agent: str) -> None:
    assert only(create_hit(agent=agent)).verdict == "machine"


def test_b06_desktop_outlook_is_no_crawler() -> None:
    assert only(create_open(agent=OUTLOOK)).verdict == "human"
    assert only(create_hit(agent=OUTLOOK)).verdict == "human"


@pytest.mark.parametrize("agent", ["Acme Reader 1", "Mozilla/5.0"])
def test_b06_a_click_by_an_agent_that_tells_nothing_is_unknown(agent: str) -> None:
    assert only(create_hit(agent=agent)).verdict == "unknown"


def test_b07_two_links_in_four_seconds_are_one_quick_person() -> None:
    assert verdicts([create_open(590), create_hit(600, link=1), create_hit(604, link=2)]) == ["human"] * 3


def test_a_double_click_is_no_burst_and_has_one_verdict() -> None:
    assert verdicts(create_hit(600 + n * 0.2) for n in range(4)) == ["human"] * 4
    assert verdicts([create_hit(7.5), create_hit(8.5), create_hit(12)]) == ["machine"] * 3
    assert verdicts([create_hit(7.5), create_hit(8.5, agent=SAFARI), create_hit(20)]) == [
        "machine",
        "human",
        "human",
    ]


def test_while_the_receipt_is_missing_only_machines_are_sure() -> None:
    hits = [create_hit(), create_open(agent=GMAIL), create_hit(700, agent="curl/8")]
    judged = judge(hits, None)
    assert [judged[hit.id].verdict for hit in hits] == ["unknown", "unknown", "machine"]


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

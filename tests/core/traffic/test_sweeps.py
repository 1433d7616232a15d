from typing import Any

import pytest

from nurture.core.traffic.verdict import judge
from tests.core.traffic.hits import (
    CLOUD,
    GMAIL,
    HOME,
    OTHER_CLOUD,
    RENTED,
    SAFARI,
    SENT,
    create_form,
    create_hit,
    create_open,
    only,
    verdicts,
)


@pytest.mark.parametrize("addresses", [["198.51.100.1"] * 5, [f"198.51.100.{n}" for n in range(5)]])
def test_b02_five_links_within_a_second_and_a_half_are_all_machine(addresses: list[str]) -> None:
    sweep = [create_hit(90 + n * 0.3, link=n, address=address) for n, address in enumerate(addresses)]
    assert verdicts(sweep) == ["machine"] * 5
    assert judge(sweep, SENT)[sweep[0].id].reasons[0] == "5 links were fetched within 1.2 s"


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
    assert verdicts([*sweep, *before])[4:] == ["machine", "human", "machine", "human"]


def test_b02_the_person_after_the_sweep_stays_human() -> None:
    sweep = [create_hit(90 + n * 0.3, link=n) for n in range(5)]
    person = [create_open(300, address="192.0.2.1"), create_hit(310, link=2, address="192.0.2.1")]
    assert verdicts([*sweep, *person]) == ["machine"] * 5 + ["human"] * 2


def test_b02_a_person_who_opens_by_gmail_during_the_sweep_is_human() -> None:
    sweep = [create_hit(90 + n * 0.5, link=n) for n in range(4)]
    assert verdicts([*sweep, create_open(90.7, agent=GMAIL)])[4] == "human"


def test_b02_the_last_click_of_a_sweep_belongs_to_it_by_whatever_agent() -> None:
    sweep = [create_hit(90 + at, link=n) for n, at in enumerate((0, 1.4, 2.3))]
    assert verdicts([*sweep, create_hit(92.9, link=2, agent=SAFARI)]) == ["machine"] * 4


def test_b02_two_sweeps_are_two() -> None:
    sweeps = [create_hit(start + n * 0.3, link=n) for start in (60, 200) for n in range(3)]
    assert (
        verdicts([create_hit(130, agent=SAFARI, address="192.0.2.1"), *sweeps]) == ["human"] + ["machine"] * 6
    )


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


def test_b02_the_pixel_half_a_minute_before_the_sweep() -> None:
    sweep = [create_hit(55 + n * 0.2, link=n, address=CLOUD) for n in range(1, 6)]
    assert verdicts([create_open(25, address=CLOUD), *sweep]) == ["machine"] * 6


@pytest.mark.parametrize("start", [45, 200, 3 * 3600])
def test_b02_a_slow_sweep_from_changing_rented_machines(start: float) -> None:
    sweep = [create_hit(start + n * 5, link=n, address=f"3.93.{n}.7") for n in range(1, 6)]
    assert verdicts(sweep) == ["machine"] * 5


def test_b02_a_sweep_is_seen_where_no_list_knows_its_networks() -> None:
    sweep = [create_hit(45 + n * 6, link=n, address=f"198.{18 + n}.1.7") for n in range(1, 6)]
    assert verdicts(sweep) == ["machine"] * 5


def test_b02_all_links_by_one_program_at_a_pace_of_seconds() -> None:
    sweep = [create_hit(60 + n * 4, link=n, address=CLOUD) for n in range(1, 9)]
    assert verdicts(sweep) == ["machine"] * 8


def test_b02_the_same_sweep_hours_later_is_a_machines_again() -> None:
    sweeps = [
        create_hit(start + n * 0.3, link=n, address=address)
        for start, address in ((50, CLOUD), (7200, OTHER_CLOUD), (30_000, CLOUD))
        for n in range(1, 4)
    ]
    assert verdicts(sweeps) == ["machine"] * 9


def test_b02_a_single_retry_from_another_rented_machine_is_no_persons() -> None:
    sweep = [create_hit(50 + n * 0.2, link=n, address=CLOUD) for n in range(1, 5)]
    assert verdicts([*sweep, create_hit(9000, link=2, address=OTHER_CLOUD)])[4] == "machine"


def test_b02_one_link_fetched_from_three_networks_within_seconds() -> None:
    crowd = [create_hit(700 + n * 2, address=f"198.{18 + n}.1.7") for n in range(3)]
    assert verdicts(crowd) == ["machine"] * 3


def test_b05_head_then_get_by_another_address_of_the_same_agent() -> None:
    hits = [create_hit(600, method="HEAD", address=CLOUD), create_hit(602, address=OTHER_CLOUD)]
    assert verdicts(hits) == ["machine"] * 2


def test_b05_office_asks_by_head_before_a_person_follows_the_link() -> None:
    office = create_hit(600, method="HEAD", agent="Microsoft Office Existence Discovery")
    assert verdicts([office, create_hit(600.5)])[1] == "human"


def test_b05_a_robot_that_says_whom_to_tell() -> None:
    assert only(create_hit(headers={"from": "ops@scanner.example"})).verdict == "machine"


@pytest.mark.parametrize("start", [40, 9000])
@pytest.mark.parametrize("address", [HOME, CLOUD])
def test_b08_who_follows_every_link_and_sends_the_form_is_a_machine(start: float, address: str) -> None:
    sweep = [create_hit(start + n * 0.3, link=n, address=address) for n in range(1, 5)]
    forms = [create_form(start + 4, address=address), create_form(start + 9, link=2, address=address)]
    assert verdicts([*sweep, *forms]) == ["machine"] * 6


def test_b08_a_form_sent_within_a_sweep_by_another_address_is_a_machines() -> None:
    sweep = [create_hit(40 + n * 0.3, link=n, address=f"3.93.{n}.7") for n in range(1, 5)]
    assert verdicts([*sweep, create_form(43, address="18.204.1.2", agent=SAFARI)])[4] == "machine"


def test_b08_a_form_at_once_after_its_link_and_one_right_after_the_mail() -> None:
    assert verdicts([create_hit(600), create_form(601.7)]) == ["human", "machine"]
    assert only(create_form(7)).verdict == "machine"


def test_b08_a_person_who_fills_in_a_form_is_human() -> None:
    assert only(create_form(3600)).verdict == "human"
    assert verdicts([create_hit(3600), create_form(3640)]) == ["human"] * 2
    sweep = [create_hit(40 + n * 0.2, link=n, address=CLOUD) for n in range(1, 5)]
    assert verdicts([*sweep, create_hit(900), create_form(960)])[4:] == ["human"] * 2


def test_b02_a_straggler_beside_a_sweep_of_many_machines_is_no_persons() -> None:
    sweep = [create_hit(40 + n * 0.3, link=n, address=f"198.{18 + n}.1.7") for n in range(1, 4)]
    opened = create_open(30, address="192.0.2.1")
    straggler, person = create_hit(62, address="198.30.1.7"), create_hit(500, address="198.30.1.8")
    assert verdicts([opened, *sweep, straggler, person])[4:] == ["unknown", "human"]


def test_b05_a_browser_that_knows_no_language_is_suspect_among_other_signs() -> None:
    poor, rich = {"accept": "*/*"}, {"accept": "*/*", "accept-language": "de"}
    for headers, verdict in ((poor, "unknown"), (rich, "human"), ({}, "human")):
        assert only(create_hit(3600, address=RENTED, headers=headers)).verdict == verdict
    assert only(create_hit(3600, headers=poor)).verdict == "human"

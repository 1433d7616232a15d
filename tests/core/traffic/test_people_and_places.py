import pytest

from nurture.core.traffic.verdict import judge
from tests.core.traffic.hits import (
    CHROME,
    CLOUD,
    GMAIL,
    ISOLATION,
    OUTLOOK,
    RENTED,
    SAFARI,
    SAFE_LINKS,
    SENT,
    YAHOO,
    create_hit,
    create_open,
    only,
    verdicts,
)


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
def test_b04_the_networks_beside_them_are_no_mail_gateways(address: str) -> None:
    assert verdicts([create_open(590), create_hit(address=address)])[1] == "human"


def test_b07_two_links_in_four_seconds_are_one_quick_person() -> None:
    assert verdicts([create_open(590), create_hit(600, link=1), create_hit(604, link=2)]) == ["human"] * 3


def test_b04_a_rented_machine_is_a_sign_among_others_and_never_enough() -> None:
    assert verdicts([create_open(3590), create_hit(3600, address=CLOUD)])[1] == "human"
    assert only(create_hit(3600, address=CLOUD)).verdict == "unknown"
    assert only(create_hit(3600, address=RENTED)).verdict == "human"
    assert only(create_hit(40, address=CLOUD)).verdict == "unknown"
    assert (
        judge([hit := create_hit(40, address=CLOUD)], SENT, gateway="Proofpoint")[hit.id].verdict == "machine"
    )


def test_b04_isolation_puts_people_on_a_gateways_network() -> None:
    judged = only(create_hit(3600, address=ISOLATION))
    assert judged.verdict == "unknown"
    assert judged.reasons == ("came from the network of Proofpoint",)


def test_b04_a_gateway_alone_makes_no_click_a_machines() -> None:
    opened = create_open(590)
    for gateway in ("Proofpoint", "Google Workspace", "nobody's", None):
        hits = [opened, create_hit(600)]
        assert judge(hits, SENT, gateway=gateway)[hits[1].id].verdict == "human"


def test_b04_a_virus_scanner_looks_at_what_its_owner_opened() -> None:
    scanner = create_hit(4020, address=CLOUD, agent=CHROME.replace("131", "79"))
    assert verdicts([create_open(3990), create_hit(4000), scanner])[1:] == ["human", "unknown"]
    assert verdicts([create_open(3990), create_hit(4000, link=2), scanner])[1:] == ["human", "human"]


def test_b07_fast_readers_are_people() -> None:
    fast = [create_open(3590), *(create_hit(3600 + n * 2.5, link=n + 1) for n in range(3))]
    assert verdicts(fast) == ["human"] * 4


def test_b07_opened_and_clicked_in_the_same_second_is_outlooks_way() -> None:
    hits = [create_open(900, agent=OUTLOOK), create_hit(900.4)]
    assert verdicts(hits) == ["human", "human"]


def test_b07_forwarded_to_colleagues_in_other_places_and_programs() -> None:
    hits = [
        create_hit(3600 + n * 70, link=1 + n % 2, agent=agent, address=f"198.{18 + n}.1.7")
        for n, agent in enumerate((CHROME, SAFARI, CHROME.replace("131", "130"), SAFARI.replace("17", "18")))
    ]
    assert verdicts(hits) == ["human"] * 4


def test_b07_a_browser_that_restores_its_tabs_was_clicked_by_a_person() -> None:
    clicked = [create_hit(3600 + n * 40, link=n) for n in range(1, 4)]
    restored = [create_hit(60_000 + n * 0.1, link=n) for n in range(1, 4)]
    assert verdicts([*clicked, *restored]) == ["human"] * 6


def test_b07_relays_and_private_networks_carry_people() -> None:
    for address in ("172.226.40.3", "104.28.12.9", "146.70.3.4", RENTED):
        assert only(create_hit(7200, agent=SAFARI, address=address)).verdict == "human"

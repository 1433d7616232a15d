import pytest

from nurture.core.traffic.agents import shipped_lists
from tests.accuracy.traffic import measure_simulated_weeks
from tests.simulator.machines import BY_GATEWAY
from tests.simulator.weeks import simulate_week


def test_a_seed_makes_the_same_week_and_another_seed_another() -> None:
    first, again, other = ([mail.hits for mail in simulate_week(seed, mails=40)] for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_every_hit_has_its_truth_and_every_gateway_is_known() -> None:
    for mail in simulate_week(7, mails=200):
        assert set(mail.truths) == {hit.id for hit in mail.hits}
    assert all(shipped_lists().follows_links(gateway) for gateway in BY_GATEWAY)


@pytest.mark.parametrize("seeds", [(11, 12), (2026, 2027)])
def test_b02_b07_weeks_of_people_and_machines_are_told_apart(seeds: tuple[int, int]) -> None:
    figures = measure_simulated_weeks(seeds, mails=800)
    assert figures["machine_clicks"] > 2_000
    assert figures["human_clicks"] > 500
    assert figures["machine_taken_for_human"] <= 0.005
    assert figures["human_taken_for_machine"] <= 0.02
    assert figures["machine_unknown"] <= 0.06
    assert figures["human_unknown"] <= 0.1

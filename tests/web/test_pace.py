"""Who asks too often is slowed down, in bounded memory."""

import pytest

from nurture.web.pace import Pace, network_of


def test_the_pace_fills_up_again_evenly() -> None:
    moment = [0.0]
    pace = Pace(clock=lambda: moment[0])
    assert [pace.wait("a", 6) for _ in range(6)] == [0.0] * 6
    assert pace.wait("a", 6) == pytest.approx(10)
    moment[0] = 10.0
    assert [pace.wait("a", 6) == 0.0 for _ in range(2)] == [True, False]
    moment[0] = 1000.0
    assert [pace.wait("a", 6) == 0.0 for _ in range(7)] == [True] * 6 + [False]


def test_the_pace_remembers_no_more_than_it_may() -> None:
    pace = Pace(clock=lambda: 0.0, max_keys=100)
    for key in range(5000):
        pace.wait(key, 1)
    assert len(pace._full_at) == 100
    assert pace.wait(4999, 1) > 0


def test_one_customer_of_ipv6_is_one_address() -> None:
    assert (
        network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    )
    assert network_of("203.0.113.5") != network_of("203.0.113.6")
    assert network_of(None) == network_of("unix:") == ""


def test_one_address_is_one_however_it_is_written() -> None:
    plain = network_of("192.0.2.1")
    assert plain == "192.0.2.1"
    for written in ("::ffff:192.0.2.1", "192.0.2.1:5555", "[::ffff:192.0.2.1]:80"):
        assert network_of(written) == plain
    assert network_of("::ffff:192.0.2.2") != plain
    assert network_of("[2001:db8::1]:80") == network_of("[2001:db8::1]") == network_of("2001:db8::1") != ""
    assert network_of("[::1") == network_of("::1")
    assert network_of("name:80") == network_of(":80") == network_of("[]") == ""

"""X06: where a webhook may lead."""

import ipaddress
import socket
from collections.abc import Sequence
from threading import Event
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nurture.sales.guard import Endpoint, Forbidden, WebAddress, find_endpoints, may_reach, read_url

PRIVATE = [
    *("127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("::1", "fc00::1", "fdff::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::192.168.1.1", "64:ff9b::7f00:1"),
]
NOWHERE = [
    *("0.0.0.0", "0.1.2.3", "100.64.0.1", "100.100.100.200", "100.127.255.255", "169.254.169.254"),
    *("192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::2", "::127.0.0.1", "::8.8.8.8", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1"),
    *("2001::1", "2001:2::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "5f00::1"),
    *("64:ff9b:1::8.8.8.8", "64:ff9b::169.254.169.254", "::ffff:169.254.169.254", "::ffff:0.0.0.0"),
    *("::ffff:0:127.0.0.1", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254", "", "localhost", "1.2.3"),
]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1"),
    *("223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_x06_private_addresses_need_leave(address: str) -> None:
    assert not may_reach(address, allow_private=False)
    assert may_reach(address, allow_private=True)


@pytest.mark.parametrize("address", NOWHERE)
def test_x06_special_addresses_are_never_reached(address: str) -> None:
    assert not may_reach(address, allow_private=False)
    assert not may_reach(address, allow_private=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert may_reach(address, allow_private=False)


@given(st.ip_addresses())
@example(ipaddress.ip_address("100.64.0.0"))
@example(ipaddress.ip_address("2001:db8:ffff::"))
def test_x06_nothing_passes_that_python_does_not_call_global(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    carries_ipv4 = any(
        address in ipaddress.ip_network(network) for network in ("::ffff:0:0/96", "64:ff9b::/96")
    )
    if may_reach(str(address), allow_private=False) and not carries_ipv4:
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "0", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "localhost", "LOCALHOST"),
        *("169.254.169.254", "0xa9fea9fe", "[64:ff9b::a9fe:a9fe]", "10.1", "192.168.257", "224.1"),
    ],
)
def test_x06_every_notation_is_refused(host: str) -> None:
    with pytest.raises(Forbidden):
        find_endpoints(read_url(f"http://{host}/"), socket.getaddrinfo, 5, allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1%2f@example.com/", "http://user:hunter2@example.com/", "http://@example.com/"),
        *(
            "https://example.com\\@127.0.0.1/",
            "http://exa mple.com/",
            "http://exa\tmple.com/",
            " http://e.com/",
        ),
        *(
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com/",
            "//example.com/",
            "example.com",
        ),
        *(
            "http:///path",
            "http://",
            "http://example.com:0/",
            "http://example.com:65536/",
            "http://e.com:+8/",
        ),
        *("http://[::1", "http://[fe80::1%25eth0]/", "http://[v1.a]/", "http://[1.2.3.4]/", "http://a..b/"),
        *("http://①②⑦.⓪.⓪.①/", "http://-a.com/", "http://a%00b.com/", "http://" + "a" * 64 + ".com/"),
        *("http://a.com\r\nX: y/", "http://example。com:80\x7f/", "http://a.com/\n", "http://..", ""),
    ],
)
def test_x06_a_url_with_two_readings_is_refused(url: str) -> None:
    with pytest.raises(Forbidden) as refused:
        read_url(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://a.com", WebAddress(True, "a.com", 443, "/")),
        ("HTTP://A.COM.:80/x", WebAddress(False, "a.com", 80, "/x")),
        ("http://a.com:443/?q=1#part", WebAddress(False, "a.com", 443, "/?q=1")),
        ("https://[2606:4700:0::1]:8443/", WebAddress(True, "2606:4700::1", 8443, "/")),
        ("https://straße.de/ü?é=%2F&b", WebAddress(True, "xn--strae-oqa.de", 443, "/%C3%BC?%C3%A9=%2F&b")),
        ("http://crm_dev:9/", WebAddress(False, "crm_dev", 9, "/")),
    ],
)
def test_a_url_is_read(url: str, read: WebAddress) -> None:
    assert read_url(url) == read


def test_x06_one_bad_address_among_good_ones_refuses_them_all() -> None:
    def resolve(host: str, port: int, *, type: int) -> Sequence[tuple[Any, ...]]:
        return [_info("1.1.1.1", port), _info("10.0.0.1", port)]

    with pytest.raises(Forbidden, match="not public"):
        find_endpoints(read_url("https://a.com/"), resolve, 5, allow_private=False)


def test_x06_the_judged_address_is_the_one_to_connect_to() -> None:
    answers = iter([[_info("1.1.1.1", 443)], [_info("127.0.0.1", 443)]])

    def resolve(host: str, port: int, *, type: int) -> Sequence[tuple[Any, ...]]:
        assert (host, port, type) == ("a.com", 443, socket.SOCK_STREAM)
        return next(answers)

    found = find_endpoints(read_url("https://a.com/"), resolve, 5, allow_private=False)
    assert found == [Endpoint(socket.AF_INET, ("1.1.1.1", 443))]


def test_four_addresses_are_tried_at_most() -> None:
    def resolve(host: str, port: int, *, type: int) -> Sequence[tuple[Any, ...]]:
        return [_info(f"1.1.1.{number}", port) for number in range(200)]

    assert len(find_endpoints(read_url("http://a.com/"), resolve, 5, allow_private=False)) == 4


def test_x06_a_slow_resolver_is_left_behind() -> None:
    over = Event()

    def resolve(host: str, port: int, *, type: int) -> Sequence[tuple[Any, ...]]:
        over.wait(30)
        return []

    with pytest.raises(TimeoutError):
        find_endpoints(read_url("http://a.com/"), resolve, 0.05, allow_private=False)
    over.set()


def test_a_name_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(OSError, match="nowhere"):
        find_endpoints(read_url("http://a.com/"), lambda *_, **__: [], 5, allow_private=False)


def _info(address: str, port: int) -> tuple[Any, ...]:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))

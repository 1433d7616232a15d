from datetime import date
from importlib.resources import files
from time import perf_counter

import pytest

from nurture.core.traffic.list_check import check_list, check_pattern

TOP = 'source = "ours"\ndated = 2026-11-22\n'
NETWORK = '[[networks]]\nname = "x"\nranges = ["192.0.2.0/24"]\n'
GATEWAY = '[[gateways]]\nname = "x"\nhosts = ["mx.example.com"]\nfollows = true\n'


def agents(machine: str) -> str:
    others = ("proxies", "prefetchers", "people", "browsers", "companions", "devices", "computers")
    return TOP + "".join(f"{name} = []\n" for name in others) + f"[[machines]]\nname = 'x'\n{machine}\n"


@pytest.mark.parametrize("name", ["agents", "networks", "gateways"])
def test_the_lists_that_come_with_nurture_are_good(name: str) -> None:
    checked = check_list((files("nurture.core") / "data" / f"{name}.toml").read_text("utf-8"))
    assert (checked.name, checked.dated) == (name, date(2026, 11, 22))
    assert checked.source


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[networks", "not TOML"),
        ("a = 1", "no list has a table 'a'"),
        ("", "none of the tables"),
        (NETWORK, "where it is from"),
        ('source = "x"\n' + NETWORK, "what day"),
        (TOP + NETWORK + GATEWAY, "more than one"),
        (TOP + "networks = 3", r"must be a list of tables"),
        (TOP + NETWORK.replace("/24", "/33"), "'192.0.2.0/33' is no network"),
        (TOP + NETWORK.replace("192.0.2.0/24", "0.0.0.0/0"), "too wide"),
        (TOP + NETWORK + 'role = "friend"', "role is none of"),
        (TOP + NETWORK.replace("ranges", "rangs"), "unknown field 'rangs'"),
        (TOP + NETWORK.replace('name = "x"', ""), "no name"),
        (TOP + GATEWAY.replace("true", '"yes"'), "whether the gateway follows"),
        (TOP + GATEWAY.replace("mx.example.com", "com"), "no end of a host's name"),
        (TOP + "proxies = []", "lacks the table"),
        (agents("words = []"), "nothing tells an agent"),
        (agents("words = ['']"), "none of them empty"),
        (agents("words = 'bot'"), "must be a list of texts"),
        (agents("patterns = ['(']"), "cannot be read"),
        (agents("patterns = ['x?']"), "holds of every agent"),
        (agents("patterns = ['(a+)+b']"), "repeats a group"),
    ],
)
def test_a_bad_list_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"(?i){says}"):
        check_list(text)


@pytest.mark.parametrize(
    "pattern", [r"(a+)+b", r"(a|a)*b", r"a*a*b", r"(.)\1", "a?" * 12 + "a" * 12, r".{0,99}.+x"]
)
def test_r11_a_pattern_that_a_text_could_slow_down_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="for ever"):
        check_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", [r"(?<!cu)bots?\b", r"^Mozilla/5\.0$", r"[*+]{2}", r"\+ ?[a-z-]+\.[a-z]", r"a(b|c)?"]
)
def test_plain_patterns_are_taken(pattern: str) -> None:
    check_pattern(pattern)


def test_r11_a_list_as_long_as_a_book_is_refused_at_once() -> None:
    begin = perf_counter()
    with pytest.raises(ValueError, match="4 MB"):
        check_list("[" * (5 << 20))
    assert perf_counter() - begin < 1

import os
from pathlib import Path

import pytest

from nurture.core.traffic.agents import parse_lists, shipped_lists

CORPORA = Path(os.environ.get("NURTURE_CORPORA", "../shared/corpora")) / "user_agents"
needs_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason=f"no collection of agents at {CORPORA}")


def read_agents(name: str) -> list[str]:
    return [line for line in (CORPORA / name).read_text("utf-8").splitlines() if line.strip()]


@needs_corpora
def test_b06_real_crawlers_are_mostly_known_by_their_agent() -> None:
    lists, agents = shipped_lists(), read_agents("machines.txt")
    assert sum(lists.machine(agent) is not None for agent in agents) >= 0.85 * len(agents)


@needs_corpora
def test_b06_real_browsers_are_no_machines() -> None:
    lists, agents = shipped_lists(), read_agents("browsers.txt")
    assert sum(lists.machine(agent) is not None for agent in agents) <= 0.005 * len(agents)


@pytest.mark.parametrize(
    "agent",
    [
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.10.1",
        "Mozilla/5.0 (Linux; Android 8.0.0; CUBOT_P20) AppleWebKit/537.36 Chrome/70.0 Mobile Safari/537.36",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; Trident/4.0)",
        "Mozilla/5.0 (compatible; Konqueror/4.4; Linux) KHTML/4.4.5 (like Gecko)",
        "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
    ],
)
def test_programs_of_people_are_known_as_such(agent: str) -> None:
    assert shipped_lists().machine(agent) is None
    assert shipped_lists().person(agent) is not None


def test_an_endless_agent_takes_no_time() -> None:
    hostile = "Mozilla/5.0 (" + "a@" * 500_000
    assert shipped_lists().machine(hostile) is None
    assert shipped_lists().person(hostile) == "a browser"


def test_a_list_with_a_wrong_network_is_refused() -> None:
    agents = "proxies = []\nprefetchers = []\npeople = []\nmachines = []"
    with pytest.raises(ValueError, match="1.2.3.4/33"):
        parse_lists(agents, '[[networks]]\nname = "x"\nranges = ["1.2.3.4/33"]')

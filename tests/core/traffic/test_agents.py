import os
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import pytest

from nurture.core.traffic.agents import Lists, parse_lists, shipped_lists

CORPORA = Path(os.environ.get("NURTURE_CORPORA", "../shared/corpora")) / "user_agents"
needs_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason=f"no collection of agents at {CORPORA}")

TABLES = ("proxies", "prefetchers", "people", "machines", "browsers", "companions", "devices", "computers")
NO_AGENTS = "".join(f"{name} = []\n" for name in TABLES)
NO_NETWORKS = "networks = []"
NO_GATEWAYS = "gateways = []"

PEOPLE = [
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Outlook-iOS/723.4027091.prod.iphone (4.28.0)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.10.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",  # noqa: E501
    "Mozilla/5.0 (Linux; Android 8.0.0; CUBOT_P20) AppleWebKit/537.36 Chrome/70.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 "  # noqa: E501
    "[FBAN/FBIOS;FBAV/489.0.0.41.80;FBBV/660000000]",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Teams/24215.1007 "
    "Chrome/122.0.6261.156 Electron/29.4.6 Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; Trident/4.0)",
    "Mozilla/5.0 (compatible; Konqueror/4.4; Linux) KHTML/4.4.5 (like Gecko)",
    "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
    "Nokia6300/2.0 (07.21) Profile/MIDP-2.0 Configuration/CLDC-1.1",
    "BlackBerry8520/5.0.0.681 Profile/MIDP-2.1 Configuration/CLDC-1.1 VendorID/120",
    "Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/1.1.1d",
    "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36",  # noqa: E501
    "Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",  # noqa: E501
]
MACHINES = [
    "Mozilla/5.0 (compatible; SomethingNew/1.0)",
    "Mozilla/5.0 (compatible; Newcomer/0.3; +https://newcomer.example/why)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",  # noqa: E501
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 "  # noqa: E501
    "Newcomer/1.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Newcomer/2.1) Gecko/20100101 Firefox/121.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36 (help at newcomer.example, mailto:ops@newcomer.example)",
    "Mozilla/5.0",
    "Mozilla/5.0 Newcomer",
    "Newcomer",
    "newcomer/3",
    "Java/17.0.2",
    "Apache-HttpClient/5.3 (Java/21)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "",
    "  ",
]  # fmt: skip


def read_agents(name: str) -> list[str]:
    """The half to measure on: the other one was looked at when the lists were written."""
    agents = (line for line in (CORPORA / name).read_text("utf-8").splitlines() if line.strip())
    return [agent for agent in agents if sha256(agent.encode()).digest()[0] % 2]


def share_of_machines(agents: list[str]) -> float:
    lists = shipped_lists()
    return sum(lists.agent(agent).nature in ("machine", "prefetcher") for agent in agents) / len(agents)


@needs_corpora
def test_b06_real_crawlers_are_known_by_their_agent() -> None:
    assert share_of_machines(read_agents("machines.txt")) >= 0.985


@needs_corpora
def test_b06_real_browsers_are_no_machines() -> None:
    agents = read_agents("browsers.txt")
    assert share_of_machines(agents) <= 1 / len(agents)


@pytest.mark.parametrize("agent", PEOPLE)
def test_b06_programs_of_people_are_known_as_such(agent: str) -> None:
    assert shipped_lists().agent(agent).nature == "person"


@pytest.mark.parametrize("agent", MACHINES)
def test_b06_what_is_no_persons_program_is_a_machine(agent: str) -> None:
    assert shipped_lists().agent(agent).nature in ("machine", "prefetcher")


@pytest.mark.parametrize(
    "hostile", ["Mozilla/5.0 (" + "a@" * 500_000, "(" * 1_000_000, "a/1." * 250_000, "http" * 250_000]
)
def test_r11_an_endless_agent_takes_no_time(hostile: str) -> None:
    begin = perf_counter()
    shipped_lists().agent(hostile)
    assert perf_counter() - begin < 1


def test_each_lists_remembers_for_itself_and_not_for_ever() -> None:
    other = parse_lists(
        NO_AGENTS.replace("people = []", "") + '[[people]]\nname = "our own"\nwords = ["Newcomer"]',
        NO_NETWORKS,
        NO_GATEWAYS,
    )
    assert shipped_lists().agent("Newcomer").nature == "machine"
    assert other.agent("Newcomer").nature == "person"
    for number in range(10_000):
        other.agent(f"Newcomer/{number}")
    assert other._read.cache_info().currsize <= 4096


def test_a_list_with_a_wrong_network_is_refused() -> None:
    with pytest.raises(ValueError, match="1.2.3.4/33"):
        parse_lists(NO_AGENTS, '[[networks]]\nname = "x"\nranges = ["1.2.3.4/33"]', NO_GATEWAYS)
    with pytest.raises(ValueError, match="no role"):
        parse_lists(
            NO_AGENTS, '[[networks]]\nname = "x"\nrole = "friend"\nranges = ["192.0.2.0/24"]', NO_GATEWAYS
        )


@pytest.mark.parametrize(
    ("address", "role"),
    [
        ("40.107.22.83", "gateway"),
        ("::ffff:40.107.22.83", "gateway"),
        ("40.70.1.1", "cloud"),
        ("67.231.150.9", "probable"),
        ("167.99.1.1", "hosting"),
        ("2a01:111:f400::8", "gateway"),
        ("104.28.40.9", None),
        ("172.226.10.4", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_b04_the_narrowest_network_tells_whose_an_address_is(address: str, role: str | None) -> None:
    network = shipped_lists().network(address)
    assert (network.role if network else None) == role


@pytest.mark.parametrize(
    ("hosts", "gateway"),
    [
        (["mxa-00123.gslb.pphosted.com."], "Proofpoint"),
        (["eu-smtp-inbound-1.mimecast.com"], "Mimecast"),
        (["d12345a.ess.barracudanetworks.com"], "Barracuda"),
        (["MX1.HC123-45.IPHMX.COM"], "Cisco Secure Email"),
        (["example-com.mail.protection.outlook.com"], "Microsoft Exchange Online Protection"),
        (["aspmx.l.google.com", "alt1.aspmx.l.google.com"], "Google Workspace"),
        (["mail.example.org", "cluster1.eu.messagelabs.com"], "Symantec MessageLabs"),
        (["mail.example.org"], None),
        (["notmimecast.com"], None),
        ([], None),
    ],
)
def test_the_gateway_is_told_by_the_names_of_mail_servers(hosts: list[str], gateway: str | None) -> None:
    assert shipped_lists().gateway(hosts) == gateway


def test_not_every_gateway_follows_links() -> None:
    lists: Lists = shipped_lists()
    assert lists.follows_links("Proofpoint")
    assert not lists.follows_links("Google Workspace")
    assert not lists.follows_links("nobody's")
    assert not lists.follows_links(None)

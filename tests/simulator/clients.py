"""Programs and the networks they fetch from, as they are met in the field.

Written from what is known of the vendors and of people's lines, not from the lists the judge has: some
networks here are in none of them.
"""

from dataclasses import dataclass
from random import Random

CHROMIUM = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0"
PEOPLES_AGENTS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROMIUM} Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROMIUM} Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROMIUM} Safari/537.36 Edg/{{}}.0.0.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROMIUM} Safari/537.36",
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROMIUM} Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{}.0) Gecko/20100101 Firefox/{}.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Safari/605.1.15",
)
PHONES_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 10; K) {CHROMIUM} Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) "  # noqa: E501
    "Version/4.0 Chrome/{}.0.6778.39 Mobile Safari/537.36",
)
OLD_AGENTS = (
    "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.88 "
    "Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (X11; Linux x86_64; rv:78.0) Gecko/20100101 Firefox/78.0",
)
TOOLS_AGENTS = ("python-requests/2.32.3", "Go-http-client/2.0", "curl/8.5.0", "okhttp/4.12.0", "")
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
OUTLOOK = (
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; "
    "Microsoft Outlook 16.0.17328; ms-office; MSOffice 16)"
)
APPLE_MPP = "Mozilla/5.0"

HOMES = (
    "24.{}.{}.{}",
    "73.{}.{}.{}",
    "82.{}.{}.{}",
    "90.{}.{}.{}",
    "109.{}.{}.{}",
    "217.{}.{}.{}",
    "93.{}.{}.{}",
)
CARRIERS = ("100.128.{}.{}", "172.58.{}.{}", "80.187.{}.{}", "92.184.{}.{}", "2600:387:{}::{}")
OFFICES = ("194.25.{}.{}", "12.96.{}.{}", "195.33.{}.{}", "62.154.{}.{}", "208.127.{}.{}")
RELAYS = ("172.226.{}.{}", "104.28.{}.{}", "146.75.{}.{}", "2a04:4e41:{}::{}", "140.248.{}.{}")
VPNS = ("146.70.{}.{}", "185.159.{}.{}", "193.27.{}.{}", "51.158.{}.{}", "159.65.{}.{}", "45.83.{}.{}")
ISOLATION = ("148.163.{}.{}", "205.139.110.{}", "68.232.{}.{}")
MICROSOFT = ("40.94.{}.{}", "40.107.{}.{}", "52.101.{}.{}", "104.47.{}.{}")
AZURE = ("20.84.{}.{}", "52.177.{}.{}", "40.77.{}.{}", "13.82.{}.{}")
CLOUDS = (
    "3.93.{}.{}",
    "18.204.{}.{}",
    "34.201.{}.{}",
    "52.14.{}.{}",
    "54.183.{}.{}",
    "35.233.{}.{}",
    "34.105.{}.{}",
)
HIRED = ("167.99.{}.{}", "157.245.{}.{}", "51.83.{}.{}", "95.217.{}.{}", "45.79.{}.{}")
OBSCURE = ("185.220.{}.{}", "89.187.{}.{}", "192.42.{}.{}", "138.199.{}.{}", "154.54.{}.{}", "202.61.{}.{}")
PROOFPOINT = ("67.231.{}.{}", "148.163.{}.{}", "205.220.{}.{}")
MIMECAST = ("205.139.110.{}", "170.10.129.{}", "207.211.30.{}")
BARRACUDA = ("209.222.82.{}", "64.235.150.{}")
CISCO = ("68.232.{}.{}", "216.71.{}.{}")


@dataclass(frozen=True)
class Client:
    """A program in a place."""

    agent: str
    address: str


def choose_address(random: Random, places: tuple[str, ...]) -> str:
    """An address of one of the places: `{}` stands for a part that varies."""
    place = random.choice(places)
    if place.startswith(("67.231", "68.232")):
        return place.format(random.randrange(144, 160), random.randrange(1, 255))
    if place.startswith("205.220"):
        return place.format(random.randrange(160, 192), random.randrange(1, 255))
    if place.startswith(("148.163", "216.71")):
        return place.format(random.randrange(128, 160), random.randrange(1, 255))
    if place.startswith("104.47"):
        return place.format(random.randrange(0, 127), random.randrange(1, 255))
    return place.format(*(random.randrange(1, 255) for _ in range(3)))


def choose_agent(random: Random, agents: tuple[str, ...]) -> str:
    """One of the agents, in some recent version."""
    version = random.choice((128, 130, 131, 131, 132, 133))
    return random.choice(agents).format(version, version)

"""Machines: mail gateways, scanners and tools that fetch what nobody clicked."""

from collections.abc import Callable, Iterable

from tests.simulator import clients
from tests.simulator.clients import Client, choose_address, choose_agent
from tests.simulator.mails import Mail, World

Behaviour = Callable[[Mail, World], None]


def safe_links(mail: Mail, world: World) -> None:
    """Full browsers on Microsoft's own networks, some of them on Azure; scripts run, all links one by one."""
    at = _delivery(world)
    for link in _all_links(mail):
        places = clients.AZURE if world.chance(0.25) else clients.MICROSOFT
        fetcher = Client(
            choose_agent(world.random, clients.PEOPLES_AGENTS), choose_address(world.random, places)
        )
        _fetch(mail, world, fetcher, at, link, browserlike=True)
        at += world.random.uniform(0.05, 1.5) * world.haste


def proofpoint(mail: Mail, world: World) -> None:
    """The pixel, half a minute later every link at once, each from another machine of a farm."""
    at = _delivery(world)
    places = world.random.choice((clients.PROOFPOINT, clients.CLOUDS))
    _pixel_first(mail, world, places, at)
    _sweep(mail, world, at, places=places, gap=(0.02, 0.35), rotating=world.chance(0.6))


def mimecast(mail: Mail, world: World) -> None:
    """Asks by HEAD, then by GET, at delivery."""
    at = _delivery(world)
    fetcher = Client(
        choose_agent(world.random, clients.PEOPLES_AGENTS), choose_address(world.random, clients.MIMECAST)
    )
    for link in _all_links(mail):
        mail.add("machine", "click", at, fetcher, link=link, method="HEAD")
        _fetch(mail, world, fetcher, at + world.random.uniform(0.1, 2), link)
        at += world.random.uniform(0.2, 3) * world.haste


def barracuda(mail: Mail, world: World) -> None:
    """Only the first links, as a browser."""
    places = world.random.choice((clients.BARRACUDA, clients.CLOUDS))
    links = _all_links(mail)[: world.random.choice((1, 2, 3, 5))]
    _sweep(mail, world, _delivery(world), places=places, gap=(0.05, 0.8), links=links)


def cisco(mail: Mail, world: World) -> None:
    """A sweep, and again when its knowledge of the addresses is renewed, hours later."""
    at = _delivery(world)
    for _ in range(world.random.choice((1, 2, 3))):
        _sweep(
            mail, world, at, places=clients.CISCO if world.chance(0.5) else clients.CLOUDS, gap=(0.05, 0.9)
        )
        at += world.random.uniform(1_800, 30_000)


def cloud_sweeper(mail: Mail, world: World) -> None:
    """Nobody's in particular: rented machines, another address and agent for each link."""
    at = _delivery(world)
    places = world.random.choice((clients.CLOUDS, clients.CLOUDS, clients.AZURE, clients.HIRED))
    if world.chance(0.5):
        _pixel_first(mail, world, places, at)
    _sweep(mail, world, at, places=places, gap=(0.05, 0.9), rotating=True)


def slow_sweeper(mail: Mail, world: World) -> None:
    """Takes its time between links, so as not to be taken for what it is."""
    places = world.random.choice((clients.CLOUDS, clients.AZURE, clients.HIRED))
    _sweep(mail, world, _delivery(world), places=places, gap=(1.5, 7), rotating=world.chance(0.7))


def obscure_sweeper(mail: Mail, world: World) -> None:
    """A sweep from networks that no list knows, with the agent of an ordinary browser."""
    _sweep(mail, world, _delivery(world), places=clients.OBSCURE, gap=(0.03, 0.8), rotating=world.chance(0.3))


def poster(mail: Mail, world: World) -> None:
    """Follows every link, and sends every form it meets."""
    at = _delivery(world)
    fetcher = Client(
        choose_agent(world.random, clients.PEOPLES_AGENTS), choose_address(world.random, clients.CLOUDS)
    )
    for link in _all_links(mail):
        _fetch(mail, world, fetcher, at, link)
        at += world.random.uniform(0.05, 0.8)
    for link in _all_links(mail)[-2:]:
        at += world.random.uniform(0.3, 6)
        mail.add("machine", "form", at, fetcher, link=link)


def retrier(mail: Mail, world: World) -> None:
    """A sweep, then single links again from other machines, for a day."""
    at = _delivery(world)
    _sweep(mail, world, at, places=clients.CLOUDS, gap=(0.05, 0.6), rotating=True)
    for _ in range(world.random.choice((1, 2, 4))):
        at += world.random.uniform(120, 25_000)
        fetcher = Client(
            choose_agent(world.random, clients.PEOPLES_AGENTS), choose_address(world.random, clients.CLOUDS)
        )
        _fetch(mail, world, fetcher, at, world.random.choice(_all_links(mail)))


def tool(mail: Mail, world: World) -> None:
    """A script of an administrator, or a preview of a chat the mail was pasted into."""
    agent = world.random.choice(
        (*clients.TOOLS_AGENTS, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")
    )
    fetcher = Client(agent, choose_address(world.random, clients.CLOUDS))
    _fetch(mail, world, fetcher, world.random.uniform(5, 100_000), world.random.choice(_all_links(mail)))


def second_look(mail: Mail, world: World) -> None:
    """Somebody's virus scanner fetches what its owner has just clicked, from its maker's machines."""
    clicked = [hit for hit in mail.hits if hit.kind == "click" and mail.truths[hit.id] == "human"]
    for hit in clicked[:1]:
        after = (hit.at - mail.sent_at).total_seconds() + world.random.uniform(-1.5, 60)
        agent = choose_agent(world.random, clients.OLD_AGENTS)
        fetcher = Client(agent, choose_address(world.random, clients.CLOUDS))
        _fetch(mail, world, fetcher, after, hit.link)


BY_GATEWAY: dict[str, tuple[Behaviour, ...]] = {
    "Microsoft Exchange Online Protection": (safe_links, safe_links, safe_links, slow_sweeper),
    "Proofpoint": (proofpoint, proofpoint, retrier),
    "Mimecast": (mimecast, mimecast, cloud_sweeper),
    "Barracuda": (barracuda,),
    "Cisco Secure Email": (cisco, cisco, poster),
    "Trend Micro": (cloud_sweeper, retrier, poster),
    "Sophos": (cloud_sweeper, slow_sweeper),
}
UNKNOWN: tuple[Behaviour, ...] = (cloud_sweeper, slow_sweeper, obscure_sweeper, poster, barracuda, retrier)


def _delivery(world: World) -> float:
    """Seconds from our 250 to a gateway's first look: most within a minute, some after a wait in a queue."""
    kind = world.random.choices(("at once", "minute", "minutes", "delayed"), weights=(3, 63, 28, 6))[0]
    if kind == "at once":
        return world.random.uniform(0.5, 20)
    if kind == "minute":
        return world.random.uniform(20, 60) * min(1.2, world.haste)
    return world.random.uniform(60, 300) if kind == "minutes" else world.random.uniform(600, 30_000)


def _pixel_first(mail: Mail, world: World, places: tuple[str, ...], at: float) -> None:
    fetcher = Client(choose_agent(world.random, clients.PEOPLES_AGENTS), choose_address(world.random, places))
    mail.add("machine", "open", max(0.2, at - world.random.uniform(15, 40)), fetcher)


def _sweep(
    mail: Mail,
    world: World,
    at: float,
    *,
    places: tuple[str, ...],
    gap: tuple[float, float],
    rotating: bool = False,
    links: Iterable[int] | None = None,
) -> None:
    wearing = clients.OLD_AGENTS if world.chance(0.3) else clients.PEOPLES_AGENTS
    fetcher = Client(choose_agent(world.random, wearing), choose_address(world.random, places))
    for link in links if links is not None else _all_links(mail):
        if rotating:
            fetcher = Client(choose_agent(world.random, wearing), choose_address(world.random, places))
        _fetch(mail, world, fetcher, at, link, browserlike=world.chance(0.5))
        at += world.random.uniform(*gap) * world.haste


def _fetch(
    mail: Mail, world: World, fetcher: Client, at: float, link: int, *, browserlike: bool = False
) -> None:
    headers: dict[str, str] = {}
    if world.headers:
        headers = {"accept": "*/*"}
        if browserlike:
            headers = {
                "accept": "text/html,*/*;q=0.8",
                "accept-language": "en-US",
                "sec-fetch-mode": "navigate",
            }
    mail.add("machine", "click", at, fetcher, link=link, headers=headers)


def _all_links(mail: Mail) -> list[int]:
    return list(range(1, mail.links + 1))

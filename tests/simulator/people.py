"""People: how they open, click, come back, pass on and fill in."""

from tests.simulator import clients
from tests.simulator.clients import Client, choose_address, choose_agent
from tests.simulator.mails import Mail, World

BROWSERS_HEADERS = {
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "en-US,en;q=0.9",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
    "sec-fetch-user": "?1",
}


def read(mail: Mail, world: World) -> None:
    """One person reads the mail, in one of the many ways people do."""
    person = choose_person(world)
    begin = _moment_of_reading(world)
    _open(mail, world, person, begin)
    if not world.chance(0.6):
        return
    at = begin + _look_before_first_click(world)
    behave = world.random.choices(
        (
            click_some,
            click_fast,
            open_tabs,
            click_twice,
            hover,
            come_back,
            restore_tabs,
            fill_form,
            leave_list,
        ),
        weights=(56, 12, 1.5, 7, 5, 6, 1.5, 8, 3),
    )[0]
    behave(mail, world, person, at)
    if world.chance(0.06):
        pass_on(mail, world, at)
    if world.chance(0.08):
        other_device = Client(
            choose_agent(world.random, clients.PHONES_AGENTS), _home(world, clients.CARRIERS)
        )
        click_some(mail, world, other_device, at + world.random.expovariate(1 / 40_000))


def choose_person(world: World) -> Client:
    """A person's program, and the line it comes by."""
    random = world.random
    phone = world.chance(0.4)
    agent = choose_agent(random, clients.PHONES_AGENTS if phone else clients.PEOPLES_AGENTS)
    places = random.choices(
        (clients.HOMES, clients.CARRIERS, clients.OFFICES, clients.RELAYS, clients.VPNS, clients.ISOLATION),
        weights=(34, 20, 28, 11, 4, 3),
    )[0]
    return Client(agent, _home(world, places))


def click_some(mail: Mail, world: World, person: Client, at: float) -> None:
    for link in _choose_links(mail, world, world.random.choice((1, 1, 1, 2, 2, 3))):
        _click(mail, world, person, at, link)
        at += 4 + world.random.expovariate(1 / (45 * world.pace))


def click_fast(mail: Mail, world: World, person: Client, at: float) -> None:
    for link in _choose_links(mail, world, world.random.choice((2, 2, 3))):
        _click(mail, world, person, at, link)
        at += world.random.uniform(1.6, 4.5)


def open_tabs(mail: Mail, world: World, person: Client, at: float) -> None:
    """Opens what looks good in tabs behind the mail, to read later."""
    for link in _choose_links(mail, world, world.random.choice((3, 4, 5))):
        _click(mail, world, person, at, link)
        at += world.random.uniform(1.2, 5)


def click_twice(mail: Mail, world: World, person: Client, at: float) -> None:
    for link in _choose_links(mail, world, 1):
        _click(mail, world, person, at, link)
        _click(mail, world, person, at + world.random.uniform(0.15, 0.6), link)


def hover(mail: Mail, world: World, person: Client, at: float) -> None:
    """A browser fetches ahead what the pointer rests on."""
    ahead = {**BROWSERS_HEADERS, "sec-purpose": "prefetch;prerender"}
    for number, link in enumerate(_choose_links(mail, world, 3)):
        mail.add(
            "machine", "click", at + number * world.random.uniform(0.3, 0.9), person, link=link, headers=ahead
        )
    _click(mail, world, person, at + world.random.uniform(1.5, 4), _choose_links(mail, world, 1)[0])


def come_back(mail: Mail, world: World, person: Client, at: float) -> None:
    link = _choose_links(mail, world, 1)[0]
    for _ in range(world.random.choice((2, 2, 3))):
        _click(mail, world, person, at, link)
        at += world.random.uniform(600, 90_000)


def restore_tabs(mail: Mail, world: World, person: Client, at: float) -> None:
    """Clicks, and next morning the browser loads all its tabs again in one second."""
    links = _choose_links(mail, world, 3)
    for link in links:
        _click(mail, world, person, at, link)
        at += world.random.uniform(10, 90)
    morning = at + world.random.uniform(20_000, 70_000)
    for number, link in enumerate(links):
        _click(mail, world, person, morning + number * 0.15, link)


def fill_form(mail: Mail, world: World, person: Client, at: float) -> None:
    link = mail.links
    _click(mail, world, person, at, link)
    mail.add(
        "human",
        "form",
        at + world.random.uniform(9, 240) * world.pace,
        person,
        link=link,
        headers=_headers(world),
    )


def leave_list(mail: Mail, world: World, person: Client, at: float) -> None:
    """Opens the page by its own token, so that only the form is seen."""
    mail.add("human", "form", at + world.random.uniform(2.5, 12), person, headers=_headers(world))


def pass_on(mail: Mail, world: World, at: float) -> None:
    """Forwards the mail to colleagues, who read it in their own time and places."""
    for _ in range(world.random.choice((1, 2, 4))):
        colleague = choose_person(world)
        later = at + 60 + world.random.expovariate(1 / 5_000)
        _open(mail, world, colleague, later)
        if world.chance(0.5):
            click_some(mail, world, colleague, later + _look_before_first_click(world))


def _home(world: World, places: tuple[str, ...]) -> str:
    return choose_address(world.random, places)


def _moment_of_reading(world: World) -> float:
    """Seconds after sending: a few at once when the telephone buzzes, most within hours, some after days."""
    if world.chance(0.05):
        return world.random.uniform(4, 60) * world.pace
    return min(world.random.lognormvariate(8.6, 1.7) * world.pace + 30, 900_000)


def _look_before_first_click(world: World) -> float:
    return max(2.0, world.random.lognormvariate(2.6, 0.9) * world.pace)


def _open(mail: Mail, world: World, person: Client, at: float) -> None:
    way = world.random.choices(("none", "own", "gmail", "yahoo", "apple", "outlook"), (20, 22, 28, 4, 18, 8))[
        0
    ]
    if way == "own":
        mail.add("human", "open", at, person)
    elif way == "gmail":
        mail.add("human", "open", at, Client(clients.GMAIL, f"66.249.{world.random.randrange(80, 95)}.7"))
    elif way == "yahoo":
        mail.add("human", "open", at, Client(clients.YAHOO, "98.137.64.9"))
    elif way == "apple":
        relay = Client(clients.APPLE_MPP, _home(world, clients.RELAYS))
        mail.add("machine", "open", world.random.uniform(10, 20_000), relay)
    elif way == "outlook":
        mail.add("human", "open", at, Client(clients.OUTLOOK, person.address))


def _click(mail: Mail, world: World, person: Client, at: float, link: int) -> None:
    mail.add("human", "click", at, person, link=link, headers=_headers(world))


def _headers(world: World) -> dict[str, str]:
    return dict(BROWSERS_HEADERS) if world.headers else {}


def _choose_links(mail: Mail, world: World, count: int) -> list[int]:
    return world.random.sample(range(1, mail.links + 1), min(count, mail.links))

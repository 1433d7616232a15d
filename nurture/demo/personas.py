"""The kinds of people in the demonstration: what each does, and what the program must conclude from it."""

from dataclasses import dataclass
from typing import Final, Literal

Deed = Literal["read", "glance", "sweep", "mask", "proxy", "reply", "away", "bounce", "ask", "leave"]
When = int | Literal["every", "thread", "priced"]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing somebody does `after` so many seconds (from, to) of a mail's arrival.

    `on`: the number of the mail, "every" mail, the first that is part of a "thread", the first with a
    link to prices ("priced"). `says`: which of letters.WORDS a reply has.
    """

    does: Deed
    on: When
    after: tuple[float, float]
    says: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A move between stages that must be concluded, by the rule of that name."""

    origin: str
    target: str
    rule: str


@dataclass(frozen=True, slots=True)
class Persona:
    """`fits`: the contact has what the example's grade A asks for. `stage`: in the contact list, if any.

    `ends`: why no mail may go to the address in the end. `refused`: its server takes no mail at all.
    """

    name: str
    title: str
    acts: tuple[Act, ...] = ()
    moves: tuple[Move, ...] = ()
    fits: bool = False
    stage: str = ""
    ends: str | None = None
    refused: bool = False

    @property
    def handed_off(self) -> bool:
        """Whether a rep must be told of this person."""
        return any(move.target == "opportunity" for move in self.moves)


# Clicks and forms within eight seconds of a mail's arrival are a machine's (B01); these people take longer.
READING: Final = (10.2, 11.6)
SOON: Final = (2.0, 5.0)
AT_ONCE: Final = (0.0, 0.2)

ENGAGED: Final = Move("lead", "prospect", "engaged-lead")
FITTING: Final = Move("prospect", "opportunity", "warm-and-fitting")
PRICED_LEAD: Final = Move("lead", "opportunity", "asked-for-pricing")
PRICED_PROSPECT: Final = Move("prospect", "opportunity", "asked-for-pricing")
DEMO: Final = Move("lead", "opportunity", "asked-for-demo-or-trial")
TIMELINE: Final = Move("lead", "opportunity", "has-a-timeline")
GIVEN_BACK: Final = Move("opportunity", "prospect", "handoff rejected")

# The order is the order of importance: a small demonstration takes the first ones.
PERSONAS: Final = (
    Persona(
        "buyer",
        "reads two mails, then asks for prices by the form",
        (Act("read", 1, READING), Act("read", 2, READING), Act("ask", "priced", READING)),
        (ENGAGED, PRICED_PROSPECT),
        fits=True,
    ),
    Persona(
        "keen",
        "answers with interest, and fits",
        (Act("reply", 1, SOON, "interested"),),
        (ENGAGED, FITTING),
        fits=True,
    ),
    Persona(
        "asks-by-reply",
        "asks for prices by reply",
        (Act("reply", 1, SOON, "pricing"),),
        (PRICED_LEAD,),
    ),
    Persona("gateway", "a mail gateway that follows every link", (Act("sweep", "every", AT_ONCE),)),
    Persona("reader", "opens and clicks", (Act("read", 1, READING), Act("glance", 2, SOON))),
    Persona("leaver", "asks to be removed", (Act("reply", 1, SOON, "remove"),), ends="unsubscribed"),
    Persona("not-now", "interested, but later", (Act("reply", 1, SOON, "not now"),), fits=True),
    Persona("bounced", "bounces by a delivery report", (Act("bounce", 1, (1.0, 2.0)),), ends="bounced"),
    Persona(
        "asks-by-form",
        "asks for prices by the form, a prospect from the start",
        (Act("ask", "priced", READING),),
        (PRICED_PROSPECT,),
        stage="Prospect",
    ),
    Persona("one-click", "unsubscribes by one click", (Act("leave", 1, SOON),), ends="unsubscribed"),
    Persona("away", "is out of office", (Act("away", 1, (1.0, 2.0)),)),
    Persona(
        "behind-gateway",
        "a person behind a mail gateway",
        (Act("sweep", "every", AT_ONCE), Act("read", 1, READING)),
    ),
    Persona("apple", "Apple Mail loads the images", (Act("mask", "every", (0.5, 3.0)),)),
    Persona("gmail", "opens in Gmail", (Act("proxy", 1, SOON),)),
    Persona(
        "follow-up",
        "clicks, then answers the follow-up",
        (Act("read", 1, READING), Act("reply", "thread", SOON, "interested")),
        (ENGAGED,),
    ),
    Persona(
        "curious",
        "answers with interest, does not fit",
        (Act("reply", 1, SOON, "interested"),),
        (ENGAGED,),
    ),
    Persona("asks-for-demo", "asks for a demo by reply", (Act("reply", 1, SOON, "demo"),), (DEMO,)),
    Persona("planner", "says when they decide", (Act("reply", 1, SOON, "timeline"),), (TIMELINE,), fits=True),
    Persona("declines", "is not interested", (Act("reply", 1, SOON, "no"),)),
    Persona("refused", "an address that its server refuses", ends="bounced", refused=True),
    Persona("silent", "does nothing"),
)


def persona(name: str) -> Persona:
    """The persona of that name; KeyError where there is none."""
    for each in PERSONAS:
        if each.name == name:
            return each
    raise KeyError(name)

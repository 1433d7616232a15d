"""Decides what a mail makes its recipient do, and when everybody has done all there was to do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from nurture.demo.cast import Cast
from nurture.demo.diary import ANSWERED, Entry
from nurture.demo.personas import Act, Persona

UNHURRIED: Final = frozenset({"reply", "ask", "leave"})
CROWD: Final = 50
MOST_CROWDED: Final = 9


@dataclass(slots=True)
class Memory:
    """What somebody has got so far: how many mails, and which of the persona's acts have begun (by place)."""

    mails: int = 0
    begun: set[int] = field(default_factory=set)


def react(role: Persona, memory: Memory, *, in_thread: bool, priced: bool) -> list[Act]:
    """The acts that this mail begins; remembers it. `priced`: it has a link to prices."""
    memory.mails += 1
    begins = [
        at
        for at, act in enumerate(role.acts)
        if act.on == "every"
        or (at not in memory.begun and _is_for(act, memory.mails, in_thread=in_thread, priced=priced))
    ]
    memory.begun.update(begins)
    return [role.acts[at] for at in begins]


def delay(act: Act, people: int, random: Random) -> float:
    """How many seconds after the mail somebody acts. Many people take longer, as they never act all at once.

    Readers and machines keep their own time, for it is judged by.
    """
    least, most = act.after
    if act.does in UNHURRIED:
        most += (most - least) * min(MOST_CROWDED, people / CROWD)
    return random.uniform(least, most)


def unfinished(cast: Cast, memories: dict[str, Memory], diary: Iterable[Entry]) -> list[str]:
    """What is still to come, a line for each; empty when all acts have begun and handoffs are answered."""
    answered = {entry.who for entry in diary if entry.deed == ANSWERED}
    waiting = []
    for member in cast.members:
        begun = memories.get(member.address, Memory()).begun
        waiting += [
            f"{member.address} ({member.role.title}) never got the mail to {act.does} on ({act.on})"
            for at, act in enumerate(member.role.acts)
            if at not in begun
        ]
        if member.role.handed_off and member.address not in answered:
            waiting.append(f"no rep answered a handoff of {member.address} ({member.role.title})")
    return waiting


def _is_for(act: Act, number: int, *, in_thread: bool, priced: bool) -> bool:
    if act.on == "thread":
        return in_thread
    return priced if act.on == "priced" else act.on == number

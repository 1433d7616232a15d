"""Stages and handoffs: everybody moved who should have, nobody else, and a rep was told of each."""

from collections.abc import Iterable, Iterator

from nurture.demo.cast import Member, canonical
from nurture.demo.comparison.record import Record, plural
from nurture.demo.diary import ANSWERED, HOOKED, MAILED, Entry
from nurture.demo.personas import Move
from nurture.services.summarising import HandedOff


def compare_promotions(record: Record) -> Iterator[str]:
    """Per person the moves that follow from what they did, in this order, by these rules."""
    made: dict[str, list[Move]] = {member.address: [] for member in record.cast.members}
    for moved in record.summary.promotions:
        made.setdefault(canonical(moved.email), []).append(Move(moved.origin, moved.target, moved.rule))
    for who, moves in made.items():
        expected = record.expected_moves(who)
        if tuple(moves) != expected:
            yield f"{_called(record, who)} should move {_told(expected)}, and moved {_told(moves)}"


def compare_stages(record: Record) -> Iterator[str]:
    """Where everybody stands in the end."""
    for contact in record.summary.contacts:
        member = record.cast.member(canonical(contact.email))
        if member is None:
            continue
        moves = record.expected_moves(member.address)
        expected = moves[-1].target if moves else member.role.stage.lower() or "lead"
        if contact.stage != expected:
            yield f"{_called(record, member.address)} should be {expected}, and is {contact.stage}"


def compare_handoffs(record: Record) -> Iterator[str]:
    """One handoff for each who is owed one, to one rep, told both ways, with the state the rep gave it."""
    for member in record.cast.members:
        handoffs = [each for each in record.summary.handoffs if canonical(each.email) == member.address]
        owed = 1 if member.role.handed_off else 0
        if len(handoffs) != owed:
            number = plural(len(handoffs), "handoff")
            yield f"{_called(record, member.address)} should have {owed}, and has {number}"
        for handoff in handoffs:
            yield from _compare_handoff(record, member, handoff)


def _compare_handoff(record: Record, member: Member, handoff: HandedOff) -> Iterator[str]:
    who = member.address
    for deed in (MAILED, HOOKED):
        reps = [entry.detail["rep"] for entry in _about(record.told(deed), who)]
        if reps != [handoff.rep]:
            yield f"{handoff.rep} should be {deed} of {who} once; this came: {', '.join(reps) or 'nothing'}"
    if handoff.told != ("email", "webhook"):
        yield f"the handoff of {who} is recorded as told by {' and '.join(handoff.told) or 'nothing'}"
    states = [entry.detail["state"] for entry in _about(record.told(ANSWERED), who)]
    if states != [handoff.state]:
        yield f"the handoff of {who} is {handoff.state}, and the rep said {', '.join(states) or 'nothing'}"


def _about(entries: Iterable[Entry], who: str) -> list[Entry]:
    return [entry for entry in entries if entry.who == who]


def _called(record: Record, who: str) -> str:
    member = record.cast.member(who)
    return f"{who} ({member.role.title})" if member else who


def _told(moves: Iterable[Move]) -> str:
    lines = [f"{move.origin} → {move.target} by {move.rule}" for move in moves]
    return ", then ".join(lines) or "nowhere"

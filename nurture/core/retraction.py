"""Looks at promotions again when their evidence has changed: which hold, and which are undone."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nurture.core import words
from nurture.core.condition import Facts, Outcome
from nurture.core.event import Event
from nurture.core.score import ScoreModel, score, scored

_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Move:
    """A promotion on record, looked at again.

    `outcome`: what its rule says of the facts as they now stand at its moment; None where all of its
    evidence is a person's still. `undone`: before this look. `accepted`: a rep has taken its handoff.
    """

    id: int
    origin: str
    target: str
    outcome: Outcome | None = None
    undone: bool = False
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Retraction:
    """What becomes of a contact's promotions, by their ids, newest first.

    `kept`: they hold on less evidence, which is given. `undone`: they hold no more. `flagged`: the same, but
    a rep has taken over, so that a person decides. `stage`: where that leaves the contact; `through`: the
    promotions that the way back leads through, the last of which had left that very stage.
    """

    stage: str
    kept: Mapping[int, Outcome] = field(default_factory=dict)
    undone: tuple[int, ...] = ()
    flagged: tuple[int, ...] = ()
    through: tuple[int, ...] = ()


def retract(stage: str, moves: Sequence[Move]) -> Retraction:
    """Decide about the promotions (oldest first) of a contact that is in `stage`.

    The way back begins at the newest promotion and ends at the first that stands: a contact stays where a
    later promotion has carried it on evidence of its own.
    """
    shaken = [move for move in reversed(moves) if move.outcome is not None and not move.undone]
    kept = {move.id: move.outcome for move in shaken if move.outcome is not None and move.outcome.met}
    fallen = [move for move in shaken if move.id not in kept]
    undone = _ids(move for move in fallen if not move.accepted)
    flagged = _ids(move for move in fallen if move.accepted)
    through = tuple(_way_back(stage, moves, undone)) if undone else ()
    return Retraction(through[-1].origin if through else stage, kept, undone, flagged, _ids(through))


def _way_back(stage: str, moves: Sequence[Move], undone: Collection[int]) -> Iterator[Move]:
    for move in reversed(moves):
        if move.target == stage and (move.undone or move.id in undone):
            stage = move.origin
            yield move
        elif not move.undone:
            return
        # else the contact went back through it before, when it was undone


def _ids(moves: Iterable[Move]) -> tuple[int, ...]:
    return tuple(move.id for move in moves)


def recall(recorded: Mapping[str, Any], events: tuple[Event, ...], model: ScoreModel, at: datetime) -> Facts:
    """The facts of a promotion at its moment `at`: as recorded, but for its events as they are judged now."""
    return Facts(
        stage=recorded["stage"],
        attributes=recorded["attributes"],
        events=events,
        score=score(model, events, at),
        grade=recorded["grade"],
        steps_at={step: datetime.fromisoformat(done) for step, done in recorded.get("steps_at", {}).items()},
        scored=scored(model, events, at),
    )


def tell_why(fallen: Iterable[tuple[Event, Sequence[str]]], now: datetime) -> str:
    """Why evidence no longer counts, from its events with the reasons of their verdicts.

    "no longer a person's: clicked on 4 March at 12:00 UTC (machine: 5 links were fetched within 1.5 s)".
    """
    told = [_told(event, reasons, now) for event, reasons in fallen]
    more = [f"{len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
    return f"no longer a person's: {'; '.join(told[:_MOST_TOLD] + more)}"


def _told(event: Event, reasons: Sequence[str], now: datetime) -> str:
    judged = ": ".join(filter(None, (event.verdict, ", ".join(reasons))))
    return f"{words.told(event)} on {words.day(event.at, now)} at {words.clock(event.at)} ({judged})"

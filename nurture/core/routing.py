"""Chooses the salesperson a handoff goes to."""

from collections.abc import Sequence

from nurture.core.workspace import Rep


def choose_rep(reps: Sequence[Rep], owner: str | None, last: str | None) -> Rep:
    """The account's `owner` where they are in the team, else whoever comes after `last` in turn.

    `owner` and `last` are names of reps; a `last` who left the team starts the round again.
    ValueError where there are no reps.
    """
    if not reps:
        raise ValueError("there is no salesperson to hand this to: add one under `reps`")
    names = [rep.name for rep in reps]
    if owner in names:
        return reps[names.index(owner)]
    return reps[(names.index(last) + 1) % len(reps) if last in names else 0]

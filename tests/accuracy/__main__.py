"""`make accuracy`: how well mails and clicks are read, as one table; `--json FILE` writes it too.

Measured on what no rule was written from: the measuring halves of the collections, replies of another hand,
and weeks of simulated traffic from seeds that nobody looked into.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.accuracy.bounces import is_measuring_half, measure_bounces
from tests.accuracy.intents import measure_intents
from tests.accuracy.promotions import measure_promotions
from tests.accuracy.replies import measure_new_text
from tests.accuracy.speed import measure_mail_speed
from tests.accuracy.traffic import measure_agents, measure_simulated_weeks

HERE = Path(__file__).parent
CORPORA = Path(os.environ.get("NURTURE_CORPORA", HERE.parents[1].parent / "shared" / "corpora"))
SEEDS = range(9_000, 9_010)


@dataclass(frozen=True)
class Row:
    """One figure. `ok`: it reaches its target; `baseline`: what the best library reaches, if there is one."""

    id: str
    figure: float
    baseline: float | None
    target: str
    ok: bool


def main() -> int:
    """Measure everything that can be measured here; status 1 where a target is missed."""
    options = _options()
    if not CORPORA.is_dir():
        missing = f"no collections at {CORPORA}: set NURTURE_CORPORA; what needs them is left out"
        Console(stderr=True).print(missing)
    rows = [row for measure in MEASURES for row in measure()]
    _show(rows)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")
    return 0 if all(row.ok for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make accuracy", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def _replies() -> Iterator[Row]:
    folder = CORPORA / "replies"
    if folder.is_dir():
        names = {path.name for path in (folder / "emails").iterdir() if is_measuring_half(path.name)}
        yield at_least("new-text", measure_new_text(folder, names)["share"], 0.75, baseline=28 / 64)


def _bounces() -> Iterator[Row]:
    folder = CORPORA / "bounces"
    if folder.is_dir():
        names = {path.name for path in (folder / "messages").iterdir() if is_measuring_half(path.name)}
        figures = measure_bounces(folder, names)
        yield at_least("bounce-recipient", figures["recipients_found"], 0.95, baseline=501 / 629)
        yield at_least("bounce-hard-or-soft", figures["hard_as_labelled"], 0.92)
        yield at_most("not-bounces-called-bounce", figures["not_bounces_called_bounce"], 0)


def _agents() -> Iterator[Row]:
    folder = CORPORA / "user_agents"
    if folder.is_dir():
        figures = measure_agents(folder, is_measuring_half)
        yield at_least("crawlers-called-machine", figures["machines_called_machine"], 0.99)
        yield at_most("browsers-called-machine", figures["browsers_called_machine"], 0.005)


def _weeks() -> Iterator[Row]:
    figures = measure_simulated_weeks(SEEDS)
    yield at_most("machine-clicks-taken-for-human", figures["machine_taken_for_human"], 0.005)
    yield at_most("human-clicks-taken-for-machine", figures["human_taken_for_machine"], 0.02)
    yield at_most("promoted-by-machines-alone", measure_promotions(SEEDS)["by_machines"], 0)
    yield at_least("hits-judged-per-second", figures["hits_per_second"], 20_000)


def _intents() -> Iterator[Row]:
    figures = measure_intents(HERE / "intents", "measure")
    yield at_least("intents-precision", figures["precision"], 0.95)
    yield at_least("intents-recall", figures["recall"], 0.80)
    yield at_least("intents-acted-on", figures["acted_on"], 0.0)


def _speed() -> Iterator[Row]:
    if CORPORA.is_dir():
        yield at_least("messages-per-second", measure_mail_speed(CORPORA), 200)


MEASURES: tuple[Callable[[], Iterator[Row]], ...] = (_replies, _bounces, _agents, _weeks, _intents, _speed)


def at_least(id: str, figure: float, target: float, baseline: float | None = None) -> Row:
    """A figure that is to reach its target."""
    return Row(id, round(figure, 4), baseline and round(baseline, 4), f">= {target:g}", figure >= target)


def at_most(id: str, figure: float, target: float) -> Row:
    """A figure that is not to be over its target."""
    return Row(id, round(figure, 4), None, f"<= {target:g}", figure <= target)


def _show(rows: list[Row]) -> None:
    table = Table("what", "figure", "best library", "target", "", box=None)
    for row in rows:
        table.add_row(
            row.id, _told(row.figure), _told(row.baseline), row.target, "ok" if row.ok else "MISSED"
        )
    Console(width=100).print(table)


def _told(figure: Any) -> str:
    if figure is None:
        return ""
    return f"{figure:.1%}" if isinstance(figure, float) and 0 < figure <= 1 else f"{figure:,.0f}"


if __name__ == "__main__":
    sys.exit(main())

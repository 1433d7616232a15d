"""What the demonstration shows: the river while it runs, then tables of what became of everybody."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from nurture.demo.cast import canonical
from nurture.demo.comparison import Record
from nurture.demo.comparison.speed import percentile, seconds_to_handoff, seconds_to_stop
from nurture.demo.diary import ASKED, FINISHED, LEFT
from nurture.demo.figures import count_intents, count_verdicts, seconds_from_signal
from nurture.demo.story import Ending
from nurture.services.importing import ImportReport

MOST_ROWS: Final = 40


class River:
    """Live counts of every stage: `with River(console) as river: river.show(record, imported)`."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._began = time.monotonic()

    def __enter__(self) -> "River":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, record: Record, imported: ImportReport) -> None:
        """Draw the present state."""
        seconds = time.monotonic() - self._began
        state = "comparing" if record.told(FINISHED) else "people are reading, clicking and answering"
        table = _river(record, imported)
        table.caption = f"{seconds:.0f} s: {state}"
        self._live.update(table, refresh=True)


def show_ending(console: Console, ending: Ending) -> None:
    """All tables, and the verdict."""
    console.print(_river(ending.record, ending.imported))
    console.print(_refusals(ending.imported))
    console.print(_promotions(ending.record))
    console.print(_handoffs(ending.record))
    console.print(_speed(ending.record), highlight=False)
    if ending.differences:
        console.print(f"[red bold]{len(ending.differences)} differences[/] between what people did and this:")
        for line in ending.differences:
            console.print(f"  [red]•[/] {escape(line)}", highlight=False)
    else:
        console.print("[green bold]No differences:[/] the program concluded what the people wrote down.")


def _river(record: Record, imported: ImportReport) -> Table:
    table = Table("stage", "so far", title="The river", title_justify="left", min_width=70)
    for name, told in _stages(record, imported):
        table.add_row(name, told)
    return table


def _stages(record: Record, imported: ImportReport) -> Iterable[tuple[str, str]]:
    summary = record.summary
    courses = Counter(course.state for course in summary.courses)
    paused = sum(course.state == "active" and course.paused_until is not None for course in summary.courses)
    sent = sum(mail.state == "sent" for mail in summary.mails)
    stages = Counter(contact.stage for contact in summary.contacts)
    handoffs = Counter(handoff.state for handoff in summary.handoffs)
    suppressed = Counter(contact.suppressed for contact in summary.contacts if contact.suppressed)
    yield "contacts", f"{imported.created} imported, {imported.refused} rows refused"
    yield "sequences", f"{_counts(courses)}; {paused} of them paused"
    yield "mails", f"{sent} sent, {len(record.arrived)} arrived"
    yield "opens", _counts(count_verdicts(record, "open"))
    yield "clicks", _counts(count_verdicts(record, "click"))
    yield "mails back", _counts(Counter(mail.kind for mail in summary.incoming))
    yield "what they say", _counts(count_intents(record))
    yield "asked for prices", _counts(Counter(entry.detail["by"] for entry in record.told(ASKED)))
    yield "one-click opt-outs", str(len(record.told(LEFT)))
    yield "get no more mail", _counts(suppressed)
    yield "funnel", _counts(stages)
    yield "handoffs", _counts(handoffs)


def _counts(counted: Counter[str] | dict[str, int]) -> str:
    told = (f"{number} {name.replace('_', ' ')}" for name, number in sorted(counted.items()) if number)
    return ", ".join(told) or "none"


def _refusals(imported: ImportReport) -> Table:
    table = Table("row", "value", "why it was refused", title="Refused rows", title_justify="left")
    for row in imported.first_refused:
        table.add_row(str(row.row), escape(row.value), escape(row.reason))
    return table


def _promotions(record: Record) -> Table:
    table = Table("contact", "move", "because", title="Promotions", title_justify="left")
    for moved in record.summary.promotions[:MOST_ROWS]:
        because = moved.because[0] if moved.because else ""
        table.add_row(
            escape(moved.email),
            f"{moved.origin} → {moved.target}",
            f"{escape(moved.reason)} [dim]{escape(because)}[/]",
        )
    return _cut(table, record.summary.promotions)


def _handoffs(record: Record) -> Table:
    table = Table("contact", "rep", "why now", "state", "seconds", title="Handoffs", title_justify="left")
    for handoff in record.summary.handoffs[:MOST_ROWS]:
        seconds = seconds_from_signal(handoff)
        state = handoff.state + (f": {handoff.decision}" if handoff.decision else "")
        table.add_row(
            *map(escape, (canonical(handoff.email), handoff.rep, handoff.why_now, state)),
            "" if seconds is None else f"{seconds:.2f}",
        )
    return _cut(table, record.summary.handoffs)


def _cut(table: Table, everything: Sequence[object]) -> Table:
    rest = len(everything) - MOST_ROWS
    table.caption = f"and {rest} more, all of them with --json FILE" if rest > 0 else None
    return table


def _speed(record: Record) -> str:
    stops, handoffs = seconds_to_stop(record), seconds_to_handoff(record)
    return (
        f"A reply stopped its sequence after {percentile(stops, 50):.2f} s (p50), "
        f"{percentile(stops, 99):.2f} s (p99); a request for prices was in the rep's mailbox after "
        f"{percentile(handoffs, 50):.2f} s (p50), {percentile(handoffs, 99):.2f} s (p99)."
    )

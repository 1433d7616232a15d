"""Compares what the people did with what the program concluded; each difference is one line."""

from nurture.demo.comparison import answers, funnel, hits, mails, speed
from nurture.demo.comparison.record import Record

__all__ = ["Record", "compare"]


def compare(record: Record) -> tuple[str, ...]:
    """All differences; empty when both sides say the same."""
    lines = (
        *mails.compare_scripts(record),
        *mails.compare_mails(record),
        *mails.compare_threads(record),
        *mails.compare_silence(record),
        *hits.compare_hits(record),
        *answers.compare_replies(record),
        *answers.compare_requests(record),
        *answers.compare_endings(record),
        *funnel.compare_promotions(record),
        *funnel.compare_stages(record),
        *funnel.compare_handoffs(record),
        *speed.compare_speed(record),
    )
    return tuple(dict.fromkeys(lines))

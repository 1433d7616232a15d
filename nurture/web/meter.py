"""The figures of this process and, when they are asked for, of the database: Prometheus text."""

import time
from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from nurture.services.metering import Reading

KEEP_SECONDS = 5.0  # however often it is scraped, the database is asked no more often than this


class Meter:
    """Counters on a registry of their own. `read` looks at the database (None: it is away)."""

    def __init__(
        self,
        read: Callable[[], Reading | None],
        journals: Callable[[], Mapping[str, int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = CollectorRegistry()
        self._hits_dropped = Counter(
            "nurture_hits_dropped", "Hits that the journal could not take.", registry=self._registry
        )
        self._requests = Counter(
            "nurture_http_requests",
            "Requests answered, other than pixels and links.",
            ["route", "status"],
            registry=self._registry,
        )
        self._registry.register(_Gauges(read, journals, clock))

    def count_dropped_hit(self) -> None:
        """A hit is lost: there was no room for it on disk."""
        self._hits_dropped.inc()

    def count_request(self, route: str, status: int) -> None:
        """A request was answered. `route` is the rule, never the path: that holds tokens."""
        self._requests.labels(route, str(status)).inc()

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        return generate_latest(self._registry)


class _Gauges(Collector):
    def __init__(
        self,
        read: Callable[[], Reading | None],
        journals: Callable[[], Mapping[str, int]],
        clock: Callable[[], float],
    ) -> None:
        self._read, self._journals, self._clock = read, journals, clock
        self._lock = Lock()
        self._kept: Reading | None = None
        self._until = float("-inf")

    def describe(self) -> list[Metric]:
        return []  # without this, registering would read the database

    def collect(self) -> Iterator[Metric]:
        reading = self._current()
        journals = sum(self._journals().values())
        yield GaugeMetricFamily("nurture_database_up", "1 if it answers.", float(reading is not None))
        yield GaugeMetricFamily("nurture_journal_bytes", "Journal files of this host.", journals)
        if reading is not None:
            yield from _families(reading)

    def _current(self) -> Reading | None:
        with self._lock:
            if self._clock() >= self._until:
                self._kept = self._read()
                self._until = self._clock() + KEEP_SECONDS
            return self._kept


def _families(reading: Reading) -> Iterator[Metric]:
    yield _by_state("nurture_touches", "Touches by state.", reading.touches)
    yield _by_state("nurture_handoffs", "Handoffs by state.", reading.handoffs)
    for name, text, value in (
        ("nurture_touches_due", "Touches that are due and not taken.", reading.due_touches),
        ("nurture_touches_lag_seconds", "Age of the oldest of them.", reading.lag_seconds),
        ("nurture_hits_unjudged", "Opens and clicks without a verdict.", reading.unjudged_hits),
        ("nurture_qualifications_waiting", "Contacts with new evidence.", reading.waiting_qualifications),
        ("nurture_journal_unshipped_bytes", "Not yet in the database.", reading.unshipped_bytes),
        ("nurture_mailboxes_resting", "Mailboxes that send nothing now.", reading.resting_mailboxes),
    ):
        yield GaugeMetricFamily(name, text, value)


def _by_state(name: str, text: str, counts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["state"])
    for state, number in sorted(counts.items()):
        family.add_metric([state], number)
    return family

"""Slows down who asks too often. Kept in this process, so it holds while the queue is away."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from ipaddress import ip_address, ip_network
from threading import Lock

MAX_KEYS = 20_000


class Pace:
    """For each key, a bucket of tries that fills up again evenly. Memory is bounded: the idlest key goes.

    `clock` gives seconds and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, max_keys: int = MAX_KEYS) -> None:
        self._clock, self._max_keys = clock, max_keys
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = Lock()

    def wait(self, key: Hashable, per_minute: int) -> float:
        """Take one try: 0.0, or, where none is left and nothing is taken, the seconds until there is one."""
        step = 60.0 / per_minute
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.get(key, now), now) + step
            if full_at - now > 60.0 + step / 1000:
                return full_at - now - 60.0
            self._full_at[key] = full_at
            self._full_at.move_to_end(key)
            if len(self._full_at) > self._max_keys:
                self._full_at.popitem(last=False)
        return 0.0


def network_of(address: str | None) -> str:
    """Who is behind an address, with or without a port: itself, or its /64 for IPv6.

    One customer has all of a /64. An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is that IPv4 address.
    """
    try:
        known = ip_address(_without_port(address or ""))
    except ValueError:
        return ""
    if known.version == 4:
        return str(known)
    return str(known.ipv4_mapped or ip_network((int(known), 64), strict=False))


def _without_port(address: str) -> str:
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address

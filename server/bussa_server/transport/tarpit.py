"""Addresses that break off again and again are let in slowly.

To let somebody in takes about a millisecond. Whoever is sent away and comes back at once, two thousand times a second,
takes all that a core has, and everybody else waits for it (measured: docs/decisions). So what no honest client does is
held against its address, and after too much of it the address's new connections are listened to one after the other, at
a fixed pace. Nobody is refused, nothing waits for long, and who is in already feels nothing of it.
"""

import time
from asyncio import BaseTransport
from collections.abc import Callable, MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

from bussa_server import telemetry
from bussa_server.domain.address import rate_limit_key
from bussa_server.domain.rate_limit import Bucket, LruTable, Rate

FAULT_RATE = Rate(10, 100)
"""Faults of one address: a house full of broken clients stays below it. At the most ten seconds after its last fault an
address is again as good as any."""

ADMIT_INTERVAL = 1 / 200
"""Seconds from one new connection of such an address to the next: at the worst a fifth of a core for all of them."""

MAX_DELAY = 2.0
"""Seconds that a new connection waits at the most: an honest one may share the address."""

MAX_TRACKED = 10_000
"""Addresses that are remembered."""


class Tarpit:
    """Belongs to one event loop."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.exempt: Callable[[str], bool] = lambda _host: False
        """Hosts that connect for others: what these do is not theirs to answer for."""
        self._now = now
        self._addresses = LruTable(lambda: _Address(now()), MAX_TRACKED)

    def record_fault(self, host: str) -> None:
        """Something came from ``host`` that no honest client sends."""
        if not self.exempt(host):
            self._addresses.get_or_create(rate_limit_key(host)).faults.charge(self._now())

    def delay(self, host: str) -> float:
        """A new connection of ``host``: the seconds until it is to be listened to."""
        if not self._addresses:
            return 0.0
        address, now = self._addresses.get(rate_limit_key(host)), self._now()
        if address is None or not address.faults.take(now, 0.0):
            return 0.0
        telemetry.connection_throttled()
        address.admit_at = min(max(address.admit_at, now) + ADMIT_INTERVAL, now + MAX_DELAY)
        return address.admit_at - now


class _Address:
    __slots__ = ("admit_at", "faults")

    def __init__(self, now: float) -> None:
        self.faults = Bucket(FAULT_RATE, now)
        self.admit_at = now
        """When its latest new connection is listened to."""


def host_of(transport: BaseTransport) -> str:
    """The other end; a socket in the file system has none."""
    name: Any = transport.get_extra_info("peername")
    return name[0] if isinstance(name, tuple) else ""  # pyright: ignore[reportUnknownVariableType] - of a text and a port


_tarpits: MutableMapping[object, Tarpit] = WeakKeyDictionary()


def tarpit_of(server: object) -> Tarpit:
    """The one of all connections of a server."""
    found = _tarpits.get(server)
    if found is None:
        found = _tarpits[server] = Tarpit()
    return found

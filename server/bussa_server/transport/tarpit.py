"""Slow admission of addresses whose connections violate the protocol again and again.

To accept a connection, parse what it sends and close it takes about a millisecond. A peer that is closed and reconnects
at once, two thousand times a second, takes a whole core (measured: docs/decisions/0013). So what no honest client does
is counted as a fault of its address. After too many faults the address's new connections are read from one by one, at a
fixed rate. None is refused, the delay is bounded, and open connections are not affected.
"""

import time
from asyncio import BaseTransport
from collections.abc import Callable, MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

from bussa_server import telemetry
from bussa_server.lib.address import rate_limit_key
from bussa_server.lib.rate_limit import Bucket, LruTable, Rate

FAULT_RATE = Rate(10, 100)
"""Faults of one address. A network full of broken clients stays below it, and ten seconds after its last fault an
address has its whole burst again."""

ADMIT_INTERVAL = 1 / 200
"""Seconds from one new connection of such an address to the next: a fifth of a core at the most."""

MAX_DELAY = 2.0
"""Longest delay of a new connection, in seconds: an honest client may share the address."""

MAX_TRACKED = 10_000
"""Addresses in the table; the least recently used is evicted."""


class Tarpit:
    """Belongs to one event loop."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.exempt: Callable[[str], bool] = lambda _host: False
        """Trusted proxies: what comes over them is not their fault."""
        self._now = now
        self._addresses = LruTable(lambda: _Address(now()), MAX_TRACKED)

    def __len__(self) -> int:
        """Addresses in the table."""
        return len(self._addresses)

    def record_fault(self, host: str) -> None:
        """Count something that ``host`` sent and no honest client sends."""
        if not self.exempt(host):
            self._addresses.get_or_create(rate_limit_key(host)).faults.charge(self._now())

    def delay(self, host: str) -> float:
        """Return the seconds until a new connection of ``host`` is to be read from."""
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
        """When its latest new connection is read from, in the clock's seconds."""


def host_of(transport: BaseTransport) -> str:
    """Return the peer's address; empty for a Unix domain socket."""
    name: Any = transport.get_extra_info("peername")
    return name[0] if isinstance(name, tuple) else ""  # pyright: ignore[reportUnknownVariableType] - of a text and a port


_tarpits: MutableMapping[object, Tarpit] = WeakKeyDictionary()


def tarpit_of(server: object) -> Tarpit:
    """Return the one tarpit of ``server``."""
    found = _tarpits.get(server)
    if found is None:
        found = _tarpits[server] = Tarpit()
    return found

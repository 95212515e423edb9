"""Rate limits of failed log-ins, by client address and by user.

An attempt is charged when it begins and refunded when it succeeds, so that concurrent guesses count like consecutive
ones.
"""

import time
from collections.abc import Callable

from bussa_server import telemetry
from bussa_server.lib.rate_limit import Bucket, LruTable, Rate

BURST = 20
"""Failures allowed in a burst. A household that shares an address stays far below it."""

MAX_TRACKED = 20_000
"""Addresses, and users, in the tables; beyond it the least recently used are evicted."""


class LoginThrottle:
    """Belongs to one event loop."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        """``per_second``: failures of one address; of one user, a tenth of it. 0 disables both limits."""
        self._now = now
        self._addresses = _buckets(Rate(per_second, BURST), now)
        self._users = _buckets(Rate(per_second / 10, BURST), now)

    def begin(self, address: str, user: str) -> float:
        """Charge an attempt. Returns 0.0, or the seconds to wait; then nothing was charged."""
        now = self._now()
        wait = self._addresses.get_or_create(address).take(now)
        if wait > 0:
            telemetry.log_in_limited("address")
            return wait
        wait = self._users.get_or_create(user).take(now)
        if wait > 0:
            self._addresses.get_or_create(address).give_back(now)
            telemetry.log_in_limited("user")
        return wait

    def refund(self, address: str, user: str) -> None:
        """Undo the charge of an attempt that did not fail."""
        now = self._now()
        self._addresses.get_or_create(address).give_back(now)
        self._users.get_or_create(user).give_back(now)


def _buckets(rate: Rate, now: Callable[[], float]) -> LruTable[Bucket]:
    return LruTable(lambda: Bucket(rate, now()), MAX_TRACKED)

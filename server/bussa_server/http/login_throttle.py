"""How often somebody may guess a password: by address, and by the user who is guessed at.

An attempt is charged when it begins and given back when it succeeds, so that what is under way counts too:
a thousand guesses at once are as many as a thousand in a row.
"""

import time
from collections.abc import Callable

from bussa_server import telemetry
from bussa_server.domain.rate_limit import Bucket, LruTable, Rate

BURST = 20
"""Failures at once. A household that shares an address stays far below it."""

MAX_TRACKED = 20_000
"""Addresses, and users, that are remembered."""


class LoginThrottle:
    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        """``per_second``: failures of one address, and ten times those of one user. 0 lifts both."""
        self._now = now
        self._addresses = _buckets(Rate(per_second, BURST), now)
        self._users = _buckets(Rate(per_second / 10, BURST), now)

    def begin(self, address: str, user: str) -> float:
        """Charge an attempt. Returns 0.0, or the seconds until there may be one; then nothing was charged."""
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
        """The attempt was no failure."""
        now = self._now()
        self._addresses.get_or_create(address).give_back(now)
        self._users.get_or_create(user).give_back(now)


def _buckets(rate: Rate, now: Callable[[], float]) -> LruTable[Bucket]:
    return LruTable(lambda: Bucket(rate, now()), MAX_TRACKED)

"""How often somebody may guess a password: by address, and by the user who is guessed at.

An attempt is charged when it begins and given back when it succeeds, so that what is under way counts too:
a thousand guesses at once are as many as a thousand in a row.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from server import telemetry
from server.domain.throttle import Bucket, Rate

BURST = 20
"""Failures at once. A household that shares an address stays far below it."""

KEPT = 20_000
"""Buckets of each kind. The one untouched for longest is forgotten, and is the most likely to be full again."""


class Attempts:
    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        """``per_second``: failures of one address, and ten times those of one user. 0 lifts both."""
        self._now = now
        self._addresses = _Buckets(Rate(per_second, BURST))
        self._users = _Buckets(Rate(per_second / 10, BURST))

    def begin(self, address: str, user: str) -> float:
        """Charge an attempt. Returns 0.0, or the seconds until there may be one; then nothing was charged."""
        now = self._now()
        wait = self._addresses.take(address, now)
        if wait > 0:
            telemetry.log_in_limited("address")
            return wait
        wait = self._users.take(user, now)
        if wait > 0:
            self._addresses.give_back(address, now)
            telemetry.log_in_limited("user")
        return wait

    def forgive(self, address: str, user: str) -> None:
        """The attempt was no failure."""
        now = self._now()
        self._addresses.give_back(address, now)
        self._users.give_back(user, now)


class _Buckets:
    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str, now: float, cost: float = 1.0) -> float:
        if self._rate.unlimited:
            return 0.0
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= KEPT:
                self._buckets.popitem(last=False)
            bucket = self._buckets[key] = Bucket(self._rate, now)
        else:
            self._buckets.move_to_end(key)
        return bucket.take(now, cost)

    def give_back(self, key: str, now: float) -> None:
        # A bucket never holds more than its burst: what is too much is dropped when it is next looked at.
        self.take(key, now, -1.0)

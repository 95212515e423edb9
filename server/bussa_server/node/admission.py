"""Connection limits per user and per address, and each user's send budget.

Tables are bounded: a counter is removed with its last connection, a bucket once it is full again.
"""

import time
from collections import Counter

from bussa_server.lib.rate_limit import Bucket, Rate

BUCKETS_BETWEEN_SWEEPS = 1_000
"""New buckets between two sweeps. A sweep removes the buckets that are full again."""


class AdmissionControl:
    """Connection counters and send buckets. Belongs to one event loop."""

    def __init__(self, *, per_user: int, per_address: int, send_limit: Rate) -> None:
        self._per_user = per_user
        self._per_address = per_address
        self._send_limit = send_limit
        self._users: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()
        self._buckets: dict[str, Bucket] = {}
        self._until_sweep = BUCKETS_BETWEEN_SWEEPS

    def __len__(self) -> int:
        """The number of buckets kept."""
        return len(self._buckets)

    @property
    def idle(self) -> bool:
        """Whether no connection is counted."""
        return not self._users and not self._addresses

    def admit_address(self, address: str) -> bool:
        """Count a connection of ``address``. False: over the limit, not counted."""
        return _admit(self._addresses, address, self._per_address)

    def admit_user(self, user: str) -> bool:
        """Count a connection of ``user``. False: over the limit, not counted."""
        return _admit(self._users, user, self._per_user)

    def release_address(self, address: str) -> None:
        _release(self._addresses, address)

    def release_user(self, user: str) -> None:
        _release(self._users, user)

    def budget(self, user: str) -> Bucket:
        """The bucket shared by the user's connections. It outlives them until it is full again."""
        bucket = self._buckets.get(user)
        if bucket is None:
            self._until_sweep -= 1
            if self._until_sweep <= 0:
                self._sweep()
            bucket = self._buckets[user] = Bucket(self._send_limit, time.monotonic())
        return bucket

    def charge_remote_send(self, user: str) -> None:
        """Charge a message that the user sent on another node: the budget is per user, not per node."""
        if user in self._users:
            self.budget(user).charge(time.monotonic())

    def _sweep(self) -> None:
        now = time.monotonic()
        # Keep the buckets of connected users: their connections hold a reference, and later ones must find the same.
        self._buckets = {
            user: bucket for user, bucket in self._buckets.items() if user in self._users or not bucket.is_full(now)
        }
        self._until_sweep = BUCKETS_BETWEEN_SWEEPS + len(self._buckets)


def _admit(counts: Counter[str], name: str, limit: int) -> bool:
    if counts[name] >= limit:
        return False
    counts[name] += 1
    return True


def _release(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if counts[name] <= 0:
        del counts[name]

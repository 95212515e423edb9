"""Token buckets. Time is an argument, in seconds of any clock that never goes back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_second`` on average, ``burst`` at once. A rate of 0 is no limit."""

    per_second: float
    burst: float

    @property
    def unlimited(self) -> bool:
        return self.per_second <= 0


class Bucket:
    """What one user, connection or address may still do. Begins full."""

    __slots__ = ("_level", "_rate", "_time")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._level = rate.burst
        self._time = now

    def take(self, now: float, cost: float = 1.0) -> float:
        """Take ``cost``. Returns 0.0 if it was there; else takes nothing and returns the seconds until it will be."""
        rate = self._rate
        if rate.unlimited:
            return 0.0
        level = min(rate.burst, self._level + max(0.0, now - self._time) * rate.per_second)
        self._time = max(now, self._time)
        if level >= cost:
            self._level = level - cost
            return 0.0
        self._level = level
        return (cost - level) / rate.per_second

    def charge(self, now: float, cost: float = 1.0) -> None:
        """Take ``cost`` that was spent elsewhere already: the level may fall below nothing, by a burst at the most."""
        if self.take(now, cost):
            self._level = max(-self._rate.burst, self._level - cost)

    def is_full(self, now: float) -> bool:
        """Whether nothing was taken for so long that the bucket may be forgotten."""
        return self._level + max(0.0, now - self._time) * self._rate.per_second >= self._rate.burst

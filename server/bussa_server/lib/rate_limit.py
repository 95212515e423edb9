"""Token buckets. Time is an argument, in seconds of any monotonic clock."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_second`` on average, ``burst`` at once. A rate of 0 is unlimited."""

    per_second: float
    burst: float

    @property
    def unlimited(self) -> bool:
        return self.per_second <= 0


class Bucket:
    """The token bucket of one user, connection or address. Starts full."""

    __slots__ = ("_level", "_rate", "_time")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._level = rate.burst
        self._time = now

    def take(self, now: float, cost: float = 1.0) -> float:
        """Take ``cost`` tokens and return 0.0; if there are fewer, take none and return the seconds until there are."""
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
        """Take ``cost`` tokens that were spent elsewhere. The level may go negative, down to minus one burst."""
        if self.take(now, cost):
            self._level = max(-self._rate.burst, self._level - cost)

    def give_back(self, now: float, cost: float = 1.0) -> None:
        """Undo a `take`."""
        self.take(now, -cost)  # the next take caps the level at the burst

    def is_full(self, now: float) -> bool:
        """Whether the bucket has refilled, so that it may be evicted."""
        return self._level + max(0.0, now - self._time) * self._rate.per_second >= self._rate.burst


class LruTable(Generic[T]):
    """A bounded table of entries by user or address, with LRU eviction.

    The least recently used entry is evicted: it is the one most likely to equal a new one.
    """

    def __init__(self, factory: Callable[[], T], max_entries: int) -> None:
        """``factory`` makes a new entry."""
        self._factory = factory
        self._max_entries = max_entries
        self._entries: OrderedDict[str, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> T | None:
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def get_or_create(self, key: str) -> T:
        entry = self.get(key)
        if entry is None:
            if len(self._entries) >= self._max_entries:
                self._entries.popitem(last=False)
            entry = self._entries[key] = self._factory()
        return entry

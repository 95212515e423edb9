"""Token buckets. Time is an argument, in seconds of any clock that never goes back."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


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

    def give_back(self, now: float, cost: float = 1.0) -> None:
        """Undo a `take`."""
        self.take(now, -cost)  # what is more than a burst is dropped when the bucket is next looked at

    def is_full(self, now: float) -> bool:
        """Whether nothing was taken for so long that the bucket may be forgotten."""
        return self._level + max(0.0, now - self._time) * self._rate.per_second >= self._rate.burst


class LruTable(Generic[T]):
    """A bounded table of what is known about users or addresses.

    The entry that was untouched for longest is forgotten, and is the most likely one to be as good as new.
    """

    def __init__(self, factory: Callable[[], T], max_entries: int) -> None:
        """``make``: an entry of somebody new. ``most``: entries that are kept."""
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

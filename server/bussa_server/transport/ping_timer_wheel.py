"""A timer wheel for pings: one timer for all connections of a server.

Each member ticks once a round. Members are spread evenly over the slots, also those that join all at once, as after a
restart, so no turn of the loop has much more to do than another.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Protocol
from weakref import WeakKeyDictionary

MAX_SLOTS = 200
"""Slots of a round. With a round of 20 seconds and 15,000 members ten slots a second have 75 pings each, which takes a
millisecond."""

MIN_SLOT_SECONDS = 0.01
"""Seconds from one slot to the next. Timers of the loop have a resolution of a millisecond."""


class Member(Protocol):
    def on_tick(self) -> None: ...


class PingTimerWheel:
    """Belongs to one event loop. Its timer runs only while there are members."""

    def __init__(self, seconds: float) -> None:
        """``seconds`` of one round."""
        slots = max(1, min(MAX_SLOTS, round(seconds / MIN_SLOT_SECONDS)))
        self._slot_seconds = seconds / slots
        # Dicts used as sets: ordered by joining, and half the size.
        self._slots: list[dict[Member, None]] = [{} for _ in range(slots)]
        self._current_slot = 0
        self._joined = 0
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        return self._timer is not None

    def join(self, member: Member) -> int:
        """Have ``member`` tick once a round. Returns its slot, for `leave`.

        Its first tick is in the second half of a round: it has just shown that it is alive.
        """
        half = len(self._slots) // 2
        self._joined += 1
        slot = (self._current_slot - self._joined % (half + 1)) % len(self._slots)
        self._slots[slot][member] = None
        self._count += 1
        self._arm_timer()
        return slot

    def leave(self, member: Member, slot: int) -> None:
        """Idempotent."""
        if member in self._slots[slot]:
            del self._slots[slot][member]
            self._count -= 1

    def _arm_timer(self) -> None:
        if self._timer is None and self._count:
            self._timer = asyncio.get_running_loop().call_later(self._slot_seconds, self._advance)

    def _advance(self) -> None:
        self._timer = None
        self._arm_timer()  # first, so that an exception of one member does not stop the wheel
        self._current_slot = (self._current_slot + 1) % len(self._slots)
        for member in list(self._slots[self._current_slot]):
            member.on_tick()


_wheels: MutableMapping[object, PingTimerWheel] = WeakKeyDictionary()


def ping_timer_wheel_of(server: object, seconds: float) -> PingTimerWheel:
    """Return the wheel of all connections of ``server``. They have the same ping interval."""
    found = _wheels.get(server)
    if found is None:
        found = _wheels[server] = PingTimerWheel(seconds)
    return found

"""Pings: one timer for all sockets, where uvicorn has two for each and a context to each timer.

Everybody has a turn once a round. The sockets are spread evenly over its steps, also those that come all at once, as
after a restart: so that no turn of the loop has much more to do than another.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Protocol
from weakref import WeakKeyDictionary

MAX_SLOTS = 200
"""Of a round. At 20 seconds ten a second, of 75 pings each where there are 15,000 sockets: a millisecond."""

MIN_SLOT_SECONDS = 0.01
"""Seconds of a step: timers are to the millisecond."""


class Member(Protocol):
    def on_tick(self) -> None: ...


class PingTimerWheel:
    """Belongs to one event loop. There is a timer only while somebody is here."""

    def __init__(self, seconds: float) -> None:
        """``seconds``: of one round."""
        slots = max(1, min(MAX_SLOTS, round(seconds / MIN_SLOT_SECONDS)))
        self._slot_seconds = seconds / slots
        # Dicts for sets: in the order of joining, and half the size.
        self._slots: list[dict[Member, None]] = [{} for _ in range(slots)]
        self._current_slot = 0
        self._joined = 0
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def join(self, member: Member) -> int:
        """From now on ``member`` has its turn once a round, for the first time in the second half of one, because it
        has just been heard of. Returns where, to `leave` again."""
        half = len(self._slots) // 2
        self._joined += 1
        slot = (self._current_slot - self._joined % (half + 1)) % len(self._slots)
        self._slots[slot][member] = None
        self._count += 1
        self._arm_timer()
        return slot

    def leave(self, member: Member, slot: int) -> None:
        if member in self._slots[slot]:
            del self._slots[slot][member]
            self._count -= 1

    def _arm_timer(self) -> None:
        if self._timer is None and self._count:
            self._timer = asyncio.get_running_loop().call_later(self._slot_seconds, self._advance)

    def _advance(self) -> None:
        self._timer = None
        self._arm_timer()  # first: whatever goes wrong with one of them, the others have their turn
        self._current_slot = (self._current_slot + 1) % len(self._slots)
        for member in list(self._slots[self._current_slot]):
            member.on_tick()


_wheels: MutableMapping[object, PingTimerWheel] = WeakKeyDictionary()


def ping_timer_wheel_of(server: object, seconds: float) -> PingTimerWheel:
    """Those of one server, whose sockets all have the same pings."""
    found = _wheels.get(server)
    if found is None:
        found = _wheels[server] = PingTimerWheel(seconds)
    return found

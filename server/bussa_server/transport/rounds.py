"""Pings: one timer for all sockets, where uvicorn has two for each and a context to each timer.

Everybody has a turn once a round. The sockets are spread evenly over its steps, also those that come all at once, as
after a restart: so that no turn of the loop has much more to do than another.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Protocol
from weakref import WeakKeyDictionary

STEPS = 200
"""Of a round. At 20 seconds ten a second, of 75 pings each where there are 15,000 sockets: a millisecond."""

SHORTEST = 0.01
"""Seconds of a step: timers are to the millisecond."""


class Member(Protocol):
    def turn(self) -> None: ...


class Rounds:
    """Belongs to one event loop. There is a timer only while somebody is here."""

    def __init__(self, seconds: float) -> None:
        """``seconds``: of one round."""
        steps = max(1, min(STEPS, round(seconds / SHORTEST)))
        self._pause = seconds / steps
        # Dicts for sets: in the order of joining, and half the size.
        self._steps: list[dict[Member, None]] = [{} for _ in range(steps)]
        self._now = 0
        self._joined = 0
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def join(self, member: Member) -> int:
        """From now on ``member`` has its turn once a round, for the first time in the second half of one, because it
        has just been heard of. Returns where, to `leave` again."""
        half = len(self._steps) // 2
        self._joined += 1
        where = (self._now - self._joined % (half + 1)) % len(self._steps)
        self._steps[where][member] = None
        self._count += 1
        self._rest()
        return where

    def leave(self, member: Member, where: int) -> None:
        if member in self._steps[where]:
            del self._steps[where][member]
            self._count -= 1

    def _rest(self) -> None:
        if self._timer is None and self._count:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._step)

    def _step(self) -> None:
        self._timer = None
        self._rest()  # first: whatever goes wrong with one of them, the others have their turn
        self._now = (self._now + 1) % len(self._steps)
        for member in list(self._steps[self._now]):
            member.turn()


_rounds: MutableMapping[object, Rounds] = WeakKeyDictionary()


def rounds_of(server: object, seconds: float) -> Rounds:
    """Those of one server, whose sockets all have the same pings."""
    found = _rounds.get(server)
    if found is None:
        found = _rounds[server] = Rounds(seconds)
    return found

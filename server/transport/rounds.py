"""Pings: one timer for all sockets, where uvicorn has two for each and a context to each timer.

Everybody has a turn once a round. The sockets are spread over its steps by when they have joined, so that no turn of
the loop has more to do than the others.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Protocol
from weakref import WeakKeyDictionary

STEPS = 20
"""Of a round: at 20 seconds one a second."""


class Member(Protocol):
    def turn(self) -> None: ...


class Rounds:
    """Belongs to one event loop. There is a timer only while somebody is here."""

    def __init__(self, seconds: float) -> None:
        """``seconds``: of one round."""
        self._pause = seconds / STEPS
        # Dicts for sets: in the order of joining, and half the size.
        self._steps: list[dict[Member, None]] = [{} for _ in range(STEPS)]
        self._now = 0
        self._timer: asyncio.TimerHandle | None = None

    def join(self, member: Member) -> None:
        """From now on ``member`` has its turn once a round, the first time after a whole one."""
        self._steps[self._now][member] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._step)

    def leave(self, member: Member) -> None:
        for step in self._steps:
            if member in step:
                del step[member]

    def _step(self) -> None:
        self._timer = None
        if any(self._steps):
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._step)
        self._now = (self._now + 1) % STEPS
        for member in list(self._steps[self._now]):
            member.turn()


_rounds: MutableMapping[object, Rounds] = WeakKeyDictionary()


def rounds_of(server: object, seconds: float) -> Rounds:
    """Those of one server, whose sockets all have the same pings."""
    found = _rounds.get(server)
    if found is None:
        found = _rounds[server] = Rounds(seconds)
    return found

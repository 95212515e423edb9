"""Whose work may wait: a step of it in each turn of the loop, first come, first served.

A loop serves everybody who is ready before it looks again. So what one connection costs in a turn, all others wait,
as often as there are such connections. Here stands in line whoever is not known yet (a request's head, a handshake, the
first message) and whoever sends more than a slice at once. All of them together get a slice a turn; a device that is
greeted and sends a frame is served in the turn in which it came, and never waits for more than one of these slices.

A loop that is never idle also keeps the interpreter's lock, and a core; the thread that commits would get them only
by force, again for each statement. So the line rests while a commit is under way.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

Step = Callable[[], None]
"""A slice of work: about a millisecond's worth at the most."""

BUSY_DELAY_SECONDS = 0.001
"""From a step to the next one while somebody else is at work. Half a millisecond of work to one of rest."""


class Loop(Protocol):
    """What is needed of an event loop."""

    def call_soon(self, callback: Step) -> object: ...
    def call_later(self, delay: float, callback: Step) -> object: ...


class FairQueue:
    """A line of steps. ``busy``: whether threads are at work that others wait for."""

    def __init__(
        self, busy: Callable[[], bool] = lambda: False, loop: Callable[[], Loop] = asyncio.get_running_loop
    ) -> None:
        self.busy = busy
        self._loop = loop
        self._steps: deque[Step] = deque()

    def add(self, step: Step) -> None:
        """Have ``step`` called after all that were added before it. Whoever has more to do then adds itself again."""
        self._steps.append(step)
        if len(self._steps) == 1:
            self._schedule_next()

    def _run_next(self) -> None:
        step = self._steps[0]
        try:
            step()
        finally:
            # Only now: so that a step that adds another one does not begin a second row of turns.
            self._steps.popleft()
            if self._steps:
                self._schedule_next()

    def _schedule_next(self) -> None:
        if self.busy():
            self._loop().call_later(BUSY_DELAY_SECONDS, self._run_next)
        else:
            self._loop().call_soon(self._run_next)


_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, FairQueue] = WeakKeyDictionary()


def fair_queue_of(loop: asyncio.AbstractEventLoop) -> FairQueue:
    """The one line of a loop."""
    found = _queues.get(loop)
    if found is None:
        found = _queues[loop] = FairQueue()
    return found


def schedule(loop: asyncio.AbstractEventLoop, step: Step) -> None:
    """Have ``step`` called when its turn of ``loop`` has come."""
    fair_queue_of(loop).add(step)

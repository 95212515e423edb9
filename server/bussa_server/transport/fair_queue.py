"""A FIFO of deferred work: one slice per turn of the event loop.

The loop serves every ready connection before it polls again, so what one connection costs in a turn delays all others.
Whatever is expensive or comes from a peer that has not authenticated is queued here: a request's headers, a handshake,
a connection's first message, and what a connection sends beyond a slice at once. All of these together get one slice
per turn. An authenticated client that sends a frame is served in the turn in which it arrives.

A loop that is never idle also keeps the interpreter's lock, and the thread that commits would have to fight for it at
every statement. So the queue pauses between slices while a commit is running.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

Step = Callable[[], None]
"""A slice of work, of about a millisecond at the most."""

BUSY_DELAY_SECONDS = 0.001
"""Seconds between two steps while a commit is running: half a millisecond of work, one of rest."""


class Loop(Protocol):
    """The part of an event loop that is used."""

    def call_soon(self, callback: Step) -> object: ...
    def call_later(self, delay: float, callback: Step) -> object: ...


class FairQueue:
    """``busy`` tells whether other threads do work that clients wait for."""

    def __init__(
        self, busy: Callable[[], bool] = lambda: False, loop: Callable[[], Loop] = asyncio.get_running_loop
    ) -> None:
        self.busy = busy
        self._loop = loop
        self._steps: deque[Step] = deque()

    def add(self, step: Step) -> None:
        """Call ``step`` after all that were added before. A step with more to do adds itself again."""
        self._steps.append(step)
        if len(self._steps) == 1:
            self._schedule_next()

    def _run_next(self) -> None:
        step = self._steps[0]
        try:
            step()
        finally:
            # Removed only now: a step that adds another one must find the queue not empty, or it would start a second
            # chain of turns.
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
    """Return the one queue of ``loop``."""
    found = _queues.get(loop)
    if found is None:
        found = _queues[loop] = FairQueue()
    return found


def schedule(loop: asyncio.AbstractEventLoop, step: Step) -> None:
    """Add ``step`` to the queue of ``loop``."""
    fair_queue_of(loop).add(step)

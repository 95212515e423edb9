"""What a socket hands over and nobody has taken yet.

Most frames never wait here: while nothing is in hand, a frame is first offered to ``quick``, which carries it out on
the spot if nothing must be waited for. Only for what must wait is there a task, and no longer than it has something
to do: a connection that sleeps has none, and that is what keeps it small.
"""

import asyncio
from collections import deque
from typing import Protocol

from bussa_server.session.socket import Frame

FULL = 32
"""Frames after which the socket is asked to stop reading until they are taken."""


class Taker(Protocol):
    def quick(self, frame: bytes | str) -> bool:
        """Carry a frame out at once; False: it must wait for something, and nothing has happened."""
        ...

    async def take(self, frame: Frame) -> None:
        """Carry a frame out. Whatever goes wrong is the taker's own business."""
        ...


class Source(Protocol):
    def hold(self, holding: bool) -> None:
        """Hand over nothing more for now, or go on."""
        ...


class Inbox:
    """Frames in their order. Belongs to one connection."""

    __slots__ = ("_frames", "_holding", "_source", "_taker", "_task")

    def __init__(self, taker: Taker, source: Source) -> None:
        self._taker: Taker | None = taker
        self._source = source
        self._frames: deque[Frame] | None = None
        self._task: asyncio.Task[None] | None = None
        self._holding = False

    def __len__(self) -> int:
        return 0 if self._frames is None else len(self._frames)

    def put(self, frame: Frame) -> None:
        if self._taker is None:
            return
        if self._frames is None:
            if frame is not None and self._taker.quick(frame):
                return
            # From here on the task has its turn, and what follows must not overtake it.
            self._frames = deque()
            self._task = asyncio.get_running_loop().create_task(self._work(self._taker, self._frames))
        self._frames.append(frame)
        if len(self._frames) >= FULL and not self._holding:
            self._holding = True
            self._source.hold(True)

    def end(self) -> None:
        """Take nothing more, and let go of what waits."""
        self._taker = None
        if self._frames is not None:
            self._frames.clear()

    async def _work(self, taker: Taker, frames: deque[Frame]) -> None:
        try:
            while frames:
                frame = frames.popleft()
                if self._holding and not frames:
                    self._holding = False
                    self._source.hold(False)
                await taker.take(frame)
        finally:
            self._frames = self._task = None

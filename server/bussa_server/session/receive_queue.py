"""What a socket hands over and nobody has taken yet.

Most frames never wait here: while nothing is in hand, a frame is first offered to ``quick``, which carries it out on
the spot if nothing must be waited for. Only for what must wait is there a task, and no longer than it has something
to do: a connection that sleeps has none, and that is what keeps it small.
"""

import asyncio
from collections import deque
from typing import Protocol

from bussa_server.session.socket import Frame

HIGH_WATER_FRAMES = 32
"""Frames after which the socket is asked to stop reading until they are taken."""


class FrameHandler(Protocol):
    def handle_now(self, frame: bytes | str) -> bool:
        """Carry a frame out at once; False: it must wait for something, and nothing has happened."""
        ...

    async def handle(self, frame: Frame) -> None:
        """Carry a frame out. Whatever goes wrong is the taker's own business."""
        ...


class ReadSource(Protocol):
    def pause_reading(self) -> None:
        """Hand over nothing more until `resume_reading`."""
        ...

    def resume_reading(self) -> None: ...


class ReceiveQueue:
    """Frames in their order. Belongs to one connection."""

    __slots__ = ("_frames", "_handler", "_reading_paused", "_source", "_task")

    def __init__(self, handler: FrameHandler, source: ReadSource) -> None:
        self._handler: FrameHandler | None = handler
        self._source = source
        self._frames: deque[Frame] | None = None
        self._task: asyncio.Task[None] | None = None
        self._reading_paused = False

    def __len__(self) -> int:
        return 0 if self._frames is None else len(self._frames)

    def put(self, frame: Frame) -> None:
        if self._handler is None:
            return
        if self._frames is None:
            if frame is not None and self._handler.handle_now(frame):
                return
            # From here on the task has its turn, and what follows must not overtake it.
            self._frames = deque()
            self._task = asyncio.get_running_loop().create_task(self._run(self._handler, self._frames))
        self._frames.append(frame)
        if len(self._frames) >= HIGH_WATER_FRAMES and not self._reading_paused:
            self._reading_paused = True
            self._source.pause_reading()

    def end(self) -> None:
        """Take nothing more, and let go of what waits."""
        self._handler = None
        if self._frames is not None:
            self._frames.clear()

    async def _run(self, handler: FrameHandler, frames: deque[Frame]) -> None:
        try:
            while frames:
                frame = frames.popleft()
                if self._reading_paused and not frames:
                    self._reading_paused = False
                    self._source.resume_reading()
                await handler.handle(frame)
        finally:
            self._frames = self._task = None

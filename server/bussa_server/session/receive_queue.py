"""Frames received from a socket and not handled yet.

Most frames are never queued: while the queue is idle, `FrameHandler.handle_now` handles a frame on the spot if it
need not wait. A task exists only while frames are queued. An idle connection has none, which keeps its memory small.
"""

import asyncio
from collections import deque
from typing import Protocol

from bussa_server.ports.socket import Frame

HIGH_WATER_FRAMES = 32
"""Queued frames at which reading from the socket is paused, until the queue is empty."""


class FrameHandler(Protocol):
    def handle_now(self, frame: bytes | str) -> bool:
        """Handle a frame without waiting. False: it would have to wait, and nothing was done."""
        ...

    async def handle(self, frame: Frame) -> None:
        """Handle a frame. Does not raise: errors are the handler's to deal with."""
        ...


class ReadSource(Protocol):
    def pause_reading(self) -> None:
        """Deliver no more frames until `resume_reading`."""
        ...

    def resume_reading(self) -> None: ...


class ReceiveQueue:
    """Hands frames to its handler in order. Belongs to one connection."""

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
            # Later frames go through the queue, too: they must not overtake this one.
            self._frames = deque()
            self._task = asyncio.get_running_loop().create_task(self._run(self._handler, self._frames))
        self._frames.append(frame)
        if len(self._frames) >= HIGH_WATER_FRAMES and not self._reading_paused:
            self._reading_paused = True
            self._source.pause_reading()

    def end(self) -> None:
        """Drop queued frames and ignore further ones."""
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

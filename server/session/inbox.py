"""What a transport hands over and nobody has taken yet.

Most frames never wait here: while the connection's task sleeps, a frame is first offered to ``quick``, which carries
it out on the spot if nothing must be waited for. That spares the task's wake-up, which costs more than most requests.
"""

import asyncio
from collections import deque
from collections.abc import Callable

FULL = 32
"""Frames after which the transport is asked to stop reading until they are taken."""

Frame = bytes | str | None
"""Binary, text, or (None) the end."""


class Inbox:
    """Frames in their order. Belongs to one connection."""

    __slots__ = ("_frames", "_hold", "_holding", "_waiter", "quick")

    def __init__(self, hold: Callable[[bool], None]) -> None:
        """``hold(True)`` asks the transport to stop reading, ``hold(False)`` to go on."""
        self._frames: deque[Frame] = deque()
        self._hold = hold
        self._holding = False
        self._waiter: asyncio.Future[None] | None = None
        self.quick: Callable[[bytes | str], bool] | None = None
        """Carries a frame out at once, or (False) leaves it to the task."""

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: Frame) -> None:
        waiter = self._waiter
        if waiter is not None:
            if frame is not None and self.quick is not None and self.quick(frame):
                return
            # From here on the task has its turn, and what follows must not overtake it.
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
        self._frames.append(frame)
        if len(self._frames) >= FULL and not self._holding:
            self._holding = True
            self._hold(True)

    async def get(self) -> Frame:
        while not self._frames:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        frame = self._frames.popleft()
        if self._holding and not self._frames:
            self._holding = False
            self._hold(False)
        return frame

"""Frames waiting to be written to one socket, bounded in bytes and in age.

Frames put in during one turn of the event loop are written together at its end. While the peer does not read, they
wait here. Beyond a bound `on_slow` is called once, and the waiting frames are dropped: the log has their events.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

from bussa_protocol.limits import SEND_QUEUE_BYTES, SEND_QUEUE_SECONDS
from bussa_server import telemetry
from bussa_server.ports.socket import Socket

FLUSH_BYTES = 128 * 1024
"""Bytes at which the queue is written before the turn ends: the socket then says whether it takes more, so the bound
also holds within one turn. More than the 64 KiB that a transport buffers before it writes to the kernel."""


class SendQueue:
    """Belongs to one connection. ``on_slow(reason)`` is called when a bound is exceeded: `bytes` or `age`."""

    __slots__ = ("_frames", "_on_slow", "_scheduled", "_size", "_socket", "_timer", "_waiters", "_writable")

    def __init__(self, socket: Socket, on_slow: Callable[[Literal["bytes", "age"]], None]) -> None:
        self._socket = socket
        self._on_slow: Callable[[Literal["bytes", "age"]], None] | None = on_slow
        self._frames: list[bytes] = []
        self._size = 0
        self._scheduled = False
        self._writable = True
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: list[asyncio.Future[None]] = []
        socket.on_writable(self._resume)

    def put(self, frame: bytes) -> None:
        """Send ``frame`` after all frames put in before."""
        if self._on_slow is None:
            return
        self._frames.append(frame)
        self._size += len(frame)
        if self._writable:
            if self._size >= FLUSH_BYTES:
                self._flush()
            elif not self._scheduled:
                self._scheduled = True
                asyncio.get_running_loop().call_soon(self._end_turn)
        elif self._size > SEND_QUEUE_BYTES:
            self._end_slow("bytes")

    @property
    def ended(self) -> bool:
        """Whether frames can no longer reach the peer."""
        return self._on_slow is None or self._socket.closed

    async def drained(self) -> None:
        """Wait until the queue is empty and the socket is writable. Returns at once after the end."""
        while self._on_slow is not None and (self._frames or not self._writable):
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def flush(self) -> None:
        """Write the waiting frames now, if the socket is writable: before a close frame."""
        if self._on_slow is not None and self._writable and self._frames:
            self._flush()

    def end(self) -> None:
        """Drop waiting frames and ignore further ones."""
        self._on_slow = None
        self._frames.clear()
        self._size = 0
        self._stop_timer()
        self._wake()

    def _end_turn(self) -> None:
        self._scheduled = False
        self._flush()

    def _flush(self) -> None:
        if self._on_slow is None or not self._writable or not self._frames:
            return
        frames, self._frames, self._size = self._frames, [], 0
        self._writable = self._socket.write(frames)
        if self._writable:
            self._wake()
        else:
            # The buffers of the kernel and of the transport are full: from now on frames wait here.
            self._timer = asyncio.get_running_loop().call_later(SEND_QUEUE_SECONDS, self._end_slow, "age")

    def _resume(self) -> None:
        self._stop_timer()
        self._writable = True
        telemetry.send_queue_depth(self._size)
        if self._frames:
            self._flush()
        else:
            self._wake()

    def _end_slow(self, reason: Literal["bytes", "age"]) -> None:
        on_slow = self._on_slow
        telemetry.send_queue_depth(self._size)
        self.end()
        if on_slow is not None:
            on_slow(reason)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

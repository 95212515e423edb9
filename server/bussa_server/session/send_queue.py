"""What waits to be written to one socket: bounded in bytes and in age.

Whatever is put in during one turn of the loop leaves as one write at its end. While the peer does not read,
frames wait here; past a bound the verdict falls, once, and what waits is thrown away: the log has it.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

from bussa_protocol.limits import SEND_QUEUE_BYTES, SEND_QUEUE_SECONDS
from bussa_server import telemetry
from bussa_server.session.socket import Socket

FLUSH_BYTES = 128 * 1024
"""Bytes that leave before the turn is over: past it the socket says whether it takes more, and the bound holds
within a turn, too. Above the 64 KiB that a transport buffers before it tries the kernel."""


class SendQueue:
    """Belongs to one connection. ``on_slow`` is called when the peer reads too slowly: bytes, or age."""

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
        """Send ``frame`` after all that was put in before."""
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
        """Whether nothing that is put in can reach the peer any more."""
        return self._on_slow is None or self._socket.closed

    async def drained(self) -> None:
        """Wait until everything was handed to a socket that takes more. Returns at once after the end."""
        while self._on_slow is not None and (self._frames or not self._writable):
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def flush(self) -> None:
        """Hand over now what waits, if the socket takes it: before a close frame."""
        if self._on_slow is not None and self._writable and self._frames:
            self._flush()

    def end(self) -> None:
        """Take nothing more and let go of what waits."""
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
            # The kernel and the transport are full: from now on what is put in waits.
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

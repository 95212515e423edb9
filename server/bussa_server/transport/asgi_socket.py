"""The session's socket over plain ASGI: for a server that does not offer ours.

ASGI can neither abort a socket nor join writes: each frame is a ``send`` of its own, awaited by a task. What a slow
reader costs is bounded all the same, because `write` says stop as soon as one ``send`` has to wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bussa_server.transport.uvicorn_shims import ABNORMAL_CLOSURE, Frame

Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]


class AsgiSocket:
    """See `bussa_server.session.socket.Socket`."""

    def __init__(self, receive: Receive, send: Send, *, binary: bool) -> None:
        self._receive = receive
        self._send = send
        self._key = "bytes" if binary else "text"
        self._binary = binary
        self._frames: list[bytes] = []
        self._close_message: dict[str, Any] | None = None
        self._on_writable: Callable[[], None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._on_frame: Callable[[Frame], None] | None = None
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._message_received = self._ended = False
        self.close_code = ABNORMAL_CLOSURE

    @property
    def closed(self) -> bool:
        return self._ended

    def on_frame(self, callback: Callable[[Frame], None]) -> None:
        self._on_frame = callback
        self._receiving = asyncio.get_running_loop().create_task(self._read())

    def set_reading_paused(self, paused: bool) -> None:
        if paused:
            self._may_read.clear()
        else:
            self._may_read.set()

    def on_hello_timeout(self, callback: Callable[[], None]) -> None:
        if not self._message_received:
            callback()

    def write(self, frames: Sequence[bytes]) -> bool:
        if self._ended:
            return True
        self._frames.extend(frames)
        self._start_sending()
        return False

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._on_writable = callback

    def close(self, code: int, reason: str) -> None:
        if not self._ended:
            self._ended = True
            self.close_code = code
            self._close_message = {"type": "websocket.close", "code": code, "reason": reason}
            self._start_sending()
            self._end()

    def abort(self) -> None:
        self._ended = True
        self._frames.clear()
        for task in (self._sending, self._receiving):
            if task is not None:
                task.cancel()
        self._end()

    async def finish(self, seconds: float) -> None:
        """Wait until what was handed over is sent, ``seconds`` at the most; then give it up."""
        self._on_writable = None
        if self._receiving is not None:
            self._receiving.cancel()
        if self._sending is not None:
            _, late = await asyncio.wait([self._sending], timeout=seconds)
            for task in late:
                task.cancel()

    async def _read(self) -> None:
        try:
            while self._on_frame is not None:
                message = await self._receive()
                if message["type"] != "websocket.receive":
                    self.close_code = message.get("code", self.close_code)
                    return
                self._message_received = True
                data: bytes | None = message.get("bytes")
                self._on_frame(message["text"] if data is None else data)
                await self._may_read.wait()
        finally:
            self._end()

    def _end(self) -> None:
        on_frame, self._on_frame = self._on_frame, None
        if on_frame is not None:
            on_frame(None)

    def _start_sending(self) -> None:
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send_pending())

    async def _send_pending(self) -> None:
        try:
            while self._frames:
                frames, self._frames = self._frames, []
                for frame in frames:
                    payload: bytes | str = frame if self._binary else frame.decode()
                    await self._send({"type": "websocket.send", self._key: payload})
            if self._close_message is not None:
                close_message, self._close_message = self._close_message, None
                await self._send(close_message)
        except (OSError, RuntimeError):
            # The peer is gone (ASGI 2.4: send raises OSError), or the server has closed by itself over what it could
            # not parse (uvicorn: RuntimeError). `receive` tells the connection.
            self._ended = True
            self._frames.clear()
        finally:
            self._sending = None
        if self._frames or self._close_message is not None:
            self._start_sending()
        elif self._on_writable is not None:
            self._on_writable()

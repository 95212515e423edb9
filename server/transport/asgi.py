"""The session's socket over plain ASGI: for a server that does not offer ours.

ASGI can neither abort a socket nor join writes: each frame is a ``send`` of its own, awaited by a task. What a slow
reader costs is bounded all the same, because `write` says stop as soon as one ``send`` has to wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Send = Callable[[Any], Awaitable[None]]


class AsgiSocket:
    """See `server.session.socket.Socket`."""

    def __init__(self, send: Send, *, binary: bool) -> None:
        self._send = send
        self._key = "bytes" if binary else "text"
        self._binary = binary
        self._frames: list[bytes] = []
        self._farewell: dict[str, Any] | None = None
        self._resume: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def gone(self) -> bool:
        return self._ended

    def write(self, frames: Sequence[bytes]) -> bool:
        if self._ended:
            return True
        self._frames.extend(frames)
        self._start()
        return False

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._resume = callback

    def close(self, code: int, reason: str) -> None:
        if not self._ended:
            self._ended = True
            self._farewell = {"type": "websocket.close", "code": code, "reason": reason}
            self._start()

    def abort(self) -> None:
        self._ended = True
        self._frames.clear()
        if self._task is not None:
            self._task.cancel()

    async def finish(self, seconds: float) -> None:
        """Wait until what was handed over is sent, ``seconds`` at the most; then give it up."""
        self._resume = None
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=seconds)
            for task in late:
                task.cancel()

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._pump())

    async def _pump(self) -> None:
        try:
            while self._frames:
                frames, self._frames = self._frames, []
                for frame in frames:
                    payload: bytes | str = frame if self._binary else frame.decode()
                    await self._send({"type": "websocket.send", self._key: payload})
            if self._farewell is not None:
                farewell, self._farewell = self._farewell, None
                await self._send(farewell)
        except (OSError, RuntimeError):
            # The peer is gone (ASGI 2.4: send raises OSError), or the server has closed by itself over what it could
            # not parse (uvicorn: RuntimeError). `receive` tells the connection.
            self._ended = True
            self._frames.clear()
        finally:
            self._task = None
        if self._frames or self._farewell is not None:
            self._start()
        elif self._resume is not None:
            self._resume()

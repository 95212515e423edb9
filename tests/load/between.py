"""Between the harness and a server: something that passes all on, but for what it is told to do to the messages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

Lie = Callable[[Sequence[bytes]], Sequence[bytes]]
"""Of the message frames of one connection so far, what to pass on in place of the last one."""


def lose(frames: Sequence[bytes]) -> Sequence[bytes]:
    return () if len(frames) == 5 else frames[-1:]


def double(frames: Sequence[bytes]) -> Sequence[bytes]:
    return (frames[-1], frames[-1]) if len(frames) == 5 else frames[-1:]


def swap(frames: Sequence[bytes]) -> Sequence[bytes]:
    if len(frames) == 5:
        return ()
    return (frames[5], frames[4]) if len(frames) == 6 else frames[-1:]


def be_honest(frames: Sequence[bytes]) -> Sequence[bytes]:
    return frames[-1:]


class Between:
    """``lies`` does what it does to the first connection that gets so many messages, and to no other."""

    def __init__(self, upstream: int, lie: Lie) -> None:
        self._upstream = upstream
        self._lie = lie
        self._victim: object | None = None
        self._meeting: set[asyncio.Task[None]] = set()

    async def end(self) -> None:
        for task in self._meeting:
            task.cancel()
        await asyncio.gather(*self._meeting, return_exceptions=True)

    def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._meeting.add(task)
        task.add_done_callback(self._meeting.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._up(reader, up_writer))
                group.create_task(self._down(up_reader, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one of them has ended; so does the other
        finally:
            writer.transport.abort()
            up_writer.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        raise ConnectionError

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readuntil(b"\r\n")
        writer.write(first)
        if b" 101 " not in first:
            while data := await reader.read(65536):
                writer.write(data)
            raise ConnectionError
        writer.write(await reader.readuntil(b"\r\n\r\n"))
        messages: list[bytes] = []
        while True:
            frame = await read_frame(reader)
            if b"\xa7message" not in frame[:24]:
                writer.write(frame)
                continue
            messages.append(frame)
            if len(messages) == 4 and self._victim is None:
                self._victim = writer
            for told in self._lie(messages) if self._victim is writer else (frame,):
                writer.write(told)


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """A server's frame, head and all."""
    head = await reader.readexactly(2)
    size = head[1]
    if size >= 126:
        more = await reader.readexactly(2 if size == 126 else 8)
        head, size = head + more, int.from_bytes(more, "big")
    return head + await reader.readexactly(size)


@contextlib.asynccontextmanager
async def between(upstream: int, lie: Lie) -> AsyncIterator[str]:
    """The URL of one who stands before a server."""
    made = Between(upstream, lie)
    server = await asyncio.start_server(made.meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await made.end()

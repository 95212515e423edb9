"""Between the harness and a server: something that passes all on, but for what it is told to do to the messages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

Fault = Callable[[Sequence[bytes]], Sequence[bytes]]
"""Of the message frames of one connection so far, what to pass on in place of the last one."""


def drop(frames: Sequence[bytes]) -> Sequence[bytes]:
    return () if len(frames) == 5 else frames[-1:]


def duplicate(frames: Sequence[bytes]) -> Sequence[bytes]:
    return (frames[-1], frames[-1]) if len(frames) == 5 else frames[-1:]


def reorder(frames: Sequence[bytes]) -> Sequence[bytes]:
    if len(frames) == 5:
        return ()
    return (frames[5], frames[4]) if len(frames) == 6 else frames[-1:]


def pass_through(frames: Sequence[bytes]) -> Sequence[bytes]:
    return frames[-1:]


class FaultyProxy:
    """``lies`` does what it does to the first connection that gets so many messages, and to no other."""

    def __init__(self, upstream: int, fault: Fault) -> None:
        self._upstream = upstream
        self._fault = fault
        self._victim: object | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._relay(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._relay_upstream(reader, up_writer))
                group.create_task(self._relay_downstream(upstream_reader, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one of them has ended; so does the other
        finally:
            writer.transport.abort()
            up_writer.transport.abort()

    async def _relay_upstream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        raise ConnectionError

    async def _relay_downstream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
            for sent in self._fault(messages) if self._victim is writer else (frame,):
                writer.write(sent)


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """A server's frame, head and all."""
    head = await reader.readexactly(2)
    size = head[1]
    if size >= 126:
        more = await reader.readexactly(2 if size == 126 else 8)
        head, size = head + more, int.from_bytes(more, "big")
    return head + await reader.readexactly(size)


@contextlib.asynccontextmanager
async def faulty_proxy(upstream: int, fault: Fault) -> AsyncIterator[str]:
    """The URL of one who stands before a server."""
    proxy = FaultyProxy(upstream, fault)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await proxy.close()

"""A proxy between the harness and a server that drops, duplicates or reorders messages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from bussa_load.websocket import encode_frame, split_frame

Fault = Callable[[Sequence[bytes]], Sequence[bytes]]
"""Gets the message payloads of one connection so far; returns the payloads to forward in place of the last one."""


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
    """Applies ``fault`` to the first connection that gets four messages, and to no other."""

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
            pass  # one side has closed; close the other
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
        buffer = b""
        while data := await reader.read(65536):
            buffer += data
            while (frame := split_frame(buffer)) is not None:
                opcode, payload, end = frame
                buffer = buffer[end:]
                forwarded: Sequence[bytes] = (payload,)
                if b"\xa7message" in payload[:20]:
                    messages.append(payload)
                    if len(messages) == 4 and self._victim is None:
                        self._victim = writer
                    if self._victim is writer:
                        forwarded = self._fault(messages)
                for each in forwarded:
                    writer.write(encode_frame(each, opcode, mask=None))
        raise ConnectionError


@contextlib.asynccontextmanager
async def faulty_proxy(upstream: int, fault: Fault) -> AsyncIterator[str]:
    """The URL of a proxy in front of a server."""
    proxy = FaultyProxy(upstream, fault)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await proxy.close()

"""A TCP proxy between a node and its Redis or PostgreSQL, which injects network faults.

It runs in its own thread, so that one deployment serves many tests, each with its own event loop.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future

from tests.e2e.server_process import TIMEOUT

ByteFilter = Callable[[bytes], bytes]


class Proxy:
    """A TCP proxy on the loopback. Its methods block, and have taken effect when they return."""

    def __init__(self, target_port: int, tls: ssl.SSLContext | None = None) -> None:
        """``tls``: the TLS context of the client side, if any."""
        self._target_port = target_port
        self._tls = tls
        self._connections: set[ProxiedConnection] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._reading = asyncio.Event()
        self._reading.set()
        self.drop_reply_to: bytes | None = None
        """Forward client data with these bytes, then drop the reply and abort the connection."""
        self.dropped_replies: list[bytes] = []
        """The replies that were dropped."""
        self.from_server: ByteFilter | None = None
        """A filter for the data of the server."""
        self.connections = 0
        started: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        self.port = started.result(TIMEOUT)

    def freeze(self) -> None:
        """Forward nothing in either direction; the connections stay open."""
        self._call(self._open.clear)

    def stop_reading(self) -> None:
        """Read nothing more from the server, as a stalled client does."""
        self._call(self._reading.clear)

    def thaw(self) -> None:
        """Forward again, starting with what has waited."""
        self._call(self._open.set)
        self._call(self._reading.set)

    def disconnect_all(self) -> None:
        """Abort every connection."""
        self._call(lambda: [pair.abort() for pair in list(self._connections)])

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(TIMEOUT)

    def _call(self, work: Callable[[], object]) -> None:
        done: Future[None] = Future()

        def do() -> None:
            work()
            done.set_result(None)

        self._loop.call_soon_threadsafe(do)
        done.result(TIMEOUT)

    def _run(self, started: "Future[int]") -> None:
        asyncio.run(self._serve(started))

    async def _serve(self, started: "Future[int]") -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        started.set_result(server.sockets[0].getsockname()[1])
        await self._end.wait()
        server.close()
        pairs = list(self._connections)
        for pair in pairs:
            pair.abort()
            pair.cancel()
        await asyncio.gather(*(task for pair in pairs for task in pair.tasks), return_exceptions=True)
        await server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # A small buffer, so that the server soon notices a stalled client.
            server = await asyncio.open_connection("127.0.0.1", self._target_port, limit=65536)
        except OSError:
            writer.transport.abort()
            return
        self.connections += 1
        pair = ProxiedConnection(self, (reader, writer), server)
        self._connections.add(pair)
        try:
            await pair.run()
        finally:
            self._connections.discard(pair)

    async def wait_open(self, *, from_server: bool) -> None:
        """Wait until data may be forwarded."""
        if from_server:
            await self._reading.wait()
        await self._open.wait()


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ProxiedConnection:
    """The connection of a client, and the one to the server."""

    def __init__(self, proxy: Proxy, client: Stream, server: Stream) -> None:
        self._proxy = proxy
        self._client, self._server = client, server
        self._drop_next_reply = False
        self.tasks: list[asyncio.Task[None]] = []

    def abort(self) -> None:
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()

    async def run(self) -> None:
        ways = ((self._client[0], self._server[1], False), (self._server[0], self._client[1], True))
        self.tasks = [asyncio.create_task(self._forward(*way)) for way in ways]
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, from_server: bool) -> None:
        proxy = self._proxy
        try:
            while True:
                await proxy.wait_open(from_server=from_server)
                data = await source.read(65536)
                await proxy.wait_open(from_server=from_server)
                if not data:
                    return
                if from_server:
                    if self._drop_next_reply:
                        proxy.dropped_replies.append(data)
                        self.abort()
                        return
                    if proxy.from_server is not None:
                        data = proxy.from_server(data)
                elif proxy.drop_reply_to is not None and proxy.drop_reply_to in data:
                    self._drop_next_reply = True
                target.write(data)
                await target.drain()
        except OSError:
            pass  # one side has ended, so both are closed
        finally:
            for _, writer in (self._client, self._server):
                writer.close()


class DropMessage:
    """A filter that removes the pub/sub message with ``marker`` from the data of Redis (RESP2)."""

    def __init__(self, marker: bytes) -> None:
        self._marker = marker
        self.dropped = 0

    def __call__(self, data: bytes) -> bytes:
        at = data.find(self._marker)
        start = data.rfind(b"*3\r\n$7\r\nmessage\r\n", 0, at) if at >= 0 else -1
        if start < 0:
            return data
        end = data.index(b"\r\n", start + 8) + 2
        for _ in range(2):  # the channel, the payload
            size, _, _ = data[end + 1 :].partition(b"\r\n")
            end += 1 + len(size) + 2 + int(size) + 2
        self.dropped += 1
        return data[:start] + data[end:]

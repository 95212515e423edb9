"""A minimal load balancer for machines without HAProxy."""

import asyncio
import contextlib
import threading
from collections.abc import Mapping

from tests.deployment.balancer import wait_until_ready
from tests.e2e.server_process import TIMEOUT


class FallbackBalancer:
    """Forwards to the server with the fewest connections, or to the next one if that does not listen."""

    def __init__(self, addresses: Mapping[str, tuple[str, int]]) -> None:
        self._addresses = addresses
        self._connection_counts: dict[str, int] = dict.fromkeys(addresses, 0)
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        listening = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(listening),))
        self._thread.start()
        assert listening.wait(TIMEOUT)
        self.url = f"http://127.0.0.1:{self.port}"

    async def _serve(self, listening: threading.Event) -> None:
        server = await asyncio.start_server(self._start, "127.0.0.1", 0)
        self.port: int = server.sockets[0].getsockname()[1]
        listening.set()
        await self._ended.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._proxy(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.split(b" ", 2)[1].partition(b"?")[0] == b"/metrics":
                writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            else:
                await self._forward(self._rewrite_head(head, writer.get_extra_info("peername")[0]), reader, writer)
        writer.close()

    async def _forward(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for name in sorted(self._connection_counts, key=lambda name: self._connection_counts[name]):
            self._connection_counts[name] += 1
            try:
                inner_reader, inner_writer = await asyncio.open_connection(*self._addresses[name])
            except OSError:
                self._connection_counts[name] -= 1
                continue  # it is restarting
            try:
                inner_writer.write(head)
                await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
            finally:
                self._connection_counts[name] -= 1
                inner_writer.close()
            return

    def _rewrite_head(self, head: bytes, address: str) -> bytes:
        first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        lines = [line for line in lines if not line.lower().startswith((b"x-forwarded-for:", b"x-forwarded-proto:"))]
        if not any(line.lower().startswith(b"upgrade:") for line in lines):
            # Only the first request of a connection is rewritten, so each has a connection of its own.
            lines = [line for line in lines if not line.lower().startswith(b"connection:")] + [b"connection: close"]
        lines.append(b"x-forwarded-for: " + address.encode())
        return b"\r\n".join([first, *lines]) + b"\r\n\r\n"

    def has_active_servers(self, servers: int) -> bool:
        return True  # it tries every server for each connection

    def reload(self) -> None:
        """Nothing to do: it has no configuration."""

    def wait(self) -> None:
        wait_until_ready(self.url, lambda: "the balancer reaches no server")

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        if not writer.is_closing():
            writer.write_eof()

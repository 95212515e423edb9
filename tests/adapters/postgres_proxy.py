"""A TCP proxy between a store and its server, with injected faults."""

import asyncio
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """A TCP proxy on the loopback."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._open = asyncio.Event()
        self._open.set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.cut_at: bytes | None = None
        """When the client sends this, it is forwarded, and the client's connection is cut before the reply."""
        self.cuts = 0

    async def start(self) -> str:
        """Start; returns the database URL through the proxy."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return urlunsplit(self._to._replace(netloc=f"{self._to.username}@127.0.0.1:{port}"))

    def freeze(self) -> None:
        """Forward nothing, in either direction, without closing anything."""
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._to.hostname, self._to.port)
        ends = (to_client, to_server)
        for pipe in (self._pass(client, to_server, ends), self._pass(server, to_client, ends)):
            task = asyncio.create_task(pipe)
            self._pipes.add(task)
            task.add_done_callback(self._pipes.discard)

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, ends: tuple[asyncio.StreamWriter, ...]
    ) -> None:
        try:
            while data := await source.read(65536):
                await self._open.wait()
                cut = target is ends[1] and self.cut_at is not None and self.cut_at in data
                if cut:
                    self.cuts += 1
                    ends[0].transport.abort()
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass  # one end has closed; both are closed below
        finally:
            for end in ends:
                end.close()

"""A connection before its first byte: nothing is allocated that it may never need."""

import asyncio
import gc

import httptools
import pytest

from bussa_server.transport import idle_connection
from bussa_server.transport.http import BoundedHttp
from bussa_server.transport.idle_connection import REQUEST_SECONDS, IdleConnection
from tests.transport.peer import peer
from tests.transport.running_server import RunningServer, serving


async def test_idle_connection_has_no_parser_before_its_first_byte(server: RunningServer) -> None:
    gc.collect()
    gc.disable()  # nothing may depend on a collection
    try:
        async with peer(server.port) as device:
            await server.wait_connected()
            [idle] = server.uvicorn.server_state.connections
            assert isinstance(idle, IdleConnection)
            assert not [one for one in gc.get_objects() if isinstance(one, (BoundedHttp, httptools.HttpRequestParser))]
            await device.write(b"GET /late HTTP/1.1\r\nHost: b\r\n\r\n")
            assert (await device.head())[0] == 200
            [http] = server.uvicorn.server_state.connections
            assert isinstance(http, BoundedHttp)
            del idle, http
            assert not [one for one in gc.get_objects() if isinstance(one, IdleConnection)]
    finally:
        gc.enable()


async def test_deadline_counts_from_the_connection(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    due: list[float | None] = []
    made = BoundedHttp.connection_made

    def look(self: BoundedHttp, transport: asyncio.Transport) -> None:
        made(self, transport)
        due.append(self.due)

    monkeypatch.setattr(BoundedHttp, "connection_made", look)
    loop = asyncio.get_running_loop()
    before = loop.time()
    async with peer(server.port) as device:
        await server.wait_connected()
        after = loop.time()
        while loop.time() <= after:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0.001)
        await device.write(b"GET /late HTTP/1.1\r\nHost: b\r\n\r\n")
        await device.head()
    assert len(due) == 1
    assert due[0] is not None
    assert before + REQUEST_SECONDS <= due[0] <= after + REQUEST_SECONDS


async def test_idle_connection_leaves_nothing_and_ends_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle_connection, "REQUEST_SECONDS", 1_000)
    async with serving() as server:
        async with peer(server.port):
            await server.wait_connected()
        await server.wait_disconnected()
        async with peer(server.port) as device:
            await server.wait_connected()
            for connection in list(server.uvicorn.server_state.connections):
                connection.shutdown()
            assert await device.rest() == b""
        await server.wait_disconnected()

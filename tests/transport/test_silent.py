"""A connection without a byte: nothing is made for it that it may never need."""

import asyncio
import gc

import httptools
import pytest

from bussa_server.transport import silent
from bussa_server.transport.http import BoundedHttp
from bussa_server.transport.silent import REQUEST_SECONDS, Silent
from tests.transport.peer import peer
from tests.transport.served import Served, serving


async def test_it_has_no_parser_until_it_says_something(ours: Served) -> None:
    gc.collect()
    gc.disable()  # nothing may have to be looked for
    try:
        async with peer(ours.port) as device:
            await ours.known()
            [wordless] = ours.server.server_state.connections
            assert isinstance(wordless, Silent)
            assert not [one for one in gc.get_objects() if isinstance(one, (BoundedHttp, httptools.HttpRequestParser))]
            await device.write(b"GET /late HTTP/1.1\r\nHost: b\r\n\r\n")
            assert (await device.head())[0] == 200
            [http] = ours.server.server_state.connections
            assert isinstance(http, BoundedHttp)
            del wordless, http
            assert not [one for one in gc.get_objects() if isinstance(one, Silent)]
    finally:
        gc.enable()


async def test_its_time_counts_from_the_connection_and_not_from_the_first_byte(
    ours: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    due: list[float | None] = []
    made = BoundedHttp.connection_made

    def look(self: BoundedHttp, transport: asyncio.Transport) -> None:
        made(self, transport)
        due.append(self.due)

    monkeypatch.setattr(BoundedHttp, "connection_made", look)
    loop = asyncio.get_running_loop()
    before = loop.time()
    async with peer(ours.port) as device:
        await ours.known()
        after = loop.time()
        while loop.time() <= after:  # noqa: ASYNC110 - a clock tells nobody
            await asyncio.sleep(0.001)
        await device.write(b"GET /late HTTP/1.1\r\nHost: b\r\n\r\n")
        await device.head()
    assert len(due) == 1
    assert due[0] is not None
    assert before + REQUEST_SECONDS <= due[0] <= after + REQUEST_SECONDS


async def test_it_leaves_without_a_trace_and_ends_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silent, "REQUEST_SECONDS", 1_000)
    async with serving() as served:
        async with peer(served.port):
            await served.known()
        await served.forgotten()
        async with peer(served.port) as device:
            await served.known()
            for connection in list(served.server.server_state.connections):
                connection.shutdown()
            assert await device.rest() == b""
        await served.forgotten()

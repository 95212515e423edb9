"""A closed connection is freed by reference counting. Cycles would wait for the garbage collector, which stalls the
event loop."""

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.transport.peer import PING, TEXT, frame, json_frame, peer
from tests.transport.running_server import RunningServer

REQUEST = b"GET /big?bytes=1 HTTP/1.1\r\nHost: b\r\n\r\n"


@pytest.fixture
def left() -> Iterator[list[object]]:
    """Objects that only the collector finds."""
    gc.collect()
    # What other tests left behind is looked at no more. Some of it the collector finds again and again: a class that
    # msgspec refused when it was defined.
    gc.freeze()
    gc.disable()
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()
    gc.unfreeze()


async def assert_no_garbage(server: RunningServer, left: list[object]) -> None:
    await server.wait_disconnected()
    await asyncio.sleep(0.05)
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    assert Counter(type(thing).__name__ for thing in left) == {}


@pytest.mark.parametrize(
    "last",
    [
        b"",
        json_frame({"type": "ping", "id": 1}),
        frame(b"{"),
        frame(b"x", claim=2**32),
        b"no WebSocket",
        frame(b"", TEXT, fin=False),
        frame(b"", PING) * 200,
    ],
    ids=["nothing", "a request", "garbage", "a claim", "no frame", "a fragment", "a flood"],
)
async def test_connection_leaves_no_cycles(server: RunningServer, left: list[object], last: bytes) -> None:
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write(last)
        await asyncio.sleep(0.05)
    await assert_no_garbage(server, left)


@pytest.mark.parametrize(
    "sent",
    [
        REQUEST,
        REQUEST * 6000,
        b"rubbish\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: b\r\nX: " + b"x" * 65_536,
        b"GET /v1/socket HTTP/1.1\r\nHost: b\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
    ids=["a request", "very many", "rubbish", "a large head", "a handshake without a key"],
)
async def test_requests_leave_no_cycles(server: RunningServer, left: list[object], sent: bytes) -> None:
    async with peer(server.port, buffer=4096) as device:
        await device.write_what_it_can(sent)
        await asyncio.sleep(0.05)
    await assert_no_garbage(server, left)

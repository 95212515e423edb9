"""What ends is freed at once. What refers to each other waits for the garbage collector, and everybody for that."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from server.session.connection import Connection
from server.transport.direct import DirectWebSocket
from server.transport.http import BoundedHttp
from tests.transport.peer import PING, TEXT, frame, peer, say
from tests.transport.served import Served

OURS = (Connection, DirectWebSocket, BoundedHttp)


@pytest.fixture
def left() -> Iterator[list[object]]:
    """What only the collector finds."""
    gc.collect()
    gc.disable()
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


async def nothing_left(ours: Served, left: list[object]) -> None:
    await ours.forgotten()
    await asyncio.sleep(0.05)
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    assert [type(thing) for thing in left if isinstance(thing, OURS)] == []


@pytest.mark.parametrize(
    "last",
    [b"", say({"type": "ping", "id": 1}), frame(b"{"), frame(b"", TEXT, fin=False), frame(b"", PING) * 200],
    ids=["nothing", "a request", "garbage", "a fragment", "a flood"],
)
async def test_a_connection(ours: Served, left: list[object], last: bytes) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(last)
        await asyncio.sleep(0.05)
    await nothing_left(ours, left)


@pytest.mark.parametrize("requests", [1, 6000])
async def test_requests(ours: Served, left: list[object], requests: int) -> None:
    async with peer(ours.port, buffer=4096) as device:
        await device.write_what_it_can(b"GET /big?bytes=1 HTTP/1.1\r\nHost: b\r\n\r\n" * requests)
        await asyncio.sleep(0.05)
    await nothing_left(ours, left)

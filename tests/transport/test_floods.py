"""Floods of control frames, fragments and requests sent ahead: each is bounded, and others are served meanwhile."""

import asyncio
import contextlib
from collections import Counter
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from bussa_protocol.codes import CloseReason
from bussa_server.session.receive_queue import HIGH_WATER_FRAMES
from bussa_server.transport.frame_parser import FrameParser, Parsed
from bussa_server.transport.websocket_protocol import CONTROL_FRAME_RATE, MAX_FRAGMENTS, SLICE_BYTES
from tests.transport.peer import BINARY, PING, PONG, TEXT, frame, json_frame, peer
from tests.transport.running_server import RunningServer, receive_queue_of


@pytest.mark.parametrize(
    ("flood", "count"),
    [
        (frame(b"", PING), CONTROL_FRAME_RATE.burst + 1),
        (frame(b"ping", PING), 50_000),
        (frame(b"", PONG), CONTROL_FRAME_RATE.burst + 1),
        (frame(b"pong", PONG), 50_000),
    ],
    ids=["pings", "many pings", "pongs", "many pongs"],
)
async def test_control_frame_flood_is_closed(server: RunningServer, flood: bytes, count: float) -> None:
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write_what_it_can(flood * int(count))
        assert await device.close_code() == CloseReason.RATE_LIMITED
    await server.wait_disconnected()


async def test_allowed_control_frames_are_answered(server: RunningServer) -> None:
    async with peer(server.port) as device:
        await server.greet(device)
        for number in range(50):
            await device.write(frame(b"%d" % number, PING) + frame(b"", PONG))
            assert await device.frame() == (PONG, b"%d" % number)


@pytest.mark.parametrize("count", [MAX_FRAGMENTS + 1, 40_000])
async def test_too_many_fragments_are_closed(server: RunningServer, count: int) -> None:
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write_what_it_can(frame(b"", TEXT, fin=False) + frame(b"", 0, fin=False) * count)
        assert await device.close_code() == CloseReason.RATE_LIMITED
    await server.wait_disconnected()


async def test_fragment_count_restarts_with_each_message(server: RunningServer) -> None:
    ping = b'{"type":"ping","id":1}'
    async with peer(server.port) as device:
        await server.greet(device)
        for _ in range(3):
            parts = [frame(ping[:1], fin=False), *(frame(b"", 0, fin=False) for _ in range(MAX_FRAGMENTS - 1))]
            await device.write(b"".join(parts) + frame(ping[1:], 0))
            assert (await device.receive())["type"] == "pong"


async def test_flood_is_not_parsed_to_its_end(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of a MiB of the smallest frames would occupy the loop for half a second."""
    parsed, parse = 0, FrameParser.parse

    def count(self: FrameParser, data: bytes) -> Parsed:
        nonlocal parsed
        parsed += len(data)
        return parse(self, data)

    async with peer(server.port) as device:
        await server.greet(device)
        monkeypatch.setattr(FrameParser, "parse", count)
        await device.write_what_it_can(frame(b"", TEXT, fin=False) + frame(b"", 0, fin=False) * 40_000)
        assert await device.close_code() == CloseReason.RATE_LIMITED
    assert 0 < parsed <= 2 * SLICE_BYTES


async def test_frames_sent_ahead_wait_unparsed(server: RunningServer) -> None:
    """While the application is busy, what a client sends ahead stays bytes and fills no queue."""
    async with peer(server.port) as device:
        socket = await server.greet(device)
        gate = server.node.store.block("heads")
        small = json_frame({"type": "ping", "id": 1})
        await device.write(small * 5000)
        await asyncio.sleep(0.05)
        assert 0 < len(receive_queue_of(socket)) <= HIGH_WATER_FRAMES
        gate.set()
        for _ in range(5000):
            assert (await device.receive())["type"] == "pong"


@pytest.mark.parametrize(
    ("size", "count", "turns"), [(18, 10_000, 300), (2_000, 400, 130)], ids=["small frames", "large frames"]
)
async def test_burst_of_one_connection_does_not_starve_others(
    server: RunningServer, size: int, count: int, turns: int
) -> None:
    """One turn of the loop handles 32 frames, or those that begin in 4 KiB."""
    async with peer(server.port) as device:
        socket = await server.greet(device)
        queue, received = receive_queue_of(socket), list[object]()
        socket.on_frame(received.append)
        socket.data_received(frame(bytes(size), BINARY) * count)  # as one read
        passed = 0
        while socket.unparsed_bytes:
            passed += 1
            await asyncio.sleep(0)
        assert len(received) == count
        assert passed >= turns
        socket.on_frame(queue.put)


async def test_pipelined_requests_of_many_connections_take_turns(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise each connection would start a request in every turn of the loop."""
    turn, starts, run = 0, Counter[int](), RequestResponseCycle.run_asgi

    async def count(self: RequestResponseCycle, app: Any) -> None:
        starts[turn] += 1
        await run(self, app)

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(RequestResponseCycle, "run_asgi", count)
    turns = asyncio.create_task(count_turns())
    async with contextlib.AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(peer(server.port)) for _ in range(8)]
        for device in devices:
            await device.write(b"GET /big?bytes=1 HTTP/1.1\r\nHost: b\r\n\r\n" * 20)
        for device in devices:
            for _ in range(20):
                assert await device.response() == (200, b"\0")
    turns.cancel()
    assert starts.total() == 160
    assert max(starts.values()) <= 2  # and one whose headers were parsed in the turn before

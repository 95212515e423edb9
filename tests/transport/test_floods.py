"""Floods of control frames, fragments and requests sent ahead: each is bounded, and others are served meanwhile."""

import asyncio

import pytest

from bussa_protocol.codes import CloseReason
from bussa_server.session.receive_queue import HIGH_WATER_FRAMES
from bussa_server.transport.frame_parser import FrameParser, Parsed
from bussa_server.transport.websocket_protocol import CONTROL_FRAME_RATE, MAX_FRAGMENTS, SLICE_BYTES
from tests.transport.peer import PING, PONG, TEXT, frame, json_frame, peer
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


async def test_burst_of_one_connection_does_not_starve_others(server: RunningServer) -> None:
    async with peer(server.port) as device:
        socket = await server.greet(device)
        turns, done = 0, False

        async def others() -> None:
            nonlocal turns
            while not done:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(others())
        await asyncio.sleep(0)
        turns = 0
        # Handed over as one read.
        socket.data_received(frame(b'{"type":"nothing"}') * 10_000)
        for _ in range(10_000):
            assert (await device.receive())["code"] == "bad_request"
        done = True
        await counting
        assert turns >= 10_000 * 24 // SLICE_BYTES

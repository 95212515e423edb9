"""Floods: of control frames, of fragments, of requests sent ahead. Each is bounded, and the others have their turn."""

import asyncio

import pytest

from bussa_protocol.codes import CloseReason
from bussa_server.session.receive_queue import HIGH_WATER_FRAMES
from bussa_server.transport import bounded_websocket
from bussa_server.transport.bounded_websocket import CONTROL_FRAME_RATE, MAX_FRAGMENTS
from bussa_server.transport.websocket_protocol import SLICE_BYTES, WebSocketProtocol
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
async def test_control_frame_flood_is_closed(ours: RunningServer, flood: bytes, count: float) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write_what_it_can(flood * int(count))
        assert await device.close_code() == CloseReason.RATE_LIMITED
    await ours.wait_disconnected()


async def test_allowed_control_frames_are_answered(ours: RunningServer) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        for number in range(50):
            await device.write(frame(b"%d" % number, PING) + frame(b"", PONG))
            assert await device.frame() == (PONG, b"%d" % number)


@pytest.mark.parametrize("count", [MAX_FRAGMENTS + 1, 40_000])
async def test_too_many_fragments_are_closed(ours: RunningServer, count: int) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write_what_it_can(frame(b"", TEXT, fin=False) + frame(b"", 0, fin=False) * count)
        assert await device.close_code() == CloseReason.RATE_LIMITED
    await ours.wait_disconnected()


async def test_fragment_count_restarts_with_each_message(ours: RunningServer) -> None:
    ping = b'{"type":"ping","id":1}'
    async with peer(ours.port) as device:
        await ours.greet(device)
        for _ in range(3):
            parts = [frame(ping[:1], fin=False), *(frame(b"", 0, fin=False) for _ in range(MAX_FRAGMENTS - 1))]
            await device.write(b"".join(parts) + frame(ping[1:], 0))
            assert (await device.receive())["type"] == "pong"


async def test_flood_is_not_parsed_to_its_end(ours: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of a MiB of the smallest frames is half a second of everybody's time."""
    parsed = 0
    received = bounded_websocket.SlottedWebSocketsProtocol.data_received

    def count(self: WebSocketProtocol, data: bytes) -> None:
        nonlocal parsed
        parsed += len(data)
        received(self, data)

    async with peer(ours.port) as device:
        await ours.greet(device)
        monkeypatch.setattr(bounded_websocket.SlottedWebSocketsProtocol, "data_received", count)
        await device.write_what_it_can(frame(b"", TEXT, fin=False) + frame(b"", 0, fin=False) * 40_000)
        assert await device.close_code() == CloseReason.RATE_LIMITED
    assert 0 < parsed <= 2 * SLICE_BYTES


async def test_frames_sent_ahead_wait_unparsed(ours: RunningServer) -> None:
    """While the application has no time, no message after the other is made and put into a queue."""
    async with peer(ours.port) as device:
        socket = await ours.greet(device)
        gate = ours.node.store.block("heads")
        small = json_frame({"type": "ping", "id": 1})
        await device.write(small * 5000)
        await asyncio.sleep(0.05)
        assert 0 < len(receive_queue_of(socket)) <= HIGH_WATER_FRAMES
        gate.set()
        for _ in range(5000):
            assert (await device.receive())["type"] == "pong"


async def test_burst_of_one_connection_does_not_starve_others(ours: RunningServer) -> None:
    async with peer(ours.port) as device:
        socket = await ours.greet(device)
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

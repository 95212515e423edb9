"""Floods: of control frames, of fragments, of requests sent ahead. Each is bounded, and the others have their turn."""

import asyncio

import pytest

from bussa_protocol.codes import Close
from bussa_server.session.inbox import FULL
from bussa_server.transport import websocket
from bussa_server.transport.direct import SLICE, DirectWebSocket
from bussa_server.transport.websocket import CONTROLS, FRAGMENTS
from tests.transport.peer import PING, PONG, TEXT, frame, peer, say
from tests.transport.served import Served, inbox_of


@pytest.mark.parametrize(
    ("flood", "count"),
    [
        (frame(b"", PING), CONTROLS.burst + 1),
        (frame(b"ping", PING), 50_000),
        (frame(b"", PONG), CONTROLS.burst + 1),
        (frame(b"pong", PONG), 50_000),
    ],
    ids=["pings", "many pings", "pongs", "many pongs"],
)
async def test_a_flood_of_control_frames(ours: Served, flood: bytes, count: float) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write_what_it_can(flood * int(count))
        assert await device.farewell() == Close.TOO_MUCH
    await ours.forgotten()


async def test_as_many_control_frames_as_anybody_needs(ours: Served) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        for number in range(50):
            await device.write(frame(b"%d" % number, PING) + frame(b"", PONG))
            assert await device.frame() == (PONG, b"%d" % number)


@pytest.mark.parametrize("count", [FRAGMENTS + 1, 40_000])
async def test_a_message_of_too_many_fragments(ours: Served, count: int) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write_what_it_can(frame(b"", TEXT, fin=False) + frame(b"", 0, fin=False) * count)
        assert await device.farewell() == Close.TOO_MUCH
    await ours.forgotten()


async def test_a_message_of_many_fragments_and_another(ours: Served) -> None:
    ping = b'{"type":"ping","id":1}'
    async with peer(ours.port) as device:
        await ours.greet(device)
        for _ in range(3):
            parts = [frame(ping[:1], fin=False), *(frame(b"", 0, fin=False) for _ in range(FRAGMENTS - 1))]
            await device.write(b"".join(parts) + frame(ping[1:], 0))
            assert (await device.told())["type"] == "pong"


async def test_a_flood_is_not_parsed_to_its_end(ours: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of a MiB of the smallest frames is half a second of everybody's time."""
    parsed = 0
    received = websocket.Slotted.data_received

    def count(self: DirectWebSocket, data: bytes) -> None:
        nonlocal parsed
        parsed += len(data)
        received(self, data)

    async with peer(ours.port) as device:
        await ours.greet(device)
        monkeypatch.setattr(websocket.Slotted, "data_received", count)
        await device.write_what_it_can(frame(b"", TEXT, fin=False) + frame(b"", 0, fin=False) * 40_000)
        assert await device.farewell() == Close.TOO_MUCH
    assert 0 < parsed <= 2 * SLICE


async def test_what_is_sent_ahead_waits_unparsed(ours: Served) -> None:
    """While the application has no time, no message after the other is made and put into a queue."""
    async with peer(ours.port) as device:
        socket = await ours.greet(device)
        gate = ours.node.store.hold("heads")
        small = say({"type": "ping", "id": 1})
        await device.write(small * 5000)
        await asyncio.sleep(0.05)
        assert 0 < len(inbox_of(socket)) <= FULL
        gate.set()
        for _ in range(5000):
            assert (await device.told())["type"] == "pong"


async def test_a_burst_of_one_connection_leaves_the_others_their_turn(ours: Served) -> None:
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
            assert (await device.told())["code"] == "bad_request"
        done = True
        await counting
        assert turns >= 10_000 * 24 // SLICE

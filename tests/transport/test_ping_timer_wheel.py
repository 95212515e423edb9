"""Idle WebSockets: the ping timer wheel, and what is released after the handshake."""

import asyncio
import gc
from collections import Counter
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.server import ServerProtocol

from bussa_server.transport.http import BoundedHttp
from bussa_server.transport.ping_timer_wheel import MIN_SLOT_SECONDS, PingTimerWheel
from bussa_server.transport.websocket_handshake import Handshake
from tests.transport.peer import CLOSE, PING, PONG, SECONDS, frame, json_frame, peer
from tests.transport.running_server import RunningServer, serving


class FakeMember:
    def __init__(self) -> None:
        self.ticks = 0
        self.ticked = asyncio.Event()

    def on_tick(self) -> None:
        self.ticks += 1
        self.ticked.set()


ROUND_SECONDS = 6 * MIN_SLOT_SECONDS


async def test_each_member_ticks_once_a_round() -> None:
    wheel = PingTimerWheel(ROUND_SECONDS)
    members = [FakeMember() for _ in range(20)]
    slots = [wheel.join(member) for member in members]
    assert sorted(Counter(slots).items()) == [(0, 5), (3, 5), (4, 5), (5, 5)], "spread over the second half"
    async with asyncio.timeout(SECONDS):
        for _ in range(3):
            members[0].ticked.clear()
            await members[0].ticked.wait()
    assert {member.ticks for member in members} <= {2, 3, 4}
    for member, slot in zip(members, slots, strict=True):
        wheel.leave(member, slot)


async def test_left_member_does_not_tick_and_the_last_one_stops_the_timer() -> None:
    wheel = PingTimerWheel(ROUND_SECONDS)
    gone, there = FakeMember(), FakeMember()
    left, stays = wheel.join(gone), wheel.join(there)
    for _ in range(2):
        wheel.leave(gone, left)
    async with asyncio.timeout(SECONDS):
        await there.ticked.wait()
        assert gone.ticks == 0
        wheel.leave(there, stays)
        while wheel.running:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0.001)


async def test_failing_tick_does_not_stop_the_wheel() -> None:
    class Broken(FakeMember):
        def on_tick(self) -> None:
            super().on_tick()
            raise RuntimeError("a defect")

    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    wheel = PingTimerWheel(ROUND_SECONDS)
    broken = Broken()
    slot = wheel.join(broken)
    async with asyncio.timeout(SECONDS):
        for _ in range(2):
            broken.ticked.clear()
            await broken.ticked.wait()
    assert len(errors) >= 1
    wheel.leave(broken, slot)


async def test_answered_pings_continue() -> None:
    async with serving(ws_ping_interval=0.05, ws_ping_timeout=0.1) as server:
        await server.node.add_users("alice")
        async with peer(server.port) as device:
            await device.greet("alice")
            for _ in range(6):
                assert await device.frame() == (PING, b"")
                await device.write(frame(b"", PONG))
            await device.write(json_frame({"type": "ping", "id": 1}))
            assert (await device.receive())["type"] == "pong"


async def test_handshake_objects_are_released(server: RunningServer) -> None:
    gc.collect()
    gc.disable()  # nothing may depend on a collection
    try:
        async with peer(server.port) as device:
            socket = await server.greet(device)
            assert not hasattr(socket, "__dict__"), "an attribute without a slot"
            of_it = (Headers, ServerProtocol, Handshake, BoundedHttp)
            assert not [found for found in gc.get_objects() if isinstance(found, of_it)]
    finally:
        gc.enable()


async def test_idle_websocket_has_no_parser_and_no_task(server: RunningServer) -> None:
    before = asyncio.all_tasks()
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write(frame(b"there?", PING) + json_frame({"type": "ping", "id": 1}))
        assert await device.frame() == (PONG, b"there?")
        assert (await device.receive())["type"] == "pong"
        await asyncio.sleep(0)
        assert not [found for found in gc.get_objects() if isinstance(found, ServerProtocol)]
        assert not asyncio.all_tasks() - before


async def test_frames_sent_before_the_handshake_completes_are_answered(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One half of a frame must not go to the handshake's parser and the other half to the connection's."""
    gate, begun = asyncio.Event(), asyncio.Event()
    run = Handshake.run

    async def later(self: Handshake, socket: object) -> None:
        begun.set()
        await gate.wait()
        await run(self, socket)

    monkeypatch.setattr(Handshake, "run", later)
    hello = json_frame({"type": "hello", "token": "alice"})
    async with peer(server.port) as device:
        upgrading = asyncio.create_task(device.upgrade())
        await begun.wait()
        await device.write(hello[:10])
        async with asyncio.timeout(SECONDS):
            while not server.socket.unparsed_bytes:  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0.001)
        gate.set()
        assert await upgrading == 101
        await device.write(hello[10:])
        assert (await device.receive())["type"] == "welcome"


async def test_frames_after_a_close_are_ignored(server: RunningServer) -> None:
    word = json_frame({"type": "send", "id": 1, "to": "bob", "text": "too late", "nonce": "n"})
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE) + frame(b"", PING) + word)
        assert await device.close_code() == 1000
    await server.wait_disconnected()
    assert (await server.node.store.heads(["bob"]))["bob"] == 1

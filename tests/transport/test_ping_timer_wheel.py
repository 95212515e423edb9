"""A socket on which nothing happens: it has its turn with the others, and nothing that it does not need."""

import asyncio
import gc
from collections import Counter
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.server import ServerProtocol

from bussa_server.transport.http import BoundedHttp
from bussa_server.transport.ping_timer_wheel import MIN_SLOT_SECONDS, PingTimerWheel
from bussa_server.transport.websocket_protocol import WebSocketProtocol
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
    rounds = PingTimerWheel(ROUND_SECONDS)
    sleepers = [FakeMember() for _ in range(20)]
    places = [rounds.join(sleeper) for sleeper in sleepers]
    assert sorted(Counter(places).items()) == [(0, 5), (3, 5), (4, 5), (5, 5)], "spread over the second half"
    async with asyncio.timeout(SECONDS):
        for _ in range(3):
            sleepers[0].ticked.clear()
            await sleepers[0].ticked.wait()
    assert {sleeper.ticks for sleeper in sleepers} <= {2, 3, 4}
    for sleeper, place in zip(sleepers, places, strict=True):
        rounds.leave(sleeper, place)


async def test_left_member_does_not_tick_and_the_last_one_stops_the_timer() -> None:
    rounds = PingTimerWheel(ROUND_SECONDS)
    gone, there = FakeMember(), FakeMember()
    left, stays = rounds.join(gone), rounds.join(there)
    for _ in range(2):
        rounds.leave(gone, left)
    async with asyncio.timeout(SECONDS):
        await there.ticked.wait()
        assert gone.ticks == 0
        rounds.leave(there, stays)
        while rounds._timer is not None:  # noqa: ASYNC110 - it has no event, and it ends with the next step
            await asyncio.sleep(0.001)


async def test_failing_tick_does_not_stop_the_wheel() -> None:
    class Broken(FakeMember):
        def on_tick(self) -> None:
            super().on_tick()
            raise RuntimeError("a defect")

    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    rounds = PingTimerWheel(ROUND_SECONDS)
    broken = Broken()
    place = rounds.join(broken)
    async with asyncio.timeout(SECONDS):
        for _ in range(2):
            broken.ticked.clear()
            await broken.ticked.wait()
    assert len(told) >= 1
    rounds.leave(broken, place)


async def test_answered_pings_continue() -> None:
    async with serving(ws_ping_interval=0.05, ws_ping_timeout=0.1) as served:
        await served.node.add_users("alice")
        async with peer(served.port) as device:
            await device.greet("alice")
            for _ in range(6):
                assert await device.frame() == (PING, b"")
                await device.write(frame(b"", PONG))
            await device.write(json_frame({"type": "ping", "id": 1}))
            assert (await device.receive())["type"] == "pong"


async def test_handshake_objects_are_released(ours: RunningServer) -> None:
    gc.collect()
    gc.disable()  # nothing may have to be looked for
    try:
        async with peer(ours.port) as device:
            socket = await ours.greet(device)
            assert not [name for name in ("scope", "request", "response") if hasattr(socket, name)]
            assert not vars(socket), "uvicorn has new attributes: see Slotted"
            of_it = (Headers, ServerProtocol, BoundedHttp)
            assert not [found for found in gc.get_objects() if isinstance(found, of_it)]
    finally:
        gc.enable()


async def test_idle_websocket_has_no_parser_and_no_task(ours: RunningServer) -> None:
    before = asyncio.all_tasks()
    async with peer(ours.port) as device:
        socket = await ours.greet(device)
        await device.write(frame(b"there?", PING) + json_frame({"type": "ping", "id": 1}))
        assert await device.frame() == (PONG, b"there?")
        assert (await device.receive())["type"] == "pong"
        await asyncio.sleep(0)
        assert socket._conn is None
        assert not asyncio.all_tasks() - before


async def test_frames_sent_before_the_handshake_completes_are_answered(
    ours: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a frame must not be one parser's and the other half another's."""
    gate, begun = asyncio.Event(), asyncio.Event()
    run = WebSocketProtocol.run_asgi

    async def later(self: WebSocketProtocol) -> None:
        begun.set()
        await gate.wait()
        await run(self)

    monkeypatch.setattr(WebSocketProtocol, "run_asgi", later)
    hello = json_frame({"type": "hello", "token": "alice"})
    async with peer(ours.port) as device:
        upgrading = asyncio.create_task(device.upgrade())
        await begun.wait()
        await device.write(hello[:10])
        async with asyncio.timeout(SECONDS):
            while not ours.socket.read_paused:  # noqa: ASYNC110 - it has come then
                await asyncio.sleep(0.001)
        gate.set()
        assert await upgrading == 101
        await device.write(hello[10:])
        assert (await device.receive())["type"] == "welcome"


async def test_frames_after_a_close_are_ignored(ours: RunningServer) -> None:
    word = json_frame({"type": "send", "id": 1, "to": "bob", "text": "too late", "nonce": "n"})
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE) + frame(b"", PING) + word)
        assert await device.close_code() == 1000
    await ours.wait_disconnected()
    assert (await ours.node.store.heads(["bob"]))["bob"] == 1

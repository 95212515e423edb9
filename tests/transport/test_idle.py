"""A socket on which nothing happens: it has its turn with the others, and nothing that it does not need."""

import asyncio
import gc
from collections import Counter
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.server import ServerProtocol

from bussa_server.transport.direct import DirectWebSocket
from bussa_server.transport.http import BoundedHttp
from bussa_server.transport.rounds import SHORTEST, Rounds
from tests.transport.peer import CLOSE, PING, PONG, SECONDS, frame, peer, say
from tests.transport.served import Served, serving


class Sleeper:
    def __init__(self) -> None:
        self.turns = 0
        self.had_one = asyncio.Event()

    def turn(self) -> None:
        self.turns += 1
        self.had_one.set()


ROUND = 6 * SHORTEST


async def test_everybody_has_one_turn_a_round() -> None:
    rounds = Rounds(ROUND)
    sleepers = [Sleeper() for _ in range(20)]
    places = [rounds.join(sleeper) for sleeper in sleepers]
    assert sorted(Counter(places).items()) == [(0, 5), (3, 5), (4, 5), (5, 5)], "spread over the second half"
    async with asyncio.timeout(SECONDS):
        for _ in range(3):
            sleepers[0].had_one.clear()
            await sleepers[0].had_one.wait()
    assert {sleeper.turns for sleeper in sleepers} <= {2, 3, 4}
    for sleeper, place in zip(sleepers, places, strict=True):
        rounds.leave(sleeper, place)


async def test_who_has_left_has_no_turn_and_who_is_last_leaves_no_timer() -> None:
    rounds = Rounds(ROUND)
    gone, there = Sleeper(), Sleeper()
    left, stays = rounds.join(gone), rounds.join(there)
    for _ in range(2):
        rounds.leave(gone, left)
    async with asyncio.timeout(SECONDS):
        await there.had_one.wait()
        assert gone.turns == 0
        rounds.leave(there, stays)
        while rounds._timer is not None:  # noqa: ASYNC110 - it has no event, and it ends with the next step
            await asyncio.sleep(0.001)


async def test_a_turn_that_fails_is_not_the_last_one() -> None:
    class Broken(Sleeper):
        def turn(self) -> None:
            super().turn()
            raise RuntimeError("a defect")

    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    rounds = Rounds(ROUND)
    broken = Broken()
    place = rounds.join(broken)
    async with asyncio.timeout(SECONDS):
        for _ in range(2):
            broken.had_one.clear()
            await broken.had_one.wait()
    assert len(told) >= 1
    rounds.leave(broken, place)


async def test_pings_come_as_long_as_they_are_answered() -> None:
    async with serving(ws_ping_interval=0.05, ws_ping_timeout=0.1) as served:
        await served.node.people("alice")
        async with peer(served.port) as device:
            await device.greet("alice")
            for _ in range(6):
                assert await device.frame() == (PING, b"")
                await device.write(frame(b"", PONG))
            await device.write(say({"type": "ping", "id": 1}))
            assert (await device.told())["type"] == "pong"


async def test_nothing_of_the_handshake_is_kept(ours: Served) -> None:
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


async def test_a_sleeper_has_no_parser_and_no_task_after_pings_and_messages(ours: Served) -> None:
    before = asyncio.all_tasks()
    async with peer(ours.port) as device:
        socket = await ours.greet(device)
        await device.write(frame(b"there?", PING) + say({"type": "ping", "id": 1}))
        assert await device.frame() == (PONG, b"there?")
        assert (await device.told())["type"] == "pong"
        await asyncio.sleep(0)
        assert socket._conn is None
        assert not asyncio.all_tasks() - before


async def test_what_is_said_before_the_handshake_is_answered(ours: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a frame must not be one parser's and the other half another's."""
    gate, begun = asyncio.Event(), asyncio.Event()
    run = DirectWebSocket.run_asgi

    async def later(self: DirectWebSocket) -> None:
        begun.set()
        await gate.wait()
        await run(self)

    monkeypatch.setattr(DirectWebSocket, "run_asgi", later)
    hello = say({"type": "hello", "token": "alice"})
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
        assert (await device.told())["type"] == "welcome"


async def test_after_a_farewell_nothing_counts(ours: Served) -> None:
    word = say({"type": "send", "id": 1, "to": "bob", "text": "too late", "nonce": "n"})
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE) + frame(b"", PING) + word)
        assert await device.farewell() == 1000
    await ours.forgotten()
    assert (await ours.node.store.heads(["bob"]))["bob"] == 1

"""A device and a server that does what a good one rarely does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import pytest
from websockets.asyncio.server import ServerConnection, serve

from bussa_load.crowd import Crowd
from bussa_load.device import LONGEST_WAIT, GreetingError, LoadDevice
from bussa_load.meter import Meter
from bussa_load.truth import Truth
from bussa_load.wire import HandshakeError, connect

Story = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def told_by(story: Story) -> AsyncIterator[int]:
    """The port of a server that plays ``story`` to each connection."""
    async with serve(story, "127.0.0.1", 0, subprotocols=["bussa.v1.msgpack"]) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def hear(connection: ServerConnection) -> dict[str, Any]:
    return msgpack.unpackb(await connection.recv())


async def say(connection: ServerConnection, **told: Any) -> None:
    await connection.send(msgpack.Packer().pack(told))


async def welcome(connection: ServerConnection) -> dict[str, Any]:
    hello = await hear(connection)
    await say(connection, type="welcome", user="ann", head=0, epoch="e", resumed=True, now=0, limits={})
    return hello


class Town:
    """Watches one device, and does what it is told to at once."""

    def __init__(self, port: int) -> None:
        self.truth = Truth()
        self.device = LoadDevice("ann", "token", ("127.0.0.1", port), self.truth, Meter(0.0), self)
        self.crowd = Crowd([self.device], self.truth)
        self.answers = asyncio.Event()

    def answered(self, device: LoadDevice) -> None:
        if not device.under_way:
            self.answers.set()

    def received(self, device: LoadDevice, peer: str) -> None: ...

    def told_to_wait(self, device: LoadDevice, request: int, seconds: float, code: str) -> None:
        assert 0 <= seconds <= LONGEST_WAIT
        device.again(request)
        device.again(request)

    def lost(self, device: LoadDevice, code: int) -> None:
        self.crowd.lose(device, code)


@pytest.mark.parametrize(("code", "retry_after"), [("unavailable", None), ("unavailable", 0.0), ("rate_limited", 0.0)])
async def test_what_has_to_wait_is_repeated_under_its_nonce(code: str, retry_after: float | None) -> None:
    heard: list[dict[str, Any]] = []

    async def story(connection: ServerConnection) -> None:
        await welcome(connection)
        heard.append(await hear(connection))
        more = {} if retry_after is None else {"retry_after": retry_after}
        await say(connection, type="error", id=heard[0]["id"], code=code, message="", **more)
        heard.append(await hear(connection))
        await say(connection, type="sent", id=heard[1]["id"], peer="bob", n=1, seq=1, at=0, folder="inbox")
        await connection.wait_closed()

    async with told_by(story) as port:
        town = Town(port)
        await town.device.open()
        town.device.send("bob", "nonce", 0.0, 60)
        async with asyncio.timeout(10):
            await town.answers.wait()
        await town.crowd.close()
    assert heard[0] == heard[1]
    assert (town.truth.complaints, town.truth.acknowledged) == ([], 1)


async def test_what_was_under_way_is_repeated_first_after_a_resume() -> None:
    heard: list[list[dict[str, Any]]] = []

    async def story(connection: ServerConnection) -> None:
        lines = [await welcome(connection)]
        heard.append(lines)
        lines += [await hear(connection) for _ in range(3)]
        if len(heard) == 1:
            connection.transport.abort()
            return
        for seq, request in enumerate(lines[1:], 1):
            await say(connection, type="sent", id=request["id"], peer="bob", n=seq, seq=seq, at=0, folder="inbox")
        await connection.wait_closed()

    async with told_by(story) as port:
        town = Town(port)
        await town.device.open()
        for number in range(3):
            town.device.send("bob", f"nonce-{number}", 0.0, 60)
        async with asyncio.timeout(10):
            await town.answers.wait()
        await town.crowd.close()
    assert heard[0][1:] == heard[1][1:]
    assert heard[1][0]["resume"] == 0
    assert heard[1][0]["epoch"] == "e"
    assert town.truth.complaints == []


async def test_a_refused_token_is_final() -> None:
    async def story(connection: ServerConnection) -> None:
        await hear(connection)
        await connection.close(4401)

    async with told_by(story) as port:
        town = Town(port)
        with pytest.raises(GreetingError, match="4401"):
            await town.crowd.open()


async def test_an_answer_to_nothing_and_an_error_to_nothing() -> None:
    async def story(connection: ServerConnection) -> None:
        await welcome(connection)
        await say(connection, type="sent", id=9, peer="bob", n=1, seq=1, at=0, folder="inbox")
        await say(connection, type="error", code="bad_request", message="no")
        await say(connection, type="typing", peer="bob")
        await say(connection, type="read", seq=1, peer="bob", by="bob", n=1)
        ping = await hear(connection)
        await say(connection, type="pong", id=ping["id"], head=2)
        await connection.wait_closed()

    async with told_by(story) as port:
        town = Town(port)
        await town.device.open()
        async with asyncio.timeout(10):
            await town.device.ping()
        await town.crowd.close()
    assert town.truth.complaints == [
        "ann: answered a request twice, or one that was never made",
        "ann: bad_request: no",
        "ann: the log reaches 2, the device 1",
    ]


async def test_pings_of_the_wire_are_answered_and_its_end_is_told() -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def story(connection: ServerConnection) -> None:
        await (await connection.ping(b"x" * 125))
        await connection.close(4321)

    async with told_by(story) as port, asyncio.timeout(10):
        await connect(
            "127.0.0.1", port, "bussa.v1.msgpack", lambda *_: None, on_end=lambda _, code: ended.set_result(code)
        )
        assert await ended == 4321


async def test_a_handshake_that_is_refused() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        with pytest.raises(HandshakeError, match="403"):
            await connect("127.0.0.1", server.sockets[0].getsockname()[1], "bussa.v1.msgpack", lambda *_: None)

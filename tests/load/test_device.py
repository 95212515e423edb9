"""A device against a scripted server: postponed requests, disconnects, refused tokens, unexpected frames."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import pytest
from websockets.asyncio.server import ServerConnection, serve

from bussa_load.device import RETRY_DELAY_MAX, HelloError, LoadDevice
from bussa_load.fleet import Fleet
from bussa_load.meter import Meter
from bussa_load.verifier import Verifier
from bussa_load.websocket import UpgradeError, connect

Script = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def scripted_server(script: Script) -> AsyncIterator[int]:
    """The port of a server that runs ``script`` on each connection."""
    async with serve(script, "127.0.0.1", 0, subprotocols=["bussa.v1.msgpack"]) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def receive(connection: ServerConnection) -> dict[str, Any]:
    return msgpack.unpackb(await connection.recv())


async def send_frame(connection: ServerConnection, **fields: Any) -> None:
    await connection.send(msgpack.Packer().pack(fields))


async def welcome(connection: ServerConnection) -> dict[str, Any]:
    hello = await receive(connection)
    await send_frame(connection, type="welcome", user="ann", head=0, epoch="e", resumed=True, now=0, limits={})
    return hello


class DeviceHarness:
    """Observes one device; retries at once what the server postponed."""

    def __init__(self, port: int) -> None:
        self.verifier = Verifier()
        self.device = LoadDevice("ann", "token", ("127.0.0.1", port), self.verifier, Meter(0.0), self)
        self.fleet = Fleet([self.device], self.verifier)
        self.all_answered = asyncio.Event()

    def answered(self, device: LoadDevice) -> None:
        if not device.in_flight:
            self.all_answered.set()

    def received(self, device: LoadDevice, peer: str) -> None: ...

    def postponed(self, device: LoadDevice, request: int, seconds: float, code: str) -> None:
        assert 0 <= seconds <= RETRY_DELAY_MAX
        device.retry(request)
        device.retry(request)

    def lost(self, device: LoadDevice, code: int) -> None:
        self.fleet.reconnect(device, code)


@pytest.mark.parametrize(("code", "retry_after"), [("unavailable", None), ("unavailable", 0.0), ("rate_limited", 0.0)])
async def test_postponed_send_is_retried_under_its_nonce(code: str, retry_after: float | None) -> None:
    received: list[dict[str, Any]] = []

    async def script(connection: ServerConnection) -> None:
        await welcome(connection)
        received.append(await receive(connection))
        more = {} if retry_after is None else {"retry_after": retry_after}
        await send_frame(connection, type="error", id=received[0]["id"], code=code, message="", **more)
        received.append(await receive(connection))
        await send_frame(connection, type="sent", id=received[1]["id"], peer="bob", n=1, seq=1, at=0, folder="inbox")
        await connection.wait_closed()

    async with scripted_server(script) as port:
        harness = DeviceHarness(port)
        await harness.device.open()
        harness.device.send("bob", "nonce", 0.0, 60)
        async with asyncio.timeout(10):
            await harness.all_answered.wait()
        await harness.fleet.close()
    assert received[0] == received[1]
    assert (harness.verifier.complaints, harness.verifier.acknowledged) == ([], 1)


async def test_in_flight_sends_are_retried_first_after_resume() -> None:
    received: list[list[dict[str, Any]]] = []

    async def script(connection: ServerConnection) -> None:
        lines = [await welcome(connection)]
        received.append(lines)
        lines += [await receive(connection) for _ in range(3)]
        if len(received) == 1:
            connection.transport.abort()
            return
        for seq, request in enumerate(lines[1:], 1):
            await send_frame(
                connection, type="sent", id=request["id"], peer="bob", n=seq, seq=seq, at=0, folder="inbox"
            )
        await connection.wait_closed()

    async with scripted_server(script) as port:
        harness = DeviceHarness(port)
        await harness.device.open()
        for number in range(3):
            harness.device.send("bob", f"nonce-{number}", 0.0, 60)
        async with asyncio.timeout(10):
            await harness.all_answered.wait()
        await harness.fleet.close()
    assert received[0][1:] == received[1][1:]
    assert received[1][0]["resume"] == 0
    assert received[1][0]["epoch"] == "e"
    assert harness.verifier.complaints == []


async def test_refused_token_is_final() -> None:
    async def script(connection: ServerConnection) -> None:
        await receive(connection)
        await connection.close(4401)

    async with scripted_server(script) as port:
        harness = DeviceHarness(port)
        with pytest.raises(HelloError, match="4401"):
            await harness.fleet.open()


async def test_unexpected_reply_and_unexpected_error_are_complaints() -> None:
    async def script(connection: ServerConnection) -> None:
        await welcome(connection)
        await send_frame(connection, type="sent", id=9, peer="bob", n=1, seq=1, at=0, folder="inbox")
        await send_frame(connection, type="error", code="bad_request", message="no")
        await send_frame(connection, type="typing", peer="bob")
        await send_frame(connection, type="read", seq=1, peer="bob", by="bob", n=1)
        ping = await receive(connection)
        await send_frame(connection, type="pong", id=ping["id"], head=2)
        await connection.wait_closed()

    async with scripted_server(script) as port:
        harness = DeviceHarness(port)
        await harness.device.open()
        async with asyncio.timeout(10):
            await harness.device.ping()
        await harness.fleet.close()
    assert harness.verifier.complaints == [
        "ann: a second reply, or one to no request",
        "ann: bad_request: no",
        "ann: head of the log 2, cursor of the device 1",
    ]


async def test_websocket_answers_pings_and_reports_close_code() -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def script(connection: ServerConnection) -> None:
        await (await connection.ping(b"x" * 125))
        await connection.close(4321)

    async with scripted_server(script) as port, asyncio.timeout(10):
        connection = await connect(
            "127.0.0.1", port, "bussa.v1.msgpack", lambda *_: None, on_close=lambda _, code: ended.set_result(code)
        )
        assert await ended == await connection.closed == 4321


async def test_refused_upgrade_raises_upgrade_error() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        with pytest.raises(UpgradeError, match="403"):
            await connect("127.0.0.1", server.sockets[0].getsockname()[1], "bussa.v1.msgpack", lambda *_: None)

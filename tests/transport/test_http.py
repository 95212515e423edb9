"""HTTP with deadlines and bounds. uvicorn as released has none of them."""

import asyncio
import contextlib
import socket
from typing import Any

import httpx
import pytest

from bussa_server.transport import http as http_module
from bussa_server.transport import idle_connection
from bussa_server.transport.http import BoundedHttp, ReadGate
from tests.transport.peer import HANDSHAKE, Ended, peer
from tests.transport.running_server import RunningServer

POST = b"POST /echo HTTP/1.1\r\nHost: bussa.test\r\nContent-Length: 5\r\n\r\nhello"
BIG = b"GET /big?bytes=400000 HTTP/1.1\r\nHost: bussa.test\r\n\r\n"


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(idle_connection, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(http_module, "RESPONSE_SECONDS", 0.3)
    monkeypatch.setattr(http_module, "LINGER_SECONDS", 0.3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: bussa",
        b"POST /echo HTTP/1.1\r\nHost: bussa.test\r\nContent-Length: 5\r\n\r\nhel",
        b"POST /echo HTTP/1.1\r\nHost: bussa.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        HANDSHAKE,
        POST + b"GET / HT",
        b"\r\n",
    ],
    ids=["nothing", "head", "body", "chunk", "handshake", "the second one", "a line"],
)
@pytest.mark.usefixtures("short_timeouts")
async def test_incomplete_request_times_out(server: RunningServer, data: bytes) -> None:
    async with peer(server.port) as device:
        if data:
            await device.write(data)
        rest = await device.rest()
        assert not rest or rest.startswith(b"HTTP/1.1 200")
    await server.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
@pytest.mark.parametrize(
    ("data", "drop"),
    [
        (HANDSHAKE, b"X: y\r\n"),
        (b"POST /echo HTTP/1.1\r\nHost: bussa.test\r\nContent-Length: 10000\r\n\r\n", b"x"),
        (b"POST /echo HTTP/1.1\r\nHost: bussa.test\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b"\r\n"),
    ],
    ids=["headers", "a body", "chunks", "empty lines"],
)
async def test_slow_trickle_times_out(server: RunningServer, data: bytes, drop: bytes) -> None:
    async with peer(server.port) as device:
        await device.write(data)
        forgotten = asyncio.create_task(server.wait_disconnected())
        while not forgotten.done():
            await asyncio.sleep(0.02)
            with contextlib.suppress(Ended):
                await device.write(drop)
        await forgotten


@pytest.mark.usefixtures("short_timeouts")
async def test_active_connection_is_kept(server: RunningServer) -> None:
    async with peer(server.port) as device:
        for _ in range(4):
            await device.write(POST)
            assert await device.response() == (200, b"hello")
            await asyncio.sleep(0.15)  # together longer than one request may take


async def test_keep_alive_times_out(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        for _ in range(3):
            assert (await client.post("/echo", content=b"hello")).content == b"hello"
        assert server.connections == 1


@pytest.mark.parametrize("count", [2, 20, 100])
async def test_pipelined_requests_are_answered_in_order(server: RunningServer, count: int) -> None:
    def echo(number: int) -> bytes:
        return b"POST /echo HTTP/1.1\r\nHost: bussa.test\r\nContent-Length: 5\r\n\r\n%05d" % number

    async with peer(server.port) as device:
        await device.write(b"".join(echo(number) for number in range(count)))
        for number in range(count):
            assert await device.response() == (200, b"%05d" % number)


async def test_pipelined_requests_wait_unparsed(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """uvicorn makes an object of kilobytes for each request that is parsed, before it has answered the first."""
    complete, waiting = BoundedHttp.on_message_complete, list[int]()

    def count(self: BoundedHttp) -> None:
        complete(self)
        waiting.append(len(self.pipeline))

    monkeypatch.setattr(BoundedHttp, "on_message_complete", count)
    async with peer(server.port) as device:
        await device.write_what_it_can(b"GET /big?bytes=1 HTTP/1.1\r\nHost: b\r\n\r\n" * 3000)
        for _ in range(3000):
            assert (await device.response())[0] == 200
    assert len(waiting) == 3000
    assert max(waiting) < 40


async def test_pipelined_request_does_not_time_out_while_waiting(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it is parsed in the slice of those before it; the other half must wait for their responses."""
    monkeypatch.setattr(http_module, "REQUEST_SECONDS", 0.15)
    late = b"GET /late HTTP/1.1\r\nHost: bussa.test\r\n\r\n"
    count = http_module.SLICE_BYTES // len(late)
    long = b"GET /big?bytes=1 HTTP/1.1\r\nHost: bussa.test\r\nX: " + b"x" * 200 + b"\r\n\r\n"
    async with peer(server.port) as device:
        await device.write(late * count + long)
        for _ in range(count):  # each after 50 ms
            assert await device.response() == (200, b"late")
        assert (await device.response())[0] == 200


@pytest.mark.parametrize("piece", [1 << 20, 1000])
async def test_oversized_headers_are_refused(server: RunningServer, piece: int) -> None:
    async with peer(server.port) as device:
        head = b"GET /big HTTP/1.1\r\nHost: bussa.test\r\nX: " + b"x" * 65_536 + b"\r\n\r\n"
        for start in range(0, len(head), piece):
            await device.write(head[start : start + piece])
        assert (await device.head())[0] == 431
        assert await device.rest() == b""


async def test_refused_headers_are_discarded_to_their_end(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lingering close (RFC 9112, section 9.6): a reset could destroy the response before it is read."""
    monkeypatch.setattr(http_module, "LINGER_SECONDS", 1_000.0)
    async with peer(server.port) as device:
        await device.write(b"GET /big HTTP/1.1\r\nHost: bussa.test\r\nX: " + b"x" * 65_536)
        assert (await device.head())[0] == 431
        for _ in range(3):
            await device.write(b"x" * 1_000)
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("size", [8_000, 15_000])
async def test_large_headers_within_the_limit_are_accepted(server: RunningServer, size: int) -> None:
    async with peer(server.port) as device:
        await device.write(POST[:6] + POST[6:].replace(b"\r\n\r\n", b"\r\nX: " + b"x" * size + b"\r\n\r\n"))
        assert await device.response() == (200, b"hello")


@pytest.mark.parametrize("cut", range(1, 5))
async def test_split_headers_before_a_large_body_are_accepted(server: RunningServer, cut: int) -> None:
    body = b"x" * 60_000
    data = b"POST /echo HTTP/1.1\r\nHost: bussa.test\r\nContent-Length: 60000\r\n\r\n" + body
    at = data.index(b"\r\n\r\n") + cut
    async with peer(server.port) as device:
        await device.write(data[:at])
        await asyncio.sleep(0.02)  # two reads, and not one
        await device.write(data[at:])
        assert await device.response() == (200, body)


@pytest.mark.parametrize("header", [b"Authorization: Bearer " + b"x" * 9_000, b"\r\n".join([b"X: y"] * 200)])
async def test_malformed_handshake_is_refused(server: RunningServer, header: bytes) -> None:
    """uvicorn would not answer, and would wait for ever."""
    async with peer(server.port) as device:
        assert await device.upgrade(header) == 431
        await device.rest()
    await server.wait_disconnected()


@pytest.mark.parametrize("last", [b"", b"GET /big?bytes=1 HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n"])
@pytest.mark.usefixtures("short_timeouts")
async def test_peer_that_does_not_read_is_aborted(server: RunningServer, last: bytes) -> None:
    async with peer(server.port, buffer=4096) as device:
        await device.write(BIG * 40 + last)
        await server.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
@pytest.mark.parametrize("size", [40_000, 9_000_000], ids=["what uvicorn hands over at once", "more"])
async def test_peer_that_does_not_read_the_last_response_is_aborted(server: RunningServer, size: int) -> None:
    async with peer(server.port, buffer=4096) as device:
        await device.write(POST)
        await device.response()
        [connection] = server.uvicorn.server_state.connections
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        await device.write(b"GET /big?bytes=%d HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n" % size)
        await server.wait_disconnected()


async def test_slow_but_reading_peer_is_kept(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # Long enough for one response on a busy machine, and less than all of them take.
    monkeypatch.setattr(http_module, "RESPONSE_SECONDS", 2.0)
    async with peer(server.port, buffer=65_536) as device:
        await device.write(BIG * 30)
        for _ in range(30):
            status, body = await device.response()
            assert (status, len(body)) == (200, 400_000)
            await asyncio.sleep(0.08)  # together longer than a response may stay unread


@pytest.mark.parametrize(
    "data", [b"\x00" * 100, b"HELO bussa\r\n\r\n", b"GET /\x00 HTTP/1.1\r\n\r\n", bytes(range(256))]
)
async def test_malformed_http_is_refused(server: RunningServer, data: bytes) -> None:
    async with peer(server.port) as device:
        await device.write(data)
        rest = await device.rest()
        assert rest.startswith(b"HTTP/1.1 400") or rest == b""
    await server.wait_disconnected()


async def test_provoked_errors_are_not_logged(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        async with peer(server.port) as device:
            await device.write(b"HELO bussa\r\n\r\n")
            await device.rest()
        async with peer(server.port) as device:
            await device.write(b"GET /big?bytes=1 HTTP/1.1\r\nHost: b\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
            assert (await device.head())[0] == 200
        async with peer(server.port) as device:
            assert await device.upgrade(b"Origin: https://evil.example") == 403
            await device.rest()
        async with peer(server.port) as device:
            assert await device.upgrade(subprotocol=b"unknown") == 400
            await device.rest()
        async with peer(server.port) as device:
            await device.write(BIG.replace(b"/big", b"/late") + BIG * 50)
            device.reset()  # before the first is answered
            await server.wait_disconnected()
        async with peer(server.port, buffer=4096) as device:
            await device.write(BIG * 50)
            device.reset()
            await server.wait_disconnected()
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []


@pytest.mark.parametrize("size", [100_000, 3_000_000])
@pytest.mark.parametrize("path", [b"/refuse", b"/echo"])
async def test_refused_body_gets_its_response(server: RunningServer, path: bytes, size: int) -> None:
    """Closing a socket over unread bytes resets it, and the response is lost."""
    for _ in range(5):
        async with peer(server.port) as device:
            await device.write(b"POST %s HTTP/1.1\r\nHost: b\r\nContent-Length: %d\r\n\r\n" % (path, size))
            await device.write_what_it_can(bytes(size))
            assert (await device.response())[0] == (413 if path == b"/refuse" else 200)


class FakeTransport:
    reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def test_reading_stays_paused_while_data_is_unparsed() -> None:
    """Otherwise each time a slow application takes something, a quarter of a MiB more would be read."""
    transport: Any = FakeTransport()
    gate = ReadGate(transport)
    gate.set_unparsed(True)
    gate.pause_reading()
    gate.resume_reading()
    assert not transport.reading
    gate.set_unparsed(False)
    assert transport.reading


def test_reading_stays_paused_while_flow_control_asks_for_it() -> None:
    transport: Any = FakeTransport()
    gate = ReadGate(transport)
    gate.pause_reading()
    gate.set_unparsed(True)
    gate.set_unparsed(False)
    assert not transport.reading
    gate.resume_reading()
    assert transport.reading

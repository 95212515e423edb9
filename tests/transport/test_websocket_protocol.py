"""The WebSocket protocol: joined writes, and a connection that ends whatever the peer does."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from bussa_protocol.codes import CloseReason
from bussa_protocol.frames.events import TypingEvent
from bussa_protocol.limits import FRAME
from bussa_server.session import send_queue
from bussa_server.session.receive_queue import HIGH_WATER_FRAMES
from bussa_server.transport import websocket_protocol
from bussa_server.transport.websocket_handshake import Handshake
from bussa_server.transport.websocket_protocol import WebSocketProtocol
from tests.commands import Send
from tests.session.harness import Node
from tests.transport.peer import CLOSE, PING, PONG, frame, json_frame, peer
from tests.transport.running_server import RunningServer, receive_queue_of, serving


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_protocol, "LINGER_SECONDS", 0.2)


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many frames each write had."""
    counts: list[int] = []
    write = WebSocketProtocol.write

    def counted(self: WebSocketProtocol, frames: Any) -> bool:
        counts.append(len(frames))
        return write(self, frames)

    monkeypatch.setattr(WebSocketProtocol, "write", counted)
    return counts


async def test_frames_of_one_loop_turn_are_one_write(server: RunningServer, writes: list[int]) -> None:
    async with peer(server.port) as bob:
        await bob.greet("bob")
        writes.clear()
        await asyncio.gather(
            *(server.node.commit_queue.commit(Send("alice", "bob", "ciao", f"n-{n}")) for n in range(50))
        )
        assert [(await bob.receive())["n"] for _ in range(50)] == list(range(1, 51))
        assert writes == [50]


async def test_abort_ends_at_once(server: RunningServer) -> None:
    async with peer(server.port) as device:
        (await server.greet(device)).abort()
        assert await device.close_code() is None
    await server.wait_disconnected()


async def test_request_just_before_a_close_is_handled(server: RunningServer) -> None:
    big = [
        json_frame({"type": "send", "id": n, "to": "bob", "text": "x" * 3000, "nonce": f"n-{n}"}) for n in range(1, 51)
    ]
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write(b"".join(big) + frame((1000).to_bytes(2, "big"), CLOSE))
        assert await device.close_code() == 1000
    await server.wait_disconnected()
    assert (await server.node.store.heads(["bob"]))["bob"] == 51


@pytest.mark.usefixtures("short_timeouts")
async def test_peer_that_never_answers_the_close_is_aborted(server: RunningServer) -> None:
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write(frame(b"{"))
        assert await device.close_code() == CloseReason.PROTOCOL_ERROR
        await server.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
async def test_peer_that_closes_without_disconnecting_is_aborted(server: RunningServer) -> None:
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE))
        assert await device.close_code() == 1000
        await server.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
async def test_peer_that_closes_and_never_reads_is_aborted(server: RunningServer) -> None:
    """Closing a transport waits until everything is sent."""
    async with peer(server.port, buffer=4096) as device:
        socket = await server.greet(device)
        socket.transport.write(bytes(9_000_000))
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE))
        await server.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
async def test_peer_that_keeps_sending_after_the_close_is_aborted(server: RunningServer) -> None:
    async with peer(server.port) as device:
        socket = await server.greet(device)
        inbox = receive_queue_of(socket)
        await device.write(frame(b"{") + frame(b"", PING) * 10)
        assert await device.close_code() == CloseReason.PROTOCOL_ERROR
        forgotten = asyncio.create_task(server.wait_disconnected())
        while not forgotten.done():
            await device.write_what_it_can(frame(b"ping", PING) * 100 + frame(b"{}") * 100)
            await asyncio.sleep(0.01)
            assert len(inbox) <= 2
            assert socket.unparsed_bytes <= 256 * 1024  # one read
        await forgotten


@pytest.mark.parametrize("rude", [frame(b"", 3), frame(b"", PING) * 200], ids=["no WebSocket", "flood"])
async def test_server_ends_the_connection_first(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, rude: bytes
) -> None:
    """What follows a violation or a flood is not parsed, so the peer's own close frame is not seen."""
    monkeypatch.setattr(websocket_protocol, "LINGER_SECONDS", 1000.0)
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write(rude)
        assert await device.close_code() in (1002, CloseReason.RATE_LIMITED)
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE))
        assert await device.rest() == b""


async def test_close_between_fragments_is_accepted(server: RunningServer) -> None:
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write(frame(b'{"type":', fin=False) + frame((1000).to_bytes(2, "big"), CLOSE) + frame(b"}", 0))
        assert await device.frame() == (CLOSE, (1000).to_bytes(2, "big"))
        assert await device.rest() == b""


async def test_frames_after_a_close_are_ignored(server: RunningServer) -> None:
    late = json_frame({"type": "send", "id": 1, "to": "bob", "text": "late", "nonce": "late"})
    async with peer(server.port) as device:
        await server.greet(device)
        before = await server.node.store.heads(["bob"])
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE) + late)
        assert await device.close_code() == 1000
    await server.wait_disconnected()
    assert await server.node.store.heads(["bob"]) == before


async def test_message_limit_is_the_server_setting() -> None:
    """If the scanner's limit were lower than the parser's, the rest of a large frame would be parsed as frames."""
    text = '{"type":"ping","id":1,"x":"' + "ÿ" * FRAME + '"}'  # its bytes look like the beginning of frames
    unmasked = b"\x81\xff" + len(text.encode()).to_bytes(8, "big") + bytes(4) + text.encode()
    async with serving(ws_max_size=4 * FRAME) as server:
        await server.node.add_users("alice", "bob")
        async with peer(server.port) as device:
            socket = await server.greet(device)
            for part in (unmasked[:100], unmasked[100:70_001], unmasked[70_001:]):
                socket.data_received(part)
            assert (await device.receive())["type"] == "pong"
            device.close()


async def test_invalid_utf_8_is_not_protocol(server: RunningServer) -> None:
    async with peer(server.port) as device:
        await server.greet(device)
        await device.write(frame(b'"\xff"'))
        assert await device.close_code() == CloseReason.PROTOCOL_ERROR


@pytest.mark.usefixtures("short_timeouts")
async def test_slow_consumer_is_closed_and_aborted(server: RunningServer) -> None:
    async with peer(server.port, buffer=4096) as bob:
        await bob.greet("bob")
        count = 0
        async with asyncio.timeout(20):
            while server.endpoint.count:
                count += 1
                text = "x" * 10_000
                await asyncio.gather(
                    *(server.node.commit_queue.commit(Send("alice", "bob", text, f"{count}-{n}")) for n in range(50))
                )
        await server.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
async def test_slow_consumer_that_reads_again_gets_the_close_code(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket_protocol, "LINGER_SECONDS", 5.0)
    monkeypatch.setattr(send_queue, "SEND_QUEUE_SECONDS", 0.3)
    async with peer(server.port, buffer=4096) as bob:
        await bob.greet("bob")
        async with asyncio.timeout(20):
            while server.endpoint.count:
                await server.node.commit_queue.commit(Send("alice", "bob", "x" * 10_000, f"{time.monotonic_ns()}"))
        assert await bob.close_code() == CloseReason.SLOW_CONSUMER


async def test_unread_burst_is_bounded(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one turn of the loop produces and the send queue does not take must not pile up in the transport."""
    async with peer(server.port, buffer=4096) as bob:
        socket = await server.greet(bob, "bob")
        most, write = 0, WebSocketProtocol.write

        def watch(self: WebSocketProtocol, frames: Sequence[bytes]) -> bool:
            nonlocal most
            writable = write(self, frames)
            if self is socket:
                most = max(most, self.transport.get_write_buffer_size())
            return writable

        monkeypatch.setattr(WebSocketProtocol, "write", watch)
        for batch in range(5):
            texts = (
                server.node.commit_queue.commit(Send("alice", "bob", "\u0001" * 10_000, f"{batch}-{n}"))
                for n in range(200)
            )
            await asyncio.gather(*texts)
        assert 0 < most <= 4 * send_queue.FLUSH_BYTES
        bob.close()


@pytest.mark.usefixtures("short_timeouts")
@pytest.mark.parametrize("waiting", [0, 3_000_000], ids=["idle", "with something to read"])
async def test_half_open_socket_is_detected(waiting: int) -> None:
    """A machine without power answers no ping, and reads nothing of what is buffered for it."""
    async with serving(ws_ping_interval=0.2, ws_ping_timeout=0.2) as server:
        await server.node.add_users("alice", "bob")
        async with peer(server.port, buffer=4096) as device:
            socket = await server.greet(device)
            for _ in range(0, waiting, 60_000):
                socket.transport.write(frame(bytes(60_000)))
            await server.wait_disconnected()
            await device.rest()  # what it had not read before the end


async def test_busy_server_keeps_live_connections() -> None:
    """While requests wait for the store nothing is read, pongs included."""
    async with serving(ws_ping_interval=0.1, ws_ping_timeout=0.1) as server:
        await server.node.add_users("alice", "bob")
        async with peer(server.port) as device:
            await device.greet("alice")
            gate = server.node.store.block("heads")
            await device.write(json_frame({"type": "ping", "id": 1}))
            await asyncio.sleep(0.05)
            for id in range(2, HIGH_WATER_FRAMES + 2):
                await device.write(json_frame({"type": "ping", "id": id}))
            opcode, payload = await device.frame()
            assert opcode == PING
            await device.write(frame(payload, PONG))
            await asyncio.sleep(0.5)
            gate.set()
            assert [(await device.receive())["id"] for _ in range(HIGH_WATER_FRAMES + 1)] == [
                *range(1, HIGH_WATER_FRAMES + 2)
            ]


async def test_close_before_the_handshake_aborts(server: RunningServer) -> None:
    class Transport:
        aborted = False

        def is_closing(self) -> bool:
            return False

        def abort(self) -> None:
            self.aborted = True

    socket = WebSocketProtocol(server.uvicorn.config, server.uvicorn.server_state, {})
    transport: Any = Transport()
    socket.transport = transport
    socket.close(CloseReason.RATE_LIMITED, "a flood before there is a WebSocket")
    assert transport.aborted


async def test_typing_reaches_a_reading_peer(server: RunningServer) -> None:
    async with peer(server.port) as bob:
        await bob.greet("bob")
        server.node.hub.deliver_ephemeral("bob", TypingEvent(peer="alice"))
        assert await bob.receive() == {"type": "typing", "peer": "alice"}


async def test_connection_over_the_address_limit_is_closed() -> None:
    async with (
        serving(node=Node(per_address=2)) as server,
        peer(server.port) as first,
        peer(server.port) as second,
        peer(server.port) as third,
    ):
        await first.upgrade()
        await second.upgrade()
        assert await third.upgrade() == 101
        assert await third.close_code() == CloseReason.RATE_LIMITED
        for device in (first, second, third):
            device.close()


@pytest.mark.parametrize("size", [10, 5_000])
async def test_reading_waits_for_the_application_to_accept(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Also when the headers took several turns, and the HTTP protocol had paused reading in between."""
    running, accepting, run = asyncio.Event(), asyncio.Event(), Handshake.run

    async def run_later(self: Handshake, socket: object) -> None:
        running.set()
        await accepting.wait()
        await run(self, socket)

    monkeypatch.setattr(Handshake, "run", run_later)
    async with peer(server.port) as device:
        upgrading = asyncio.create_task(device.upgrade(b"X: " + b"x" * size))
        await running.wait()
        await device.write_what_it_can(json_frame({"type": "ping", "id": 1}) * 100_000)
        assert server.socket.unparsed_bytes <= 256 * 1024  # one read
        accepting.set()
        assert await upgrading == 101
        assert await device.close_code() == CloseReason.PROTOCOL_ERROR

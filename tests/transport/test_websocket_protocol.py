"""Our own socket: joined writes, floods, and ends that come, whatever the peer does."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bussa_protocol.codes import CloseReason
from bussa_protocol.frames.events import TypingEvent
from bussa_protocol.limits import FRAME
from bussa_server.domain.commands import Send
from bussa_server.session import send_queue
from bussa_server.session.receive_queue import HIGH_WATER_FRAMES
from bussa_server.transport import bounded_websocket
from bussa_server.transport.websocket_protocol import WebSocketProtocol
from tests.session.harness import Node
from tests.transport.peer import CLOSE, PING, PONG, frame, json_frame, peer
from tests.transport.running_server import RunningServer, receive_queue_of, serving


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_websocket, "LINGER_SECONDS", 0.2)


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


async def test_frames_of_one_loop_turn_are_one_write(ours: RunningServer, writes: list[int]) -> None:
    async with peer(ours.port) as bob:
        await bob.greet("bob")
        writes.clear()
        await asyncio.gather(
            *(ours.node.commit_queue.commit(Send("alice", "bob", "ciao", f"n-{n}")) for n in range(50))
        )
        assert [(await bob.receive())["n"] for _ in range(50)] == list(range(1, 51))
        assert writes == [50]


async def test_abort_ends_at_once(ours: RunningServer) -> None:
    async with peer(ours.port) as device:
        (await ours.greet(device)).abort()
        assert await device.close_code() is None
    await ours.wait_disconnected()


async def test_request_just_before_a_close_is_handled(ours: RunningServer) -> None:
    big = [
        json_frame({"type": "send", "id": n, "to": "bob", "text": "x" * 3000, "nonce": f"n-{n}"}) for n in range(1, 51)
    ]
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(b"".join(big) + frame((1000).to_bytes(2, "big"), CLOSE))
        assert await device.close_code() == 1000
    await ours.wait_disconnected()
    assert (await ours.node.store.heads(["bob"]))["bob"] == 51


@pytest.mark.usefixtures("short_timeouts")
async def test_peer_that_never_answers_the_close_is_aborted(ours: RunningServer) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame(b"{"))
        assert await device.close_code() == CloseReason.PROTOCOL_ERROR
        await ours.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
async def test_peer_that_closes_without_disconnecting_is_aborted(ours: RunningServer) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE))
        assert await device.close_code() == 1000
        await ours.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
async def test_peer_that_closes_and_never_reads_is_aborted(ours: RunningServer) -> None:
    """The polite end of a socket waits until all is sent."""
    async with peer(ours.port, buffer=4096) as device:
        socket = await ours.greet(device)
        socket.transport.write(bytes(9_000_000))
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE))
        await ours.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
async def test_peer_that_keeps_sending_after_the_close_is_aborted(ours: RunningServer) -> None:
    async with peer(ours.port) as device:
        socket = await ours.greet(device)
        inbox = receive_queue_of(socket)
        await device.write(frame(b"{") + frame(b"", PING) * 10)
        assert await device.close_code() == CloseReason.PROTOCOL_ERROR
        forgotten = asyncio.create_task(ours.wait_disconnected())
        while not forgotten.done():
            await device.write_what_it_can(frame(b"ping", PING) * 100 + frame(b"{}") * 100)
            await asyncio.sleep(0.01)
            assert len(inbox) <= 2
            assert sum(map(len, socket.conn.writes)) <= 4096
        await forgotten


@pytest.mark.parametrize("rude", [frame(b"", 3), frame(b"", PING) * 200], ids=["no WebSocket", "flood"])
async def test_server_ends_the_connection_first(
    ours: RunningServer, monkeypatch: pytest.MonkeyPatch, rude: bytes
) -> None:
    """After what was not looked at to its end, the peer's own farewell would not be seen either."""
    monkeypatch.setattr(bounded_websocket, "LINGER_SECONDS", 1000.0)
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(rude)
        assert await device.close_code() in (1002, CloseReason.RATE_LIMITED)
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE))
        assert await device.rest() == b""


async def test_close_between_fragments_is_accepted(ours: RunningServer) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame(b'{"type":', fin=False) + frame((1000).to_bytes(2, "big"), CLOSE) + frame(b"}", 0))
        assert await device.frame() == (CLOSE, (1000).to_bytes(2, "big"))
        assert await device.rest() == b""


async def test_frames_after_a_close_are_ignored(ours: RunningServer) -> None:
    late = json_frame({"type": "send", "id": 1, "to": "bob", "text": "late", "nonce": "late"})
    async with peer(ours.port) as device:
        await ours.greet(device)
        before = await ours.node.store.heads(["bob"])
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE) + late)
        assert await device.close_code() == 1000
    await ours.wait_disconnected()
    assert await ours.node.store.heads(["bob"]) == before


async def test_message_limit_is_the_server_setting() -> None:
    """A frame left to the parser as too large, and not refused, would have its rest taken for frames."""
    text = '{"type":"ping","id":1,"x":"' + "ÿ" * FRAME + '"}'  # its bytes look like frames that go on
    unmasked = b"\x81\xff" + len(text.encode()).to_bytes(8, "big") + bytes(4) + text.encode()
    async with serving(ws_max_size=4 * FRAME) as served:
        await served.node.add_users("alice", "bob")
        async with peer(served.port) as device:
            socket = await served.greet(device)
            for part in (unmasked[:100], unmasked[100:70_001], unmasked[70_001:]):
                socket.data_received(part)
            assert (await device.receive())["type"] == "pong"
            device.close()


async def test_invalid_utf_8_is_not_protocol(ours: RunningServer) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame(b'"\xff"'))
        assert await device.close_code() == CloseReason.PROTOCOL_ERROR


@pytest.mark.usefixtures("short_timeouts")
async def test_slow_consumer_is_closed_and_aborted(ours: RunningServer) -> None:
    async with peer(ours.port, buffer=4096) as bob:
        await bob.greet("bob")
        count = 0
        async with asyncio.timeout(20):
            while ours.endpoint.count:
                count += 1
                text = "x" * 10_000
                await asyncio.gather(
                    *(ours.node.commit_queue.commit(Send("alice", "bob", text, f"{count}-{n}")) for n in range(50))
                )
        await ours.wait_disconnected()


@pytest.mark.usefixtures("short_timeouts")
async def test_slow_consumer_that_reads_again_gets_the_close_code(
    ours: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_websocket, "LINGER_SECONDS", 5.0)
    monkeypatch.setattr(send_queue, "SEND_QUEUE_SECONDS", 0.3)
    async with peer(ours.port, buffer=4096) as bob:
        await bob.greet("bob")
        async with asyncio.timeout(20):
            while ours.endpoint.count:
                await ours.node.commit_queue.commit(Send("alice", "bob", "x" * 10_000, f"{time.monotonic_ns()}"))
        assert await bob.close_code() == CloseReason.SLOW_CONSUMER


async def test_unread_burst_is_bounded(ours: RunningServer) -> None:
    """All of one turn of the loop: what does not fit must not wait in the transport instead."""
    async with peer(ours.port, buffer=4096) as bob:
        socket = await ours.greet(bob, "bob")
        most = 0
        ring = ours.node.hub.publish

        def watch() -> None:
            nonlocal most
            most = max(most, socket.transport.get_write_buffer_size())
            ring()

        ours.node.commit_queue._publish = watch
        for _ in range(5):
            texts = (
                ours.node.commit_queue.commit(Send("alice", "bob", "\u0001" * 10_000, f"{_}-{n}")) for n in range(200)
            )
            await asyncio.gather(*texts)
        assert 0 < most <= 4 * send_queue.FLUSH_BYTES
        bob.close()


@pytest.mark.usefixtures("short_timeouts")
@pytest.mark.parametrize("waiting", [0, 3_000_000], ids=["idle", "with something to read"])
async def test_half_open_socket_is_detected(waiting: int) -> None:
    """A machine that lost its power answers no ping. What it has not read must not be waited for."""
    async with serving(ws_ping_interval=0.2, ws_ping_timeout=0.2) as served:
        await served.node.add_users("alice", "bob")
        async with peer(served.port, buffer=4096) as device:
            socket = await served.greet(device)
            for _ in range(0, waiting, 60_000):
                socket.transport.write(frame(bytes(60_000)))
            await served.wait_disconnected()
            await device.rest()  # what it had not read before the end


async def test_busy_server_keeps_live_connections() -> None:
    """While a request waits its turn nothing is read, the answer to a ping neither."""
    async with serving(ws_ping_interval=0.1, ws_ping_timeout=0.1) as served:
        await served.node.add_users("alice", "bob")
        async with peer(served.port) as device:
            await device.greet("alice")
            gate = served.node.store.block("heads")
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


async def test_close_before_the_handshake_aborts(ours: RunningServer) -> None:
    class Transport:
        aborted = False

        def is_closing(self) -> bool:
            return False

        def abort(self) -> None:
            self.aborted = True

    socket = WebSocketProtocol(ours.server.config, ours.server.server_state, {})
    transport: Any = Transport()
    socket.transport = transport
    socket.close(CloseReason.RATE_LIMITED, "a flood before there is a WebSocket")
    assert transport.aborted


async def test_typing_reaches_a_reading_peer(ours: RunningServer) -> None:
    async with peer(ours.port) as bob:
        await bob.greet("bob")
        ours.node.hub.deliver_ephemeral("bob", TypingEvent(peer="alice"))
        assert await bob.receive() == {"type": "typing", "peer": "alice"}


async def test_connection_over_the_address_limit_is_closed() -> None:
    async with (
        serving(node=Node(per_address=2)) as served,
        peer(served.port) as first,
        peer(served.port) as second,
        peer(served.port) as third,
    ):
        await first.upgrade()
        await second.upgrade()
        assert await third.upgrade() == 101
        assert await third.close_code() == CloseReason.RATE_LIMITED
        for device in (first, second, third):
            device.close()


@pytest.mark.parametrize("size", [10, 5_000])
async def test_reading_waits_for_the_application_to_accept(
    ours: RunningServer, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Nor is it when the head took several turns, and the HTTP protocol had stopped reading in between."""
    running, accepting, run = asyncio.Event(), asyncio.Event(), WebSocketProtocol.run_asgi

    async def run_later(self: WebSocketProtocol) -> None:
        running.set()
        await accepting.wait()
        await run(self)

    monkeypatch.setattr(WebSocketProtocol, "run_asgi", run_later)
    async with peer(ours.port) as device:
        upgrading = asyncio.create_task(device.upgrade(b"X: " + b"x" * size))
        await running.wait()
        await device.write_what_it_can(json_frame({"type": "ping", "id": 1}) * 100_000)
        assert len(ours.socket._unparsed) <= 256 * 1024  # one read
        accepting.set()
        assert await upgrading == 101
        assert await device.close_code() == CloseReason.PROTOCOL_ERROR

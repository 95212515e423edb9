"""Our own socket: joined writes, floods, and ends that come, whatever the peer does."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bussa_protocol.codes import Close
from bussa_protocol.frames.events import Typing
from bussa_protocol.limits import FRAME
from bussa_server.domain.commands import Send
from bussa_server.session import outbox
from bussa_server.session.inbox import FULL
from bussa_server.transport import websocket
from bussa_server.transport.direct import DirectWebSocket
from tests.session.world import Node
from tests.transport.peer import CLOSE, PING, PONG, frame, peer, say
from tests.transport.served import Served, inbox_of, serving


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "LINGER_SECONDS", 0.2)


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many frames each write had."""
    counts: list[int] = []
    write = DirectWebSocket.write

    def counted(self: DirectWebSocket, frames: Any) -> bool:
        counts.append(len(frames))
        return write(self, frames)

    monkeypatch.setattr(DirectWebSocket, "write", counted)
    return counts


async def test_what_a_turn_has_to_say_is_one_write(ours: Served, writes: list[int]) -> None:
    async with peer(ours.port) as bob:
        await bob.greet("bob")
        writes.clear()
        await asyncio.gather(*(ours.node.post.commit(Send("alice", "bob", "ciao", f"n-{n}")) for n in range(50)))
        assert [(await bob.told())["n"] for _ in range(50)] == list(range(1, 51))
        assert writes == [50]


async def test_abort_ends_at_once(ours: Served) -> None:
    async with peer(ours.port) as device:
        (await ours.greet(device)).abort()
        assert await device.farewell() is None
    await ours.forgotten()


async def test_a_request_right_before_a_farewell_is_carried_out(ours: Served) -> None:
    big = [say({"type": "send", "id": n, "to": "bob", "text": "x" * 3000, "nonce": f"n-{n}"}) for n in range(1, 51)]
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(b"".join(big) + frame((1000).to_bytes(2, "big"), CLOSE))
        assert await device.farewell() == 1000
    await ours.forgotten()
    assert (await ours.node.store.heads(["bob"]))["bob"] == 51


@pytest.mark.usefixtures("hasty")
async def test_a_peer_that_never_answers_the_farewell(ours: Served) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame(b"{"))
        assert await device.farewell() == Close.NOT_PROTOCOL
        await ours.forgotten()


@pytest.mark.usefixtures("hasty")
async def test_a_peer_that_says_farewell_and_never_closes(ours: Served) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE))
        assert await device.farewell() == 1000
        await ours.forgotten()


@pytest.mark.usefixtures("hasty")
async def test_a_peer_that_says_farewell_and_never_reads(ours: Served) -> None:
    """The polite end of a socket waits until all is sent."""
    async with peer(ours.port, buffer=4096) as device:
        socket = await ours.greet(device)
        socket.transport.write(bytes(9_000_000))
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE))
        await ours.forgotten()


@pytest.mark.usefixtures("hasty")
async def test_a_peer_that_goes_on_and_on_after_the_farewell(ours: Served) -> None:
    async with peer(ours.port) as device:
        socket = await ours.greet(device)
        inbox = inbox_of(socket)
        await device.write(frame(b"{") + frame(b"", PING) * 10)
        assert await device.farewell() == Close.NOT_PROTOCOL
        forgotten = asyncio.create_task(ours.forgotten())
        while not forgotten.done():
            await device.write_what_it_can(frame(b"ping", PING) * 100 + frame(b"{}") * 100)
            await asyncio.sleep(0.01)
            assert len(inbox) <= 2
            assert sum(map(len, socket.conn.writes)) <= 4096
        await forgotten


@pytest.mark.parametrize("rude", [frame(b"", 3), frame(b"", PING) * 200], ids=["no WebSocket", "flood"])
async def test_a_peer_that_waits_for_our_end(ours: Served, monkeypatch: pytest.MonkeyPatch, rude: bytes) -> None:
    """After what was not looked at to its end, the peer's own farewell would not be seen either."""
    monkeypatch.setattr(websocket, "LINGER_SECONDS", 1000.0)
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(rude)
        assert await device.farewell() in (1002, Close.TOO_MUCH)
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE))
        assert await device.rest() == b""


async def test_a_farewell_between_fragments_is_a_farewell(ours: Served) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame(b'{"type":', fin=False) + frame((1000).to_bytes(2, "big"), CLOSE) + frame(b"}", 0))
        assert await device.frame() == (CLOSE, (1000).to_bytes(2, "big"))
        assert await device.rest() == b""


async def test_what_comes_after_a_farewell_is_not_heard(ours: Served) -> None:
    late = say({"type": "send", "id": 1, "to": "bob", "text": "late", "nonce": "late"})
    async with peer(ours.port) as device:
        await ours.greet(device)
        before = await ours.node.store.heads(["bob"])
        await device.write(frame((1000).to_bytes(2, "big"), CLOSE) + late)
        assert await device.farewell() == 1000
    await ours.forgotten()
    assert await ours.node.store.heads(["bob"]) == before


async def test_the_limit_of_a_message_is_the_servers() -> None:
    """A frame left to the parser as too large, and not refused, would have its rest taken for frames."""
    text = '{"type":"ping","id":1,"x":"' + "ÿ" * FRAME + '"}'  # its bytes look like frames that go on
    unmasked = b"\x81\xff" + len(text.encode()).to_bytes(8, "big") + bytes(4) + text.encode()
    async with serving(ws_max_size=4 * FRAME) as served:
        await served.node.people("alice", "bob")
        async with peer(served.port) as device:
            socket = await served.greet(device)
            for part in (unmasked[:100], unmasked[100:70_001], unmasked[70_001:]):
                socket.data_received(part)
            assert (await device.told())["type"] == "pong"
            device.close()


async def test_text_that_is_no_utf_8(ours: Served) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        await device.write(frame(b'"\xff"'))
        assert await device.farewell() == Close.NOT_PROTOCOL


@pytest.mark.usefixtures("hasty")
async def test_a_slow_reader_is_told_and_cut_off(ours: Served) -> None:
    async with peer(ours.port, buffer=4096) as bob:
        await bob.greet("bob")
        count = 0
        async with asyncio.timeout(20):
            while ours.endpoint.count:
                count += 1
                text = "x" * 10_000
                await asyncio.gather(
                    *(ours.node.post.commit(Send("alice", "bob", text, f"{count}-{n}")) for n in range(50))
                )
        await ours.forgotten()


@pytest.mark.usefixtures("hasty")
async def test_a_slow_reader_that_reads_after_all_is_told_why(ours: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "LINGER_SECONDS", 5.0)
    monkeypatch.setattr(outbox, "OUTBOX_SECONDS", 0.3)
    async with peer(ours.port, buffer=4096) as bob:
        await bob.greet("bob")
        async with asyncio.timeout(20):
            while ours.endpoint.count:
                await ours.node.post.commit(Send("alice", "bob", "x" * 10_000, f"{time.monotonic_ns()}"))
        assert await bob.farewell() == Close.TOO_SLOW


async def test_a_burst_that_a_peer_does_not_read_is_bounded(ours: Served) -> None:
    """All of one turn of the loop: what does not fit must not wait in the transport instead."""
    async with peer(ours.port, buffer=4096) as bob:
        socket = await ours.greet(bob, "bob")
        most = 0
        ring = ours.node.hub.ring

        def watch() -> None:
            nonlocal most
            most = max(most, socket.transport.get_write_buffer_size())
            ring()

        ours.node.post._ring = watch
        for _ in range(5):
            texts = (ours.node.post.commit(Send("alice", "bob", "\u0001" * 10_000, f"{_}-{n}")) for n in range(200))
            await asyncio.gather(*texts)
        assert 0 < most <= 4 * outbox.CHUNK
        bob.close()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("waiting", [0, 3_000_000], ids=["idle", "with something to read"])
async def test_a_half_open_socket_is_found(waiting: int) -> None:
    """A machine that lost its power answers no ping. What it has not read must not be waited for."""
    async with serving(ws_ping_interval=0.2, ws_ping_timeout=0.2) as served:
        await served.node.people("alice", "bob")
        async with peer(served.port, buffer=4096) as device:
            socket = await served.greet(device)
            for _ in range(0, waiting, 60_000):
                socket.transport.write(frame(bytes(60_000)))
            await served.forgotten()
            await device.rest()  # what it had not read before the end


async def test_a_busy_server_takes_nobody_for_dead() -> None:
    """While a request waits its turn nothing is read, the answer to a ping neither."""
    async with serving(ws_ping_interval=0.1, ws_ping_timeout=0.1) as served:
        await served.node.people("alice", "bob")
        async with peer(served.port) as device:
            await device.greet("alice")
            gate = served.node.store.hold("heads")
            await device.write(say({"type": "ping", "id": 1}))
            await asyncio.sleep(0.05)
            for id in range(2, FULL + 2):
                await device.write(say({"type": "ping", "id": id}))
            opcode, payload = await device.frame()
            assert opcode == PING
            await device.write(frame(payload, PONG))
            await asyncio.sleep(0.5)
            gate.set()
            assert [(await device.told())["id"] for _ in range(FULL + 1)] == [*range(1, FULL + 2)]


async def test_a_farewell_before_the_handshake_is_an_end(ours: Served) -> None:
    class Transport:
        aborted = False

        def is_closing(self) -> bool:
            return False

        def abort(self) -> None:
            self.aborted = True

    socket = DirectWebSocket(ours.server.config, ours.server.server_state, {})
    transport: Any = Transport()
    socket.transport = transport
    socket.close(Close.TOO_MUCH, "a flood before there is a WebSocket")
    assert transport.aborted


async def test_typing_reaches_who_reads(ours: Served) -> None:
    async with peer(ours.port) as bob:
        await bob.greet("bob")
        ours.node.hub.hint("bob", Typing(peer="alice"))
        assert await bob.told() == {"type": "typing", "peer": "alice"}


async def test_too_many_of_an_address_are_told_and_closed() -> None:
    async with (
        serving(node=Node(per_address=2)) as served,
        peer(served.port) as first,
        peer(served.port) as second,
        peer(served.port) as third,
    ):
        await first.upgrade()
        await second.upgrade()
        assert await third.upgrade() == 101
        assert await third.farewell() == Close.TOO_MUCH
        for device in (first, second, third):
            device.close()


@pytest.mark.parametrize("size", [10, 5_000])
async def test_nothing_is_read_while_the_application_has_not_accepted(
    ours: Served, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Nor is it when the head took several turns, and the HTTP protocol had stopped reading in between."""
    running, accepting, run = asyncio.Event(), asyncio.Event(), DirectWebSocket.run_asgi

    async def run_later(self: DirectWebSocket) -> None:
        running.set()
        await accepting.wait()
        await run(self)

    monkeypatch.setattr(DirectWebSocket, "run_asgi", run_later)
    async with peer(ours.port) as device:
        upgrading = asyncio.create_task(device.upgrade(b"X: " + b"x" * size))
        await running.wait()
        await device.write_what_it_can(say({"type": "ping", "id": 1}) * 100_000)
        assert len(ours.socket._unparsed) <= 256 * 1024  # one read
        accepting.set()
        assert await upgrading == 101
        assert await device.farewell() == Close.NOT_PROTOCOL

"""The socket endpoint, the same on our transport and on uvicorn as released."""

import asyncio
import gc
from socket import SO_SNDBUF, SOL_SOCKET

import msgpack
import pytest

from bussa_protocol.frames.events import TypingEvent
from bussa_protocol.limits import FRAME
from tests.commands import Send
from tests.transport.peer import BINARY, CLOSE, PING, PONG, TEXT, Ended, frame, json_frame, peer
from tests.transport.running_server import RunningServer


def send(id: int, text: str = "ciao") -> bytes:
    return json_frame({"type": "send", "id": id, "to": "bob", "text": text, "nonce": f"nonce-{id}"})


async def test_conversation_over_a_socket(server: RunningServer) -> None:
    async with peer(server.port) as alice, peer(server.port) as bob:
        await alice.greet("alice")
        await bob.greet("bob")
        await alice.write(b"".join(send(id) for id in range(1, 51)))
        for id in range(1, 51):
            assert (await alice.receive())["id"] == id
            assert (await bob.receive())["n"] == id


async def test_text_and_binary_frames(server: RunningServer) -> None:
    async with peer(server.port) as alice:
        assert await alice.upgrade(subprotocol=b"bussa.v1.msgpack") == 101
        await alice.write(frame(msgpack.packb({"type": "hello", "token": "alice"}), BINARY))
        opcode, payload = await alice.frame()
        assert (opcode, msgpack.unpackb(payload)["type"]) == (BINARY, "welcome")
        await alice.write(frame(b"{}", TEXT))
        assert await alice.close_code() == 1003


@pytest.mark.parametrize("size", [100, 125, 126, 60_000, FRAME, 4 * FRAME])
async def test_frames_of_every_length(server: RunningServer, size: int) -> None:
    async with peer(server.port) as bob:
        await bob.greet("bob")
        for number in range(0, size, 10_000):
            await server.node.commit_queue.commit(Send("alice", "bob", "x" * min(10_000, size - number), f"n-{number}"))
        await bob.write(json_frame({"type": "history", "id": 1, "peer": "alice", "limit": 200}))
        history = await bob.until("history")
        assert history["messages"]


@pytest.mark.parametrize(
    ("headers", "subprotocol", "status"),
    [
        ((b"Origin: https://evil.example",), b"bussa.v1.json", 403),
        ((b"Origin: https://pages.example",), b"bussa.v1.json", 101),
        ((b"Origin: http://bussa.test",), b"bussa.v1.json", 101),
        ((), b"another, unknown", 400),
        ((), b"another, bussa.v1.msgpack", 101),
        ((), b"", 101),
    ],
)
async def test_handshakes(server: RunningServer, headers: tuple[bytes, ...], subprotocol: bytes, status: int) -> None:
    async with peer(server.port) as device:
        assert await device.upgrade(*headers, subprotocol=subprotocol) == status


async def test_draining_server_refuses_handshakes(server: RunningServer) -> None:
    server.endpoint.draining = True
    async with peer(server.port) as device:
        assert await device.upgrade() == 503


async def test_fragmented_message_is_joined(server: RunningServer) -> None:
    async with peer(server.port) as alice:
        await alice.upgrade()
        hello = b'{"type":"hello","token":"alice"}'
        await alice.write(frame(hello[:5], fin=False) + frame(b"", PING) + frame(b"", 0, fin=False))
        await alice.write(frame(hello[5:], 0))
        assert await alice.frame() == (PONG, b"")
        assert (await alice.receive())["type"] == "welcome"


@pytest.mark.parametrize("fragments", [1, 100])
async def test_oversized_message_is_closed(server: RunningServer, fragments: int) -> None:
    async with peer(server.port) as alice:
        await alice.greet("alice")
        part = bytes((FRAME + 1) // fragments + 1)
        with_it = [frame(part, TEXT, fin=fragments == 1)]
        with_it += [frame(part, 0, fin=False) for _ in range(fragments - 1)]
        try:
            await alice.write(b"".join(with_it))
        except Ended:
            assert fragments > 1
        assert await alice.close_code() == 1009


@pytest.mark.parametrize("size", [FRAME - 1, FRAME])
async def test_largest_message_is_accepted(server: RunningServer, size: int) -> None:
    """Its length takes 64 bits to say; and it comes in several reads."""
    ping = b'{"type":"ping","id":1,"x":""}'
    data = frame(ping[:-2] + b"x" * (size - len(ping)) + ping[-2:])
    async with peer(server.port) as alice:
        await alice.greet("alice")
        for part in (data[:5], data[5:9], data[9:40_000], data[40_000:], frame(ping)):
            await alice.write(part)
            await asyncio.sleep(0.01)
        assert [(await alice.receive())["type"] for _ in range(2)] == ["pong", "pong"]


async def test_impossible_length_is_closed(server: RunningServer) -> None:
    async with peer(server.port) as alice:
        await alice.greet("alice")
        await alice.write(frame(b"x", claim=2**32))
        assert await alice.close_code() == 1009


@pytest.mark.parametrize(
    "data",
    [b"\x81\x02{}", frame(b"", 3), b"\xf1" + frame(b"{}")[1:], frame(b"{}", 0), frame(bytes(126), PING)],
    ids=["unmasked", "opcode", "reserved", "continuation", "long ping"],
)
async def test_malformed_websocket_is_closed(server: RunningServer, data: bytes) -> None:
    async with peer(server.port) as alice:
        await alice.greet("alice")
        await alice.write(data)
        assert await alice.close_code() == 1002


async def test_event_for_a_just_closed_socket_is_dropped(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with peer(server.port, buffer=4096) as alice:
        await alice.greet("alice")
        await alice.write(json_frame({"type": "ping", "id": 1}))
        await alice.until("pong")  # from now on events are live
        [socket] = server.uvicorn.server_state.connections
        socket.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 4096)
        socket.transport.write(bytes(40_000))  # so that it takes a moment to be gone
        server.node.hub.deliver_ephemeral("alice", TypingEvent(peer="bob"))
        socket.data_received(frame(b"", 3))  # a violation that the session does not know of yet
        assert await alice.close_code() == 1002
    await server.wait_disconnected()
    gc.collect()
    assert [record for record in caplog.records if record.name == "asyncio"] == []


async def test_client_close_is_echoed(server: RunningServer) -> None:
    async with peer(server.port) as alice:
        await alice.greet("alice")
        await alice.write(frame((1000).to_bytes(2, "big") + b"bye", CLOSE))
        assert await alice.frame() == (CLOSE, (1000).to_bytes(2, "big") + b"bye")
        assert await alice.rest() == b""


async def test_server_close_code_reaches_the_client(server: RunningServer) -> None:
    async with peer(server.port) as alice:
        await alice.greet("alice")
        await alice.write(json_frame({"type": "ping", "id": 1}) + frame(b"{"))
        assert (await alice.receive())["type"] == "pong"
        opcode, payload = await alice.frame()
        assert (opcode, payload[:2]) == (CLOSE, (4400).to_bytes(2, "big"))
        await alice.write(frame(payload, CLOSE))
        assert await alice.rest() == b""


@pytest.mark.parametrize("how", ["closed", "reset"])
async def test_vanished_client_leaves_nothing(server: RunningServer, how: str) -> None:
    async with peer(server.port) as alice:
        await alice.greet("alice")
        await alice.write(send(1))
        if how == "reset":
            alice.reset()
        else:
            alice.close()
        await server.wait_disconnected()
    async with peer(server.port) as bob:
        assert (await bob.greet("bob", resume=0))["resumed"] is True
        await bob.until("message")


async def test_client_leaving_mid_message_leaves_nothing(server: RunningServer) -> None:
    async with peer(server.port) as alice:
        await alice.greet("alice")
        await alice.write(frame(b"{" * 1000, claim=2000) + b"x")
        alice.close()
        await server.wait_disconnected()


async def test_drain_closes_every_connection(server: RunningServer) -> None:
    async with peer(server.port) as alice, peer(server.port) as bob, peer(server.port) as silent:
        await alice.greet("alice")
        await bob.greet("bob")
        await silent.upgrade()
        draining = asyncio.create_task(server.endpoint.drain(0.1))
        assert [await device.close_code() for device in (alice, bob, silent)] == [1012] * 3
        await draining


async def test_replies_precede_the_close(server: RunningServer) -> None:
    async with peer(server.port) as alice:
        await alice.greet("alice")
        gate = server.node.store.block("commit")
        await alice.write(b"".join(send(id) for id in range(1, 31)))
        async with asyncio.timeout(10):
            while server.node.store.calls.count("commit") < 5:  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0.01)
        draining = asyncio.create_task(server.endpoint.drain(0.1))
        await asyncio.sleep(0)
        gate.set()
        answered = 0
        while (await alice.frame())[0] == TEXT:
            answered += 1
        await draining
        assert answered >= 1
        head = (await server.node.store.heads(["alice"]))["alice"]
        assert answered == head - 1  # whatever was committed was answered

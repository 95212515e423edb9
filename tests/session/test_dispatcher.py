"""Requests of one connection: handled in the order sent, writes pipelined, each answered once."""

import asyncio
from typing import Any

import pytest

from bussa_protocol import codec
from bussa_protocol.codes import CloseReason
from bussa_server.ports.store import Faulted, Unavailable
from bussa_server.session.dispatcher import MAX_PENDING_WRITES
from tests.session.clock import turns
from tests.session.harness import FakeDevice, Frame, Node


@pytest.fixture
async def node() -> Node:
    node = Node()
    await node.add_users("alice", "bob")
    return node


def send(id: int, text: str = "ciao", to: str = "bob", nonce: str | None = None) -> Frame:
    return {"type": "send", "id": id, "to": to, "text": text, "nonce": nonce or f"nonce-{id}"}


def ids(frames: list[Frame]) -> list[int]:
    return [frame["id"] for frame in frames if "id" in frame]


async def test_writes_do_not_wait_for_each_other(node: Node) -> None:
    alice = await node.connect("alice")
    gate = node.store.block("commit")
    alice.send(send(1))
    await turns(50)
    node.store.calls.clear()
    alice.send(*(send(id) for id in range(2, 51)))
    await turns(500)
    assert alice.received[1:] == []
    gate.set()
    await alice.until("sent", 50)
    assert ids(alice.received) == list(range(1, 51))
    assert [frame["n"] for frame in alice.received[1:]] == list(range(1, 51))
    assert node.store.calls.count("commit") == 1  # one batch of all that were queued
    await alice.disconnect()


async def test_query_waits_for_earlier_writes(node: Node) -> None:
    alice = await node.connect("alice")
    gate = node.store.block("commit")
    alice.send(send(1), send(2), {"type": "history", "id": 3, "peer": "bob"}, send(4), {"type": "ping", "id": 5})
    await turns(500)
    assert "history" not in node.store.calls
    gate.set()
    [pong] = await alice.until("pong")
    assert ids(alice.received) == [1, 2, 3, 4, 5]
    [history] = await alice.until("history")
    assert [message["n"] for message in history["messages"]] == [1, 2]
    assert pong["head"] == 4
    await alice.disconnect()


async def test_pending_writes_are_bounded(node: Node) -> None:
    alice = await node.connect("alice")
    gate = node.store.block("commit")
    alice.send(*(send(id) for id in range(1, 2 * MAX_PENDING_WRITES)))
    await turns(10 * MAX_PENDING_WRITES)
    assert len(node.commit_queue) == MAX_PENDING_WRITES
    gate.set()
    await alice.until("sent", 2 * MAX_PENDING_WRITES - 1)
    assert ids(alice.received) == list(range(1, 2 * MAX_PENDING_WRITES))
    await alice.disconnect()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"type":"send","id":9,"to":"bob"}', "bad_request"),
        ('{"type":"sing","id":9}', "bad_request"),
        ('{"type":"send","id":9,"to":"nobody","text":"x","nonce":"x"}', "not_found"),
        ('{"type":"history","id":9,"peer":"bob","limit":201}', "bad_request"),
        ('{"type":"search","id":9,"query":"x","before":"no cursor"}', "bad_request"),
        ('{"type":"profile","id":9,"user":"nobody"}', "not_found"),
        ('{"type":"refresh","id":9,"token":"bob"}', "bad_request"),
        ('{"type":"refresh","id":9,"token":"alice@0"}', "bad_request"),
    ],
)
async def test_refused_request_is_answered_and_the_connection_stays_open(node: Node, frame: str, code: str) -> None:
    alice = await node.connect("alice")
    alice.send(frame)
    [error] = await alice.until("error")
    assert (error["id"], error["code"]) == (9, code)
    assert (await alice.request({"type": "ping", "id": 10}))["type"] == "pong"
    await alice.disconnect()


async def test_second_hello_is_refused(node: Node) -> None:
    alice = await node.connect("alice")
    alice.send({"type": "hello", "token": "alice"})
    [error] = await alice.until("error")
    assert error["code"] == "bad_request"
    assert "id" not in error
    assert (await alice.request({"type": "ping", "id": 1}))["type"] == "pong"
    await alice.disconnect()


@pytest.mark.parametrize(("frame", "code"), [("{", 4400), ("[" * 50_000, 4400), (b"{}", 1003)])
async def test_protocol_violation_closes_the_connection(node: Node, frame: str | bytes, code: int) -> None:
    alice = await node.connect("alice")
    alice.send(send(1), frame, send(2))
    assert await alice.ended() == code
    assert node.is_empty
    await node.commit_queue.drain()
    bob = await node.connect("bob")
    history = await bob.request({"type": "history", "id": 1, "peer": "alice"})
    assert len(history["messages"]) == 1  # the send before the bad frame was committed, the one after it was not
    await bob.disconnect()


async def test_unavailable_store_is_answered_and_the_connection_stays_open(node: Node) -> None:
    alice = await node.connect("alice")
    node.store.failures |= {"commit": Unavailable("unavailable"), "history": Unavailable("unavailable")}
    history = {"type": "history", "id": 2, "peer": "bob"}
    replies = [await alice.request(send(1)), await alice.request(history)]
    assert [(reply["code"], reply["retry_after"]) for reply in replies] == [("unavailable", 1.0)] * 2
    node.store.failures.clear()
    assert (await alice.request(send(3)))["type"] == "sent"
    await alice.disconnect()


async def test_faulted_command_is_answered_alone(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = node.store.commit

    async def fault_some(batch: Any, now: int) -> Any:
        faulted = [getattr(command.request, "text", "") == "bad" for command in batch]
        outcomes = iter(await commit([command for command, bad in zip(batch, faulted, strict=True) if not bad], now))
        return [Faulted(KeyError()) if bad else next(outcomes) for bad in faulted]

    monkeypatch.setattr(node.store, "commit", fault_some)
    alice = await node.connect("alice")
    alice.send(send(1), send(2, "bad"), send(3))
    await alice.until("sent", 2)
    assert {frame["id"]: frame["type"] for frame in alice.received[1:]} == {1: "sent", 2: "error", 3: "sent"}
    await alice.disconnect()


async def test_queries_faster_than_the_peer_reads_wait(node: Node) -> None:
    alice = await node.connect("alice")
    await alice.request(send(1, "x" * 10_000))
    alice.socket.writable = False
    alice.send(*({"type": "history", "id": id, "peer": "bob"} for id in range(2, 302)))
    await turns(1000)
    assert not alice.end.done()
    assert node.store.calls.count("history") <= 2
    alice.socket.resume()
    await alice.until("history", 300)
    await alice.disconnect()


async def test_writes_of_a_closed_connection_are_committed(node: Node) -> None:
    """Its writes are committed, its replies dropped."""
    alice = await node.connect("alice")
    gate = node.store.block("commit")
    alice.send(send(1), send(2))
    await turns(100)
    await alice.disconnect()
    assert node.is_empty
    gate.set()
    await node.commit_queue.drain()
    bob = await node.connect("bob")
    assert bob.received[0]["head"] == 3
    await bob.disconnect()


async def test_cancelled_connection_leaves_nothing(node: Node) -> None:
    gate = node.store.block("commit")
    alice = FakeDevice(node)
    alice.send({"type": "hello", "token": "alice"})
    await alice.until("welcome")
    alice.send(send(1))
    await turns(100)
    before = asyncio.all_tasks()
    alice.send({"type": "ping", "id": 2})  # waits for the send
    await turns(100)
    [waiting] = asyncio.all_tasks() - before
    waiting.cancel()
    await alice.ended()
    assert node.is_empty
    gate.set()
    await node.commit_queue.drain()


async def test_close_waits_for_pending_writes_only(node: Node) -> None:
    """A client that never stops sending must not keep the server from closing."""
    alice = await node.connect("alice")
    gate = node.store.block("commit")
    alice.send(*(send(id) for id in range(1, 11)))
    await turns(200)
    finishing = asyncio.create_task(alice.connection.finish_writes())
    await turns(1)
    alice.send(*(send(id) for id in range(11, 1000)))
    await turns(200)
    assert not finishing.done()
    gate.set()
    await asyncio.wait_for(finishing, 5)
    alice.connection.end(CloseReason.RESTART)
    assert await alice.ended() == 1012
    assert ids(alice.received) == list(range(1, 11))
    assert node.is_empty


async def test_replies_are_the_same_in_both_codecs(node: Node) -> None:
    received: list[list[Frame]] = []
    for chosen in codec.CODECS:
        phone = FakeDevice(node, chosen)
        phone.send({"type": "hello", "token": "alice"}, {"type": "profile", "id": 1, "user": "bob"})
        await phone.until("profile")
        received.append(phone.received[1:])
        await phone.disconnect()
    assert received[0] == received[1]


async def test_typing_is_not_answered(node: Node) -> None:
    alice, bob = await node.connect("alice"), await node.connect("bob")
    await bob.request(send(1, to="alice"))
    await alice.request(send(1))
    alice.send({"type": "typing", "peer": "bob"}, {"type": "typing", "peer": "nobody"}, {"type": "ping", "id": 2})
    await alice.until("pong")
    [typing] = await bob.until("typing")
    assert typing == {"type": "typing", "peer": "alice"}
    assert [frame["type"] for frame in alice.received] == ["welcome", "message", "sent", "pong"]
    for phone in (alice, bob):
        await phone.disconnect()
    assert node.is_empty

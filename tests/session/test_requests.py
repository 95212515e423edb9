"""Requests of one connection: in the order sent, writes without waiting for each other, each answered once."""

import asyncio
from typing import Any

import pytest

from bussa_protocol import codec
from bussa_protocol.codes import Close
from bussa_server.ports.store import Failed, Unavailable
from bussa_server.session.intake import UNDER_WAY
from tests.session.clock import turns
from tests.session.world import Frame, Node, Phone


@pytest.fixture
async def node() -> Node:
    node = Node()
    await node.people("alice", "bob")
    return node


def send(id: int, text: str = "ciao", to: str = "bob", nonce: str | None = None) -> Frame:
    return {"type": "send", "id": id, "to": to, "text": text, "nonce": nonce or f"nonce-{id}"}


def ids(frames: list[Frame]) -> list[int]:
    return [frame["id"] for frame in frames if "id" in frame]


async def test_writes_do_not_wait_for_each_other(node: Node) -> None:
    alice = await node.phone("alice")
    gate = node.store.hold("commit")
    alice.say(send(1))
    await turns(50)
    node.store.calls.clear()
    alice.say(*(send(id) for id in range(2, 51)))
    await turns(500)
    assert alice.told[1:] == []
    gate.set()
    await alice.until("sent", 50)
    assert ids(alice.told) == list(range(1, 51))
    assert [frame["n"] for frame in alice.told[1:]] == list(range(1, 51))
    assert node.store.calls.count("commit") == 1  # all that had gathered, at once
    await alice.leave()


async def test_whoever_asks_waits_for_the_writes_before(node: Node) -> None:
    alice = await node.phone("alice")
    gate = node.store.hold("commit")
    alice.say(send(1), send(2), {"type": "history", "id": 3, "peer": "bob"}, send(4), {"type": "ping", "id": 5})
    await turns(500)
    assert "history" not in node.store.calls
    gate.set()
    [pong] = await alice.until("pong")
    assert ids(alice.told) == [1, 2, 3, 4, 5]
    [history] = await alice.until("history")
    assert [message["n"] for message in history["messages"]] == [1, 2]
    assert pong["head"] == 4
    await alice.leave()


async def test_no_more_than_so_many_writes_are_under_way(node: Node) -> None:
    alice = await node.phone("alice")
    gate = node.store.hold("commit")
    alice.say(*(send(id) for id in range(1, 2 * UNDER_WAY)))
    await turns(10 * UNDER_WAY)
    assert alice.connection._intake._under_way == UNDER_WAY
    gate.set()
    await alice.until("sent", 2 * UNDER_WAY - 1)
    assert ids(alice.told) == list(range(1, 2 * UNDER_WAY))
    await alice.leave()


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
async def test_a_refused_request_is_answered_and_the_connection_stays(node: Node, frame: str, code: str) -> None:
    alice = await node.phone("alice")
    alice.say(frame)
    [error] = await alice.until("error")
    assert (error["id"], error["code"]) == (9, code)
    assert (await alice.ask({"type": "ping", "id": 10}))["type"] == "pong"
    await alice.leave()


async def test_hello_is_said_once(node: Node) -> None:
    alice = await node.phone("alice")
    alice.say({"type": "hello", "token": "alice"})
    [error] = await alice.until("error")
    assert error["code"] == "bad_request"
    assert "id" not in error
    assert (await alice.ask({"type": "ping", "id": 1}))["type"] == "pong"
    await alice.leave()


@pytest.mark.parametrize(("frame", "code"), [("{", 4400), ("[" * 50_000, 4400), (b"{}", 1003)])
async def test_what_is_not_the_protocol_ends_it(node: Node, frame: str | bytes, code: int) -> None:
    alice = await node.phone("alice")
    alice.say(send(1), frame, send(2))
    assert await alice.ended() == code
    assert node.empty
    await node.post.drain()
    bob = await node.phone("bob")
    history = await bob.ask({"type": "history", "id": 1, "peer": "alice"})
    assert len(history["messages"]) == 1  # what came before it was carried out, what came after it was not
    await bob.leave()


async def test_a_store_out_of_reach_is_said_and_the_connection_stays(node: Node) -> None:
    alice = await node.phone("alice")
    node.store.failures |= {"commit": Unavailable("gone"), "history": Unavailable("gone")}
    history = {"type": "history", "id": 2, "peer": "bob"}
    replies = [await alice.ask(send(1)), await alice.ask(history)]
    assert [(reply["code"], reply["retry_after"]) for reply in replies] == [("unavailable", 1.0)] * 2
    node.store.failures.clear()
    assert (await alice.ask(send(3)))["type"] == "sent"
    await alice.leave()


async def test_a_defect_of_one_command_is_its_own(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = node.store.commit

    async def spoil(batch: Any, now: int) -> Any:
        bad = [getattr(command, "text", "") == "bad" for command in batch]
        carried = iter(await commit([command for command, wrong in zip(batch, bad, strict=True) if not wrong], now))
        return [Failed(KeyError()) if wrong else next(carried) for wrong in bad]

    monkeypatch.setattr(node.store, "commit", spoil)
    alice = await node.phone("alice")
    alice.say(send(1), send(2, "bad"), send(3))
    await alice.until("sent", 2)
    assert {frame["id"]: frame["type"] for frame in alice.told[1:]} == {1: "sent", 2: "error", 3: "sent"}
    await alice.leave()


async def test_who_asks_faster_than_it_reads_waits_and_is_no_slow_reader(node: Node) -> None:
    alice = await node.phone("alice")
    await alice.ask(send(1, "x" * 10_000))
    alice.socket.writable = False
    alice.say(*({"type": "history", "id": id, "peer": "bob"} for id in range(2, 302)))
    await turns(1000)
    assert not alice.life.done()
    assert node.store.calls.count("history") <= 2
    alice.socket.resume()
    await alice.until("history", 300)
    await alice.leave()


async def test_who_has_left_is_not_waited_for(node: Node) -> None:
    """Its writes are committed, its answers passed over."""
    alice = await node.phone("alice")
    gate = node.store.hold("commit")
    alice.say(send(1), send(2))
    await turns(100)
    await alice.leave()
    assert node.empty
    gate.set()
    await node.post.drain()
    bob = await node.phone("bob")
    assert bob.told[0]["head"] == 3
    await bob.leave()


async def test_a_cancelled_connection_leaves_nothing_behind(node: Node) -> None:
    gate = node.store.hold("commit")
    alice = Phone(node)
    alice.say({"type": "hello", "token": "alice"})
    await alice.until("welcome")
    alice.say(send(1), {"type": "ping", "id": 2})
    await turns(100)
    working = alice.connection._inbox._task
    assert working is not None
    working.cancel()
    await alice.ended()
    assert node.empty
    gate.set()
    await node.post.drain()


async def test_a_farewell_waits_for_the_writes_and_for_nothing_more(node: Node) -> None:
    """A client that never stops to send must not keep the server from ending."""
    alice = await node.phone("alice")
    gate = node.store.hold("commit")
    alice.say(*(send(id) for id in range(1, 11)))
    await turns(200)
    settling = asyncio.create_task(alice.connection.settle())
    await turns(1)
    alice.say(*(send(id) for id in range(11, 1000)))
    await turns(200)
    assert not settling.done()
    gate.set()
    await asyncio.wait_for(settling, 5)
    alice.connection.end(Close.RESTART)
    assert await alice.ended() == 1012
    assert ids(alice.told) == list(range(1, 11))
    assert node.empty


async def test_both_codecs_carry_the_same(node: Node) -> None:
    told: list[list[Frame]] = []
    for chosen in codec.CODECS:
        phone = Phone(node, chosen)
        phone.say({"type": "hello", "token": "alice"}, {"type": "profile", "id": 1, "user": "bob"})
        await phone.until("profile")
        told.append(phone.told[1:])
        await phone.leave()
    assert told[0] == told[1]


async def test_typing_is_not_answered(node: Node) -> None:
    alice, bob = await node.phone("alice"), await node.phone("bob")
    await bob.ask(send(1, to="alice"))
    await alice.ask(send(1))
    alice.say({"type": "typing", "peer": "bob"}, {"type": "typing", "peer": "nobody"}, {"type": "ping", "id": 2})
    await alice.until("pong")
    [typing] = await bob.until("typing")
    assert typing == {"type": "typing", "peer": "alice"}
    assert [frame["type"] for frame in alice.told] == ["welcome", "message", "sent", "pong"]
    for phone in (alice, bob):
        await phone.leave()
    assert node.empty

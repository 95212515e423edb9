"""The greeting: who may come in, and how those who may not are told."""

import asyncio

import pytest

from bussa_protocol import codec
from bussa_protocol.codes import Close
from bussa_protocol.limits import HELLO_SECONDS
from bussa_server.domain.commands import Revoke
from bussa_server.ports.store import Unavailable
from tests.session.clock import advance, turns
from tests.session.world import Node, Phone

HELLO = {"type": "hello", "token": "alice"}


@pytest.fixture
async def node() -> Node:
    node = Node(per_user=2, per_address=4)
    await node.people("alice", "bob")
    return node


async def test_welcome(node: Node) -> None:
    phone = await node.phone("alice")
    [welcome] = phone.told
    assert welcome["user"] == "alice"
    assert welcome["head"] == 1
    assert welcome["resumed"] is False
    await phone.leave()
    assert node.empty


@pytest.mark.parametrize(
    ("frame", "told", "code"),
    [
        pytest.param('{"type":"ping","id":1}', [], 4400, id="another request first"),
        pytest.param("no JSON", [], 4400, id="undecodable"),
        pytest.param("[]", [], 4400, id="no map"),
        pytest.param('{"type":"hello","token":7}', ["bad_request"], 4400, id="a mistyped hello"),
        pytest.param('{"type":"hello","token":"alice","resume":-1}', ["bad_request"], 4400, id="out of range"),
        pytest.param('{"type":"hullo"}', ["bad_request"], 4400, id="an unknown type"),
        pytest.param(b"\x81", [], 1003, id="the wrong kind"),
        pytest.param('{"type":"hello","token":"alice@0"}', [], 4401, id="a token that does not count"),
        pytest.param('{"type":"hello"}', [], 4401, id="no token at all"),
        pytest.param('{"type":"hello","token":"nobody"}', [], 4401, id="a token of nobody"),
    ],
)
async def test_whoever_is_not_let_in_is_told_why(node: Node, frame: str | bytes, told: list[str], code: int) -> None:
    phone = Phone(node)
    phone.say(frame)
    assert await phone.ended() == code
    assert phone.socket.closed == code
    assert [frame["code"] for frame in phone.told] == told
    assert node.empty


async def test_a_socket_that_says_nothing(node: Node) -> None:
    phone = Phone(node)
    await advance(HELLO_SECONDS - 1)
    assert not phone.life.done()
    await advance(2)
    assert await phone.ended() == 4408
    assert node.empty


async def test_a_socket_that_is_not_listened_to(node: Node) -> None:
    """What it has said may be a hello, and this side is late to look."""
    phone = Phone(node)
    phone.socket.behind = True
    await advance(HELLO_SECONDS + 1)
    assert phone.socket.closed is None
    phone.socket.judge()
    assert await phone.ended() == 4408
    assert node.empty


async def test_a_socket_that_leaves_before_hello(node: Node) -> None:
    phone = Phone(node)
    await turns()
    await phone.leave()
    assert phone.socket.closed is None
    assert node.empty


async def test_binary_is_the_wrong_kind_for_json_and_text_for_msgpack(node: Node) -> None:
    phone = Phone(node, codec.MSGPACK)
    phone.say('{"type":"hello"}')
    assert await phone.ended() == 1003


async def test_the_token_of_the_handshake_will_do(node: Node) -> None:
    phone = Phone(node, token="alice")
    phone.say({"type": "hello"})
    [welcome] = await phone.until("welcome")
    assert welcome["user"] == "alice"
    await phone.leave()


async def test_the_token_of_the_hello_counts_before_that_of_the_handshake(node: Node) -> None:
    phone = Phone(node, token="bob")
    phone.say(HELLO)
    [welcome] = await phone.until("welcome")
    assert welcome["user"] == "alice"
    await phone.leave()


async def test_a_revocation_between_the_look_and_the_subscription(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """`join` waits for the bus: a revocation told in that moment reaches nobody, so the store is asked after it."""
    watch = node.bus.watch

    async def late(user: str) -> None:
        await node.store.commit([Revoke("alice")], 5)
        await watch(user)

    monkeypatch.setattr(node.bus, "watch", late)
    phone = Phone(node)
    phone.say(HELLO)
    assert await phone.ended() == 4401
    assert node.empty


async def test_a_revocation_right_after_the_look(node: Node) -> None:
    """What was read says nothing of it, but by then the device has subscribed."""
    answered = node.store.hold("arrival read")
    phone = Phone(node)
    phone.say(HELLO)
    await turns(30)
    await node.commit(Revoke("alice"))
    answered.set()
    assert await phone.ended() == 4401
    assert phone.told == []
    assert node.empty


async def test_a_connection_that_sleeps_has_no_task(node: Node) -> None:
    before = len(asyncio.all_tasks())
    phone = await node.phone("alice")
    await turns()
    assert len(asyncio.all_tasks()) == before
    await phone.leave()


async def test_too_many_connections_of_a_user(node: Node) -> None:
    phones = [await node.phone("alice") for _ in range(2)]
    third = Phone(node)
    third.say(HELLO)
    assert await third.ended() == 4429
    await phones[0].leave()
    phones[0] = await node.phone("alice")
    for phone in phones:
        await phone.leave()
    assert node.empty


async def test_too_many_connections_of_an_address(node: Node) -> None:
    phones = [Phone(node) for _ in range(4)]
    await turns()
    fifth = Phone(node)
    assert await fifth.ended() == 4429
    elsewhere = Phone(node, address="10.0.0.2")
    await turns()
    assert not elsewhere.life.done()
    for phone in [*phones, elsewhere]:
        await phone.leave()
    assert node.empty


async def test_a_store_out_of_reach_is_no_refusal(node: Node) -> None:
    node.tokens.failure = Unavailable("gone")
    phone = Phone(node)
    phone.say(HELLO)
    assert await phone.ended() == 1012
    node.tokens.failure = None
    node.store.failures["arrival"] = Unavailable("gone")
    phone = Phone(node)
    phone.say(HELLO)
    assert await phone.ended() == 1012
    assert node.empty


async def test_a_greeting_that_is_cancelled_leaves_nothing_behind(node: Node) -> None:
    node.store.hold("arrival")
    before = asyncio.all_tasks()
    phone = Phone(node)
    phone.say(HELLO)
    await turns(30)
    for task in asyncio.all_tasks() - before:
        task.cancel()
    await phone.ended()
    assert node.empty


@pytest.mark.parametrize("code", [Close.TOKEN, Close.RESTART])
async def test_a_farewell_in_the_middle_of_the_greeting(node: Node, code: Close) -> None:
    gate = node.store.hold("arrival")
    phone = Phone(node)
    phone.say(HELLO)
    await turns(30)
    if code is Close.TOKEN:
        await node.commit(Revoke("alice"))
    else:
        await phone.connection.settle()
        phone.connection.end(code)
    gate.set()
    assert await phone.ended() is code
    assert phone.told == []
    assert node.empty

"""The greeting: who may come in, and how those who may not are told."""

import asyncio

import pytest

from protocol import codec
from protocol.codes import Close
from protocol.limits import HELLO_SECONDS
from server.domain.commands import Revoke
from server.ports.store import Unavailable
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
    ],
)
async def test_whoever_is_not_let_in_is_told_why(node: Node, frame: str | bytes, told: list[str], code: int) -> None:
    node.tokens.revoked["alice"] = 0
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


async def test_a_revocation_between_the_look_and_the_subscription(node: Node) -> None:
    """`join` waits for the bus: a revocation told in that moment reaches nobody, so the token is looked at again."""
    phone = Phone(node)
    phone.say(HELLO)
    for _ in range(100):
        await asyncio.sleep(0)
        if node.tokens.asked:
            break
    await asyncio.sleep(0)
    node.tokens.revoked["alice"] = 5
    assert await phone.ended() == 4401
    assert node.empty


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
    node.store.failures["log"] = Unavailable("gone")
    phone = Phone(node)
    phone.say(HELLO)
    assert await phone.ended() == 1012
    assert node.empty


async def test_a_greeting_that_is_cancelled_leaves_nothing_behind(node: Node) -> None:
    for name in ("log", None):
        if name:
            node.store.hold(name)
        phone = Phone(node)
        phone.say(HELLO)
        await turns(30)
        phone.life.cancel()
        await asyncio.gather(phone.life, return_exceptions=True)
        assert node.empty
        node.store.gates.clear()


@pytest.mark.parametrize("code", [Close.TOKEN, Close.RESTART])
async def test_a_farewell_in_the_middle_of_the_greeting(node: Node, code: Close) -> None:
    gate = node.store.hold("log")
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

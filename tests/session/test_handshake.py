"""The handshake: who is admitted, and with which close code others are refused."""

import asyncio

import pytest

from bussa_protocol import codec
from bussa_protocol.codes import CloseReason
from bussa_protocol.limits import HELLO_SECONDS
from bussa_server.ports.store import Unavailable
from tests.commands import Revoke
from tests.session.clock import advance, turns
from tests.session.harness import FakeDevice, Node

HELLO = {"type": "hello", "token": "alice"}


@pytest.fixture
async def node() -> Node:
    node = Node(per_user=2, per_address=4)
    await node.add_users("alice", "bob")
    return node


async def test_welcome_names_user_and_head(node: Node) -> None:
    phone = await node.connect("alice")
    [welcome] = phone.received
    assert welcome["user"] == "alice"
    assert welcome["head"] == 1
    assert welcome["resumed"] is False
    await phone.disconnect()
    assert node.is_empty


@pytest.mark.parametrize(
    ("frame", "errors", "code"),
    [
        pytest.param('{"type":"ping","id":1}', [], 4400, id="another request first"),
        pytest.param("no JSON", [], 4400, id="undecodable"),
        pytest.param("[]", [], 4400, id="not a map"),
        pytest.param('{"type":"hello","token":7}', ["bad_request"], 4400, id="hello with a mistyped field"),
        pytest.param(
            '{"type":"hello","token":"alice","resume":-1}', ["bad_request"], 4400, id="hello with a field out of range"
        ),
        pytest.param('{"type":"hullo"}', ["bad_request"], 4400, id="unknown type"),
        pytest.param(b"\x81", [], 1003, id="binary frame for json"),
        pytest.param('{"type":"hello","token":"alice@0"}', [], 4401, id="revoked token"),
        pytest.param('{"type":"hello"}', [], 4401, id="no token"),
        pytest.param('{"type":"hello","token":"nobody"}', [], 4401, id="token of an unknown user"),
    ],
)
async def test_refused_handshake_closes_with_its_code(
    node: Node, frame: str | bytes, errors: list[str], code: int
) -> None:
    phone = FakeDevice(node)
    phone.send(frame)
    assert await phone.ended() == code
    assert phone.socket.closed_with == code
    assert [frame["code"] for frame in phone.received] == errors
    assert node.is_empty


async def test_silent_socket_is_closed_after_the_hello_timeout(node: Node) -> None:
    phone = FakeDevice(node)
    await advance(HELLO_SECONDS - 1)
    assert not phone.end.done()
    await advance(2)
    assert await phone.ended() == 4408
    assert node.is_empty


async def test_unread_hello_does_not_time_out(node: Node) -> None:
    """The unread bytes may be a hello that the server is late to parse."""
    phone = FakeDevice(node)
    phone.socket.has_unread = True
    await advance(HELLO_SECONDS + 1)
    assert phone.socket.closed_with is None
    phone.socket.check_hello()
    assert await phone.ended() == 4408
    assert node.is_empty


async def test_disconnect_before_hello_leaves_nothing(node: Node) -> None:
    phone = FakeDevice(node)
    await turns()
    await phone.disconnect()
    assert phone.socket.closed_with is None
    assert node.is_empty


async def test_text_frame_is_the_wrong_kind_for_msgpack(node: Node) -> None:
    phone = FakeDevice(node, codec.MSGPACK)
    phone.send('{"type":"hello"}')
    assert await phone.ended() == 1003


async def test_handshake_token_is_accepted(node: Node) -> None:
    phone = FakeDevice(node, token="alice")
    phone.send({"type": "hello"})
    [welcome] = await phone.until("welcome")
    assert welcome["user"] == "alice"
    await phone.disconnect()


async def test_hello_token_takes_precedence_over_handshake_token(node: Node) -> None:
    phone = FakeDevice(node, token="bob")
    phone.send(HELLO)
    [welcome] = await phone.until("welcome")
    assert welcome["user"] == "alice"
    await phone.disconnect()


async def test_revocation_during_subscription_is_noticed(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revocation published before the subscription is confirmed is not received: the store is read after it."""
    subscribe = node.bus.subscribe

    async def revoke_then_subscribe(user: str) -> None:
        await node.store.commit([Revoke("alice")], 5)
        await subscribe(user)

    monkeypatch.setattr(node.bus, "subscribe", revoke_then_subscribe)
    phone = FakeDevice(node)
    phone.send(HELLO)
    assert await phone.ended() == 4401
    assert node.is_empty


async def test_revocation_after_the_read_is_noticed(node: Node) -> None:
    """The state read does not show it, but by then the device has subscribed."""
    gate = node.store.block("resume_state read")
    phone = FakeDevice(node)
    phone.send(HELLO)
    await turns(30)
    await node.commit(Revoke("alice"))
    gate.set()
    assert await phone.ended() == 4401
    assert phone.received == []
    assert node.is_empty


async def test_idle_connection_has_no_task(node: Node) -> None:
    before = len(asyncio.all_tasks())
    phone = await node.connect("alice")
    await turns()
    assert len(asyncio.all_tasks()) == before
    await phone.disconnect()


async def test_user_over_the_connection_limit_is_refused(node: Node) -> None:
    phones = [await node.connect("alice") for _ in range(2)]
    third = FakeDevice(node)
    third.send(HELLO)
    assert await third.ended() == 4429
    await phones[0].disconnect()
    phones[0] = await node.connect("alice")
    for phone in phones:
        await phone.disconnect()
    assert node.is_empty


async def test_address_over_the_connection_limit_is_refused(node: Node) -> None:
    phones = [FakeDevice(node) for _ in range(4)]
    await turns()
    fifth = FakeDevice(node)
    assert await fifth.ended() == 4429
    elsewhere = FakeDevice(node, address="10.0.0.2")
    await turns()
    assert not elsewhere.end.done()
    for phone in [*phones, elsewhere]:
        await phone.disconnect()
    assert node.is_empty


async def test_unavailable_store_closes_with_restart(node: Node) -> None:
    node.tokens.failure = Unavailable("unavailable")
    phone = FakeDevice(node)
    phone.send(HELLO)
    assert await phone.ended() == 1012
    node.tokens.failure = None
    node.store.failures["resume_state"] = Unavailable("unavailable")
    phone = FakeDevice(node)
    phone.send(HELLO)
    assert await phone.ended() == 1012
    assert node.is_empty


async def test_cancelled_handshake_leaves_nothing(node: Node) -> None:
    node.store.block("resume_state")
    before = asyncio.all_tasks()
    phone = FakeDevice(node)
    phone.send(HELLO)
    await turns(30)
    for task in asyncio.all_tasks() - before:
        task.cancel()
    await phone.ended()
    assert node.is_empty


@pytest.mark.parametrize("code", [CloseReason.INVALID_TOKEN, CloseReason.RESTART])
async def test_close_during_the_handshake_sends_no_welcome(node: Node, code: CloseReason) -> None:
    gate = node.store.block("resume_state")
    phone = FakeDevice(node)
    phone.send(HELLO)
    await turns(30)
    if code is CloseReason.INVALID_TOKEN:
        await node.commit(Revoke("alice"))
    else:
        await phone.connection.finish_writes()
        phone.connection.end(code)
    gate.set()
    assert await phone.ended() is code
    assert phone.received == []
    assert node.is_empty

"""Rate limits: over a limit a request is refused, far over it the connection is closed."""

import pytest

from bussa_server.lib.rate_limit import Rate
from tests.session.clock import turns
from tests.session.harness import FakeDevice, Node
from tests.session.test_dispatcher import send

# So slow that no bucket refills during a test.
SLOW = 0.001


@pytest.fixture
async def node() -> Node:
    node = Node(send_limit=Rate(SLOW, 5), frame_limit=Rate(SLOW, 10))
    await node.add_users("alice", "bob")
    return node


async def test_sends_over_the_user_limit_are_rate_limited(node: Node) -> None:
    first, second = await node.connect("alice"), await node.connect("alice")
    first.send(*(send(id) for id in range(1, 4)))
    await first.until("sent", 3)
    second.send(*(send(id) for id in range(4, 8)))
    errors = await second.until("error", 2)
    assert [(error["id"], error["code"]) for error in errors] == [(6, "rate_limited"), (7, "rate_limited")]
    assert all(error["retry_after"] > 1 for error in errors)
    assert (await second.request({"type": "ping", "id": 99}))["type"] == "pong"
    await first.disconnect()
    await second.disconnect()


async def test_reconnect_does_not_reset_the_limit(node: Node) -> None:
    alice = await node.connect("alice")
    alice.send(*(send(id) for id in range(1, 6)))
    await alice.until("sent", 5)
    await alice.disconnect()
    alice = await node.connect("alice")
    assert (await alice.request(send(6)))["code"] == "rate_limited"
    await alice.disconnect()


@pytest.mark.parametrize(
    "frame",
    [send(1), {"type": "ping", "id": 1}, {"type": "typing", "peer": "bob"}, '{"type":"ping"}'],
    ids=["send", "ping", "typing", "invalid frame"],
)
async def test_connection_far_over_the_limit_is_closed(node: Node, frame: object) -> None:
    alice = await node.connect("alice")
    for _ in range(40):
        alice.send(frame)
    assert await alice.ended() == 4429
    assert node.is_empty
    await node.commit_queue.drain()


async def test_typing_over_the_limit_is_dropped_silently(node: Node) -> None:
    alice = await node.connect("alice")
    for _ in range(18):
        alice.send({"type": "typing", "peer": "bob"})
    await turns(300)
    assert not alice.end.done()
    assert [frame["type"] for frame in alice.received] == ["welcome"]
    await alice.disconnect()


async def test_sends_and_other_frames_have_separate_limits(node: Node) -> None:
    alice = await node.connect("alice")
    for id in range(1, 11):
        assert (await alice.request({"type": "ping", "id": id}))["type"] == "pong"
    for id in range(11, 16):
        assert (await alice.request(send(id)))["type"] == "sent"
    assert (await alice.request({"type": "ping", "id": 16}))["code"] == "rate_limited"
    await alice.disconnect()


async def test_rate_of_zero_disables_the_limit() -> None:
    node = Node()
    await node.add_users("alice", "bob")
    alice = FakeDevice(node)
    alice.send({"type": "hello", "token": "alice"}, *(send(id) for id in range(1, 1001)))
    await alice.until("sent", 1000)
    await alice.disconnect()

"""Over a limit a request is refused, far over it the connection ends."""

import pytest

from bussa_server.domain.throttle import Rate
from tests.session.clock import turns
from tests.session.test_requests import send
from tests.session.world import Node, Phone

# So slow that nothing comes back while a test runs.
SLOW = 0.001


@pytest.fixture
async def node() -> Node:
    node = Node(sends=Rate(SLOW, 5), frames=Rate(SLOW, 10))
    await node.people("alice", "bob")
    return node


async def test_messages_over_the_limit_of_the_user(node: Node) -> None:
    first, second = await node.phone("alice"), await node.phone("alice")
    first.say(*(send(id) for id in range(1, 4)))
    await first.until("sent", 3)
    second.say(*(send(id) for id in range(4, 8)))
    errors = await second.until("error", 2)
    assert [(error["id"], error["code"]) for error in errors] == [(6, "rate_limited"), (7, "rate_limited")]
    assert all(error["retry_after"] > 1 for error in errors)
    assert (await second.ask({"type": "ping", "id": 99}))["type"] == "pong"
    await first.leave()
    await second.leave()


async def test_coming_back_is_no_way_around(node: Node) -> None:
    alice = await node.phone("alice")
    alice.say(*(send(id) for id in range(1, 6)))
    await alice.until("sent", 5)
    await alice.leave()
    alice = await node.phone("alice")
    assert (await alice.ask(send(6)))["code"] == "rate_limited"
    await alice.leave()


@pytest.mark.parametrize(
    "frame",
    [send(1), {"type": "ping", "id": 1}, {"type": "typing", "peer": "bob"}, '{"type":"ping"}'],
    ids=["send", "ping", "typing", "bad"],
)
async def test_far_over_it_is_the_end(node: Node, frame: object) -> None:
    alice = await node.phone("alice")
    for _ in range(40):
        alice.say(frame)
    assert await alice.ended() == 4429
    assert node.empty
    await node.post.drain()


async def test_typing_over_the_limit_is_dropped_in_silence(node: Node) -> None:
    alice = await node.phone("alice")
    for _ in range(18):
        alice.say({"type": "typing", "peer": "bob"})
    await turns(300)
    assert not alice.life.done()
    assert [frame["type"] for frame in alice.told] == ["welcome"]
    await alice.leave()


async def test_messages_and_other_frames_are_counted_apart(node: Node) -> None:
    alice = await node.phone("alice")
    for id in range(1, 11):
        assert (await alice.ask({"type": "ping", "id": id}))["type"] == "pong"
    for id in range(11, 16):
        assert (await alice.ask(send(id)))["type"] == "sent"
    assert (await alice.ask({"type": "ping", "id": 16}))["code"] == "rate_limited"
    await alice.leave()


async def test_no_limit_is_no_limit() -> None:
    node = Node()
    await node.people("alice", "bob")
    alice = Phone(node)
    alice.say({"type": "hello", "token": "alice"}, *(send(id) for id in range(1, 1001)))
    await alice.until("sent", 1000)
    await alice.leave()

"""Replay after a reconnect: the whole gap or none of it, at the pace of the peer; and gap recovery between nodes."""

import asyncio
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_protocol import codec
from bussa_protocol.limits import SEND_QUEUE_SECONDS
from bussa_server.jobs.maintenance import Maintenance
from bussa_server.ports.store import MAX_LOG_PAGE, Unavailable
from tests.commands import Send
from tests.session.clock import advance, turns
from tests.session.fakes import FaultyNetwork
from tests.session.harness import FakeDevice, Frame, GatedStore, Node
from tests.session.test_dispatcher import send


@pytest.fixture
async def node() -> Node:
    node = Node()
    await node.add_users("alice", "bob")
    return node


async def write(node: Node, count: int, text: str = "ciao") -> None:
    """Commit ``count`` messages from bob to alice. Seq 1 of her log is the change of her settings."""
    start = (await node.store.heads(["alice"]))["alice"]
    await asyncio.gather(
        *(node.commit_queue.commit(Send("bob", "alice", text, f"nonce-{start}-{number}")) for number in range(count))
    )


def seqs(frames: Sequence[Frame]) -> list[int]:
    return [frame["seq"] for frame in frames if "seq" in frame]


@pytest.mark.parametrize("missed", [0, 1, MAX_LOG_PAGE - 1, MAX_LOG_PAGE, MAX_LOG_PAGE + 1, 3 * MAX_LOG_PAGE + 7])
async def test_resume_replays_the_whole_gap(node: Node, missed: int) -> None:
    await write(node, missed)
    alice = await node.connect("alice", resume=1, epoch="memory")
    await alice.until("message", missed)
    pong = await alice.request({"type": "ping", "id": 1})
    assert seqs(alice.received) == list(range(2, missed + 2))
    assert pong["head"] == missed + 1
    assert alice.received[0]["resumed"] is True
    await alice.disconnect()
    assert node.is_empty


@pytest.mark.parametrize(
    ("hello", "resumed"),
    [
        ({"resume": 3}, True),
        ({"resume": 0}, True),
        ({"resume": 4}, False),
        ({"resume": 3, "epoch": "another"}, False),
        ({}, False),
    ],
)
async def test_resume_depends_on_seq_and_epoch(node: Node, hello: Frame, resumed: bool) -> None:
    await write(node, 2)
    alice = await node.connect("alice", **hello)
    await write(node, 1)
    await alice.until("message")
    await alice.request({"type": "ping", "id": 1})
    assert alice.received[0]["resumed"] is resumed
    assert seqs(alice.received) == (list(range(hello["resume"] + 1, 5)) if resumed else [4])
    await alice.disconnect()


async def test_events_during_replay_are_not_lost(node: Node) -> None:
    await write(node, 2 * MAX_LOG_PAGE)
    gate = node.store.block("log")
    alice = FakeDevice(node)
    alice.send({"type": "hello", "token": "alice", "resume": 0}, send(1), {"type": "ping", "id": 2})
    await turns(50)
    await write(node, 10)
    gate.set()
    [pong] = await alice.until("pong")
    assert seqs(alice.received) == list(range(1, pong["head"] + 1))
    assert [frame["id"] for frame in alice.received if "id" in frame] == [1, 2]
    await alice.disconnect()


async def test_replay_reads_at_the_pace_of_the_peer(node: Node) -> None:
    await write(node, 4 * MAX_LOG_PAGE)
    alice = FakeDevice(node)
    alice.socket.writable = False
    alice.send({"type": "hello", "token": "alice", "resume": 0})
    await turns(100)
    # The first page was read by the handshake.
    assert (node.store.calls.count("resume_state"), node.store.calls.count("log")) == (1, 0)
    alice.socket.resume()
    await alice.until("message", 4 * MAX_LOG_PAGE)
    await alice.disconnect()


@pytest.mark.parametrize("how", ["disconnected", "slow consumer"])
async def test_replay_ends_with_its_connection(node: Node, how: str) -> None:
    await write(node, 6 * MAX_LOG_PAGE)
    alice = FakeDevice(node)
    alice.socket.writable = False
    alice.send({"type": "hello", "token": "alice", "resume": 0})
    await turns(100)
    if how == "disconnected":
        alice.socket.closed = True
        alice.send("")  # is never handled
        alice.socket.resume()
        await alice.disconnect()
    else:
        await advance(SEND_QUEUE_SECONDS + 1)
        assert await alice.ended() == 4413
    assert node.store.calls.count("log") <= 2
    assert node.is_empty


async def test_slow_consumer_is_closed_by_bytes(node: Node) -> None:
    alice = await node.connect("alice")
    alice.socket.writable = False
    await write(node, 120, "x" * 10_000)
    assert await alice.ended() == 4413
    assert alice.socket.closed_with == 4413
    assert node.is_empty


async def test_slow_consumer_is_closed_by_age(node: Node) -> None:
    alice = await node.connect("alice")
    alice.socket.writable = False
    await write(node, 1)
    await advance(SEND_QUEUE_SECONDS - 1)
    assert not alice.end.done()
    await advance(2)
    assert await alice.ended() == 4413
    assert node.is_empty


async def test_unavailable_store_during_catch_up_closes_the_connection(node: Node) -> None:
    alice = await node.connect("alice")
    node.store.failures["log"] = Unavailable("unavailable")
    alice.connection.offer(9, None)
    assert await alice.ended() == 1012
    assert node.is_empty


async def test_exception_during_catch_up_closes_the_connection(node: Node) -> None:
    """A stream that never catches up would look like a quiet one."""
    alice = await node.connect("alice")
    node.store.failures["log"] = KeyError("a defect")
    alice.connection.offer(9, None)
    assert await alice.ended() == 1012
    assert node.is_empty


async def test_interrupted_catch_up_leaves_nothing(node: Node) -> None:
    alice = await node.connect("alice")
    node.store.block("log")
    alice.connection.expect_head(9)
    await turns(50)
    await alice.disconnect()
    assert node.is_empty


async def test_ping_recovers_lost_events(node: Node) -> None:
    network = FaultyNetwork()
    here, there = Node(store=node.store, network=network), Node(store=node.store, network=network)
    alice = await there.connect("alice")
    await write(here, 3)
    network.drop()
    pong = await alice.request({"type": "ping", "id": 1})
    assert seqs(alice.received) == [2, 3, 4]
    assert pong["head"] == 4
    assert alice.received[-1] == pong
    await alice.disconnect()


async def test_last_event_of_a_burst_is_recovered(node: Node) -> None:
    network = FaultyNetwork()
    here, there = Node(store=node.store, network=network), Node(store=node.store, network=network)
    alice = await there.connect("alice")
    maintenance = Maintenance(there.store, there.hub)
    maintenance.start()
    await write(here, 2)
    network.deliver()
    await write(here, 1)
    network.drop()
    there.bus.on_resync()
    await alice.until("message", 3)
    assert seqs(alice.received) == [2, 3, 4]
    await maintenance.close()
    await alice.disconnect()


@given(
    seed=st.integers(0, 2**32),
    steps=st.lists(st.sampled_from(["bob sends", "alice sends", "deliver", "drop", "turns"])),
)
async def test_devices_receive_the_whole_log_over_a_faulty_bus(seed: int, steps: list[str]) -> None:
    """Two nodes and three devices on a network that loses, duplicates and reorders: after a ping, each device has
    received each seq once."""
    rng = random.Random(seed)
    network, store = FaultyNetwork(), GatedStore()
    nodes = [Node(store=store, network=network) for _ in range(2)]
    await nodes[0].add_users("alice", "bob")
    network.drop()
    phones = [await nodes[0].connect("alice"), await nodes[1].connect("alice"), await nodes[1].connect("bob")]
    for id, step in enumerate(steps, 1):
        if step == "bob sends":
            phones[2].send(send(id, to="alice", nonce=f"b{id}"))
        elif step == "alice sends":
            phones[rng.randrange(2)].send(send(id, nonce=f"a{id}"))
        elif step == "deliver":
            network.deliver(rng)
        elif step == "drop":
            network.drop()
        else:
            await turns(rng.randrange(1, 30))
    for phone in phones:
        await phone.request({"type": "ping", "id": 1_000_000})
    network.deliver(rng)
    for phone in phones:
        pong = await phone.request({"type": "ping", "id": 1_000_001})
        assert seqs(phone.received) == list(range(2, pong["head"] + 1))
        await phone.disconnect()
    assert all(node.is_empty for node in nodes)


async def test_replay_is_the_same_in_both_codecs(node: Node) -> None:
    await write(node, 3)
    received = []
    for chosen in codec.CODECS:
        phone = FakeDevice(node, chosen)
        phone.send({"type": "hello", "token": "alice", "resume": 0})
        await phone.until("message", 3)
        received.append(phone.received[1:])
        await phone.disconnect()
    assert received[0] == received[1]

"""Coming back: all of the gap or none of it, at the pace of whoever reads; and two nodes that lose hints."""

import asyncio
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_protocol import codec
from bussa_protocol.limits import OUTBOX_SECONDS
from bussa_server.domain.commands import Send
from bussa_server.ports.store import LOG_PAGE, Unavailable
from bussa_server.session.keeping import Keeper
from tests.session.clock import advance, turns
from tests.session.fakes import Wire
from tests.session.test_requests import send
from tests.session.world import Frame, GatedStore, Node, Phone


@pytest.fixture
async def node() -> Node:
    node = Node()
    await node.people("alice", "bob")
    return node


async def write(node: Node, count: int, text: str = "ciao") -> None:
    """``count`` messages of bob's to alice: her log then reaches as far, and the 1 of her settings."""
    start = (await node.store.heads(["alice"]))["alice"]
    await asyncio.gather(
        *(node.post.commit(Send("bob", "alice", text, f"nonce-{start}-{number}")) for number in range(count))
    )


def seqs(frames: Sequence[Frame]) -> list[int]:
    return [frame["seq"] for frame in frames if "seq" in frame]


@pytest.mark.parametrize("missed", [0, 1, LOG_PAGE - 1, LOG_PAGE, LOG_PAGE + 1, 3 * LOG_PAGE + 7])
async def test_all_of_the_gap(node: Node, missed: int) -> None:
    await write(node, missed)
    alice = await node.phone("alice", resume=1, epoch="memory")
    await alice.until("message", missed)
    pong = await alice.ask({"type": "ping", "id": 1})
    assert seqs(alice.told) == list(range(2, missed + 2))
    assert pong["head"] == missed + 1
    assert alice.told[0]["resumed"] is True
    await alice.leave()
    assert node.empty


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
async def test_what_can_be_resumed(node: Node, hello: Frame, resumed: bool) -> None:
    await write(node, 2)
    alice = await node.phone("alice", **hello)
    await write(node, 1)
    await alice.until("message")
    await alice.ask({"type": "ping", "id": 1})
    assert alice.told[0]["resumed"] is resumed
    assert seqs(alice.told) == (list(range(hello["resume"] + 1, 5)) if resumed else [4])
    await alice.leave()


async def test_what_happens_while_the_gap_is_read(node: Node) -> None:
    await write(node, 2 * LOG_PAGE)
    gate = node.store.hold("log")
    alice = Phone(node)
    alice.say({"type": "hello", "token": "alice", "resume": 0}, send(1), {"type": "ping", "id": 2})
    await turns(50)
    await write(node, 10)
    gate.set()
    [pong] = await alice.until("pong")
    assert seqs(alice.told) == list(range(1, pong["head"] + 1))
    assert [frame["id"] for frame in alice.told if "id" in frame] == [1, 2]
    await alice.leave()


async def test_a_slow_reader_of_a_long_gap_is_read_for_no_faster_than_it_reads(node: Node) -> None:
    await write(node, 4 * LOG_PAGE)
    alice = Phone(node)
    alice.socket.writable = False
    alice.say({"type": "hello", "token": "alice", "resume": 0})
    await turns(100)
    # The first page came with the greeting.
    assert (node.store.calls.count("arrival"), node.store.calls.count("log")) == (1, 0)
    alice.socket.resume()
    await alice.until("message", 4 * LOG_PAGE)
    await alice.leave()


@pytest.mark.parametrize("how", ["gone", "given up"])
async def test_a_replay_ends_with_its_reader(node: Node, how: str) -> None:
    await write(node, 6 * LOG_PAGE)
    alice = Phone(node)
    alice.socket.writable = False
    alice.say({"type": "hello", "token": "alice", "resume": 0})
    await turns(100)
    if how == "gone":
        alice.socket.gone = True
        alice.say("")  # nobody has time to look at it
        alice.socket.resume()
        await alice.leave()
    else:
        await advance(OUTBOX_SECONDS + 1)
        assert await alice.ended() == 4413
    assert node.store.calls.count("log") <= 2
    assert node.empty


async def test_a_slow_reader_of_live_events_is_ended_by_bytes(node: Node) -> None:
    alice = await node.phone("alice")
    alice.socket.writable = False
    await write(node, 120, "x" * 10_000)
    assert await alice.ended() == 4413
    assert alice.socket.closed == 4413
    assert node.empty


async def test_a_slow_reader_of_live_events_is_ended_by_age(node: Node) -> None:
    alice = await node.phone("alice")
    alice.socket.writable = False
    await write(node, 1)
    await advance(OUTBOX_SECONDS - 1)
    assert not alice.life.done()
    await advance(2)
    assert await alice.ended() == 4413
    assert node.empty


async def test_a_store_that_goes_away_in_the_middle_of_healing(node: Node) -> None:
    alice = await node.phone("alice")
    node.store.failures["log"] = Unavailable("gone")
    alice.connection.offer(9, None)
    assert await alice.ended() == 1012
    assert node.empty


async def test_a_defect_in_the_middle_of_healing_is_no_silence(node: Node) -> None:
    """A stream that never heals again would look like a quiet evening."""
    alice = await node.phone("alice")
    node.store.failures["log"] = KeyError("a defect")
    alice.connection.offer(9, None)
    assert await alice.ended() == 1012
    assert node.empty


async def test_a_healing_that_is_cut_off_leaves_nothing_behind(node: Node) -> None:
    alice = await node.phone("alice")
    node.store.hold("log")
    alice.connection.check(9)
    await turns(50)
    await alice.leave()
    assert node.empty


async def test_a_ping_finds_what_was_lost(node: Node) -> None:
    wire = Wire()
    here, there = Node(store=node.store, wire=wire), Node(store=node.store, wire=wire)
    alice = await there.phone("alice")
    await write(here, 3)
    wire.lose()
    pong = await alice.ask({"type": "ping", "id": 1})
    assert seqs(alice.told) == [2, 3, 4]
    assert pong["head"] == 4
    assert alice.told[-1] == pong
    await alice.leave()


async def test_the_last_of_a_burst_is_found_without_anything_after_it(node: Node) -> None:
    wire = Wire()
    here, there = Node(store=node.store, wire=wire), Node(store=node.store, wire=wire)
    alice = await there.phone("alice")
    keeper = Keeper(there.store, there.hub)
    keeper.start()
    await write(here, 2)
    wire.carry()
    await write(here, 1)
    wire.lose()
    there.bus.on_doubt()
    await alice.until("message", 3)
    assert seqs(alice.told) == [2, 3, 4]
    await keeper.close()
    await alice.leave()


@given(seed=st.integers(0, 2**32), steps=st.lists(st.sampled_from(["bob", "alice", "carry", "lose", "turns"])))
async def test_whatever_the_bus_does_each_device_has_the_log(seed: int, steps: list[str]) -> None:
    """Two nodes, three devices, a wire that loses, doubles and shuffles: after a ping each has each seq once."""
    chance = random.Random(seed)
    wire, store = Wire(), GatedStore()
    nodes = [Node(store=store, wire=wire) for _ in range(2)]
    await nodes[0].people("alice", "bob")
    wire.lose()
    phones = [await nodes[0].phone("alice"), await nodes[1].phone("alice"), await nodes[1].phone("bob")]
    for id, step in enumerate(steps, 1):
        if step == "bob":
            phones[2].say(send(id, to="alice", nonce=f"b{id}"))
        elif step == "alice":
            phones[chance.randrange(2)].say(send(id, nonce=f"a{id}"))
        elif step == "carry":
            wire.carry(chance)
        elif step == "lose":
            wire.lose()
        else:
            await turns(chance.randrange(1, 30))
    for phone in phones:
        await phone.ask({"type": "ping", "id": 1_000_000})
    wire.carry(chance)
    for phone in phones:
        pong = await phone.ask({"type": "ping", "id": 1_000_001})
        assert seqs(phone.told) == list(range(2, pong["head"] + 1))
        await phone.leave()
    assert all(node.empty for node in nodes)


async def test_the_same_events_in_both_codecs(node: Node) -> None:
    await write(node, 3)
    heard = []
    for chosen in codec.CODECS:
        phone = Phone(node, chosen)
        phone.say({"type": "hello", "token": "alice", "resume": 0})
        await phone.until("message", 3)
        heard.append(phone.told[1:])
        await phone.leave()
    assert heard[0] == heard[1]

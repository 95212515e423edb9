"""The bus on Redis, with wires that lose, double and break, and with strangers on its channels."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from bussa_server import telemetry
from bussa_server.adapters.redis import RedisBus, link
from bussa_server.adapters.redis.envelopes import Beat, pack, pack_beat
from bussa_server.adapters.redis.places import Place
from bussa_server.ports.bus import Envelope
from bussa_server.session import keeping
from bussa_server.session.hub import Hub
from bussa_server.session.keeping import Keeper
from tests.adapters.redis_nodes import EPOCH, Listener, eventually, node
from tests.contracts.bus_contract import envelope
from tests.failure.proxy import Loss, Proxy
from tests.failure.redis_servers import PROGRAMS, RedisServer
from tests.scenes.serving import SECONDS

ALICE = f"bussa:{EPOCH}:u:alice"
BEAT = f"bussa:{EPOCH}:beat"


@pytest.fixture(scope="module", params=PROGRAMS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), program=PROGRAMS[request.param])
    yield server
    server.close()


@pytest.fixture
def wire(server: RedisServer) -> Iterator[Proxy]:
    proxy = Proxy(server.port)
    yield proxy
    proxy.close()


@pytest.fixture
async def near(server: RedisServer) -> AsyncIterator[Listener]:
    """A node whose way to Redis is never broken."""
    async with node(server.url) as near:
        yield near


@pytest.fixture
async def far(wire: Proxy, near: Listener) -> AsyncIterator[Listener]:
    """A node behind the wire."""
    doubts = near.doubts
    async with node(f"redis://127.0.0.1:{wire.port}") as far:
        await near.doubts_again(doubts)
        yield far


def foreign() -> float:
    lines = telemetry.metrics().decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith("bussa_bus_foreign_total"))


async def test_strangers_on_our_channels_do_no_harm(server: RedisServer, near: Listener):
    await near.bus.watch("alice")
    good = pack("another node", envelope("alice", 7))
    chance, before = random.Random(1), foreign()
    garbage = [b"", b"\xc1", b"{}", good[:-1], good + b"\0", b"\x91" * 2_000 + b"\0", b"\xdf\xff\xff\xff\xff"]
    garbage += [chance.randbytes(chance.randrange(1, 80)) for _ in range(300)]
    garbage += [bytes(b ^ (1 << chance.randrange(8)) if at == place else b for at, b in enumerate(good))
                for place in range(3)]  # fmt: skip
    for data in garbage:
        for channel in (ALICE, BEAT):
            server.client.publish(channel, data)
    doubts = near.doubts
    server.client.publish(ALICE, good)
    async with asyncio.timeout(SECONDS):
        while envelope("alice", 7) not in near.heard:
            await near.stir()
    assert foreign() - before > 300
    assert near.bus.whole
    assert near.doubts == doubts


async def test_doubled_stale_and_shuffled_envelopes_are_handed_on_and_nothing_else(server: RedisServer, near: Listener):
    # That they do no harm is the stream's doing; here nothing is lost, and nothing invented.
    await near.bus.watch("alice")
    sent = [envelope("alice", seq) for seq in (3, 3, 1, 2, 1, 2**60, 0, -5)]
    for one in sent:
        server.client.publish(ALICE, pack("another node", one))
    await near.hears(*sent)


async def test_a_subscription_confirmed_again_is_a_doubt(wire: Proxy, far: Listener):
    await far.bus.watch("alice")
    doubts = far.doubts
    again = b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (len(ALICE), ALICE.encode())
    told: list[bytes] = []

    def confirm_again(data: bytes) -> bytes:
        if told or not data.startswith(b"*3\r\n$7\r\nmessage"):
            return data
        told.append(data)
        return again + data

    wire.from_server = confirm_again
    await far.doubts_again(doubts)
    assert len(told) == 1
    assert far.bus.whole


async def test_one_who_drops_is_taken_note_of_by_the_others(wire: Proxy, near: Listener, far: Listener):
    doubts, own = near.doubts, far.doubts
    wire.sever()
    await far.torn()
    far.bus.ring([envelope("alice")])  # to nobody: this is what the others must look for
    await near.doubts_again(doubts)
    await far.whole()
    assert far.doubts > own
    assert near.bus.whole


async def test_the_last_of_a_burst_lost_with_its_connection_is_a_doubt(wire: Proxy, near: Listener, far: Listener):
    await far.bus.watch("alice")
    wire.from_server = loss = Loss(b"the last of the burst")
    burst = [envelope("alice", seq, b"one of the burst") for seq in range(1, 9)]
    doubts = far.doubts
    near.bus.ring([*burst, envelope("alice", 9, b"the last of the burst")])
    await far.hears(*burst)
    await eventually(lambda: loss.lost == 1)
    wire.sever()
    await far.doubts_again(doubts)
    await far.whole()
    assert far.heard == burst


async def test_a_wire_that_is_silent_is_doubted_and_then_given_up(wire: Proxy, near: Listener, far: Listener):
    wire.freeze()
    await eventually(lambda: far.bus.in_doubt and near.bus.in_doubt)
    await far.torn()
    assert near.bus.whole
    wire.thaw()
    await far.whole()
    await eventually(lambda: not near.bus.in_doubt)
    await far.bus.watch("alice")
    near.bus.ring([envelope("alice")])
    await far.hears(envelope("alice"))


async def test_a_node_that_falls_silent_is_doubted_until_it_says_goodbye(server: RedisServer, near: Listener):
    server.client.publish(BEAT, pack_beat(Beat("a ghost", "alive")))
    await eventually(lambda: near.bus.in_doubt)
    server.client.publish(BEAT, pack_beat(Beat("a ghost", "bye")))
    await eventually(lambda: not near.bus.in_doubt)
    assert near.bus.whole


async def test_a_loop_that_stood_still_tears_nothing(near: Listener, monkeypatch: pytest.MonkeyPatch):
    tears: list[object] = []
    monkeypatch.setattr(telemetry, "bus_torn", lambda *why: tears.append(why))
    loop = asyncio.get_running_loop()
    clock, ahead = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: clock() + ahead)
    ahead = 60.0  # nothing was sent and nothing read meanwhile
    await eventually(lambda: not near.bus.in_doubt)
    assert tears == []
    assert near.bus.whole


async def test_whoever_comes_while_the_link_is_being_made_is_doubted_once_confirmed(
    wire: Proxy, monkeypatch: pytest.MonkeyPatch
):
    held: list[bytes] = []
    connect, connecting, go_on = link.Resp.connect, itertools.count(1), asyncio.Event()
    second = asyncio.Event()

    async def slowly(place: Place, on_reply: Callable[[Any], None]) -> link.Resp:
        if next(connecting) == 2:
            second.set()
            await go_on.wait()
        return await connect(place, on_reply)

    monkeypatch.setattr(link.Resp, "connect", staticmethod(slowly))

    def late(data: bytes) -> bytes:
        # The confirmation of the newcomer comes after everything that makes the link whole.
        at = data.find(b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n" % (len(ALICE), ALICE.encode()))
        if at >= 0:
            held.append(data[at:])
            return data[:at]
        if held and b"message" in data:
            return held.pop() + data
        return data

    wire.from_server = late
    bus = RedisBus([f"redis://127.0.0.1:{wire.port}"], EPOCH)
    ear = Listener(bus)
    await second.wait()  # all that was watched until now is confirmed
    await bus.watch("alice")
    go_on.set()
    # Once because the link is whole, and once more because only now nothing of Alice's is missed.
    await eventually(lambda: ear.doubts >= 2)
    assert held == []
    await bus.close()


class Heads:
    """A store, as far as the keeper needs it: every log reaches 9."""

    async def heads(self, users: list[str]) -> dict[str, int]:
        return dict.fromkeys(users, 9)

    async def revoked(self, users: list[str]) -> dict[str, int]:
        return {}


class Phone:
    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.told = asyncio.Event()

    def offer(self, seq: int, wire: object) -> None:
        self.seqs.append(seq)

    def check(self, head: int) -> None:
        if head > max(self.seqs, default=0):
            self.told.set()


async def test_one_message_lost_and_nothing_else_is_found_on_the_next_round(
    server: RedisServer, wire: Proxy, near: Listener, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keeping, "ROUND_SECONDS", 0.5)
    wire.from_server = loss = Loss(b"the last of the burst")
    bus = RedisBus([f"redis://127.0.0.1:{wire.port}"], EPOCH)
    hub, phone = Hub(bus, lambda _: None), Phone()
    await eventually(lambda: bus.whole)
    await hub.join("alice", phone)  # as much of a device as is told here
    hub.doubted.clear()
    keeper = Keeper(Heads(), hub)  # as much of a store as is asked here
    near.bus.ring([envelope("alice", seq, b"one of the burst") for seq in range(1, 9)])
    near.bus.ring([Envelope("alice", 9, b"the last of the burst", b"")])
    await eventually(lambda: loss.lost == 1 and phone.seqs == list(range(1, 9)))
    keeper.start()
    async with asyncio.timeout(SECONDS):
        await phone.told.wait()
    assert not hub.doubted.is_set(), "nobody has doubted: it was the round"
    await keeper.close()
    await bus.close()


def test_what_was_lost_is_found_within_two_seconds():
    # The reading has what is left.
    assert link.SILENCE_SECONDS + keeping.DOUBT_SECONDS + keeping.PAUSE_SECONDS < 2.0
    assert link.SILENCE_SECONDS > 2 * link.BEAT_SECONDS, "one late heartbeat is no doubt"

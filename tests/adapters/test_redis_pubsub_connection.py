"""The bus on Redis: lost and duplicate envelopes, broken connections, invalid payloads on its channels."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from bussa_server import telemetry
from bussa_server.adapters.redis import RedisBus, pubsub_connection
from bussa_server.adapters.redis.discovery import Address
from bussa_server.adapters.redis.envelopes import Heartbeat, encode_envelope, encode_heartbeat
from bussa_server.jobs import resync
from bussa_server.jobs.maintenance import Maintenance
from bussa_server.node.hub import Hub
from bussa_server.ports.bus import Envelope
from tests.adapters.redis_nodes import EPOCH, RedisBusListener, eventually, node
from tests.contracts.bus_contract import envelope
from tests.e2e.server_process import TIMEOUT
from tests.failure.proxy import DropMessage, Proxy
from tests.failure.redis_servers import PROGRAMS, RedisServer

ALICE = f"bussa:{EPOCH}:u:alice"
HEARTBEAT = f"bussa:{EPOCH}:beat"


@pytest.fixture(scope="module", params=PROGRAMS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), program=PROGRAMS[request.param])
    yield server
    server.close()


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[Proxy]:
    proxy = Proxy(server.port)
    yield proxy
    proxy.close()


@pytest.fixture
async def near(server: RedisServer) -> AsyncIterator[RedisBusListener]:
    """A node with a direct connection to Redis."""
    async with node(server.url) as near:
        yield near


@pytest.fixture
async def far(proxy: Proxy, near: RedisBusListener) -> AsyncIterator[RedisBusListener]:
    """A node behind the proxy."""
    resyncs = near.resyncs
    async with node(f"redis://127.0.0.1:{proxy.port}") as far:
        await near.wait_for_resync(resyncs)
        yield far


def invalid_payload_count() -> float:
    lines = telemetry.metrics().decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith("bussa_redis_messages_invalid_total"))


async def test_invalid_payloads_are_ignored(server: RedisServer, near: RedisBusListener):
    await near.bus.subscribe("alice")
    good = encode_envelope("another node", envelope("alice", 7))
    rng, before = random.Random(1), invalid_payload_count()
    garbage = [b"", b"\xc1", b"{}", good[:-1], good + b"\0", b"\x91" * 2_000 + b"\0", b"\xdf\xff\xff\xff\xff"]
    garbage += [rng.randbytes(rng.randrange(1, 80)) for _ in range(300)]
    garbage += [bytes(b ^ (1 << rng.randrange(8)) if at == place else b for at, b in enumerate(good))
                for place in range(3)]  # fmt: skip
    for data in garbage:
        for channel in (ALICE, HEARTBEAT):
            server.client.publish(channel, data)
    resyncs = near.resyncs
    server.client.publish(ALICE, good)
    async with asyncio.timeout(TIMEOUT):
        while envelope("alice", 7) not in near.received:
            await near.wait()
    assert invalid_payload_count() - before > 300
    assert near.bus.connected
    assert near.resyncs == resyncs


async def test_duplicate_stale_and_reordered_envelopes_are_passed_on_unchanged(
    server: RedisServer, near: RedisBusListener
):
    # The stream discards duplicates and orders them; the bus neither drops nor adds any.
    await near.bus.subscribe("alice")
    sent = [envelope("alice", seq) for seq in (3, 3, 1, 2, 1, 2**60, 0, -5)]
    for one in sent:
        server.client.publish(ALICE, encode_envelope("another node", one))
    await near.expect(*sent)


async def test_repeated_subscription_confirmation_triggers_resync(proxy: Proxy, far: RedisBusListener):
    await far.bus.subscribe("alice")
    resyncs = far.resyncs
    again = b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (len(ALICE), ALICE.encode())
    repeated: list[bytes] = []

    def confirm_again(data: bytes) -> bytes:
        if repeated or not data.startswith(b"*3\r\n$7\r\nmessage"):
            return data
        repeated.append(data)
        return again + data

    proxy.from_server = confirm_again
    await far.wait_for_resync(resyncs)
    assert len(repeated) == 1
    assert far.bus.connected


async def test_dropped_envelopes_make_other_nodes_resync(proxy: Proxy, near: RedisBusListener, far: RedisBusListener):
    resyncs, own = near.resyncs, far.resyncs
    proxy.disconnect_all()
    await far.wait_disconnected()
    far.bus.publish([envelope("alice")])  # dropped, so the other nodes must resync
    await near.wait_for_resync(resyncs)
    await far.wait_connected()
    assert far.resyncs > own
    assert near.bus.connected


async def test_envelope_lost_with_its_connection_triggers_resync(
    proxy: Proxy, near: RedisBusListener, far: RedisBusListener
):
    await far.bus.subscribe("alice")
    proxy.from_server = loss = DropMessage(b"the last of the burst")
    burst = [envelope("alice", seq, b"one of the burst") for seq in range(1, 9)]
    resyncs = far.resyncs
    near.bus.publish([*burst, envelope("alice", 9, b"the last of the burst")])
    await far.expect(*burst)
    await eventually(lambda: loss.dropped == 1)
    proxy.disconnect_all()
    await far.wait_for_resync(resyncs)
    await far.wait_connected()
    assert far.received == burst


async def test_silent_connection_is_suspected_then_reset(proxy: Proxy, near: RedisBusListener, far: RedisBusListener):
    proxy.freeze()
    await eventually(lambda: far.bus.may_have_lost and near.bus.may_have_lost)
    await far.wait_disconnected()
    assert near.bus.connected
    proxy.thaw()
    await far.wait_connected()
    await eventually(lambda: not near.bus.may_have_lost)
    await far.bus.subscribe("alice")
    near.bus.publish([envelope("alice")])
    await far.expect(envelope("alice"))


async def test_silent_node_is_suspected_until_its_goodbye(server: RedisServer, near: RedisBusListener):
    server.client.publish(HEARTBEAT, encode_heartbeat(Heartbeat("a ghost", "alive")))
    await eventually(lambda: near.bus.may_have_lost)
    server.client.publish(HEARTBEAT, encode_heartbeat(Heartbeat("a ghost", "bye")))
    await eventually(lambda: not near.bus.may_have_lost)
    assert near.bus.connected


async def test_stalled_event_loop_does_not_reset_connection(near: RedisBusListener, monkeypatch: pytest.MonkeyPatch):
    disconnects: list[object] = []
    monkeypatch.setattr(telemetry, "redis_disconnected", lambda *why: disconnects.append(why))
    loop = asyncio.get_running_loop()
    clock, ahead = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: clock() + ahead)
    ahead = 60.0  # as if the loop had stalled for a minute
    await eventually(lambda: not near.bus.may_have_lost)
    assert disconnects == []
    assert near.bus.connected


async def test_subscription_confirmed_after_connecting_triggers_resync(proxy: Proxy, monkeypatch: pytest.MonkeyPatch):
    held: list[bytes] = []
    connect, connecting, go_on = pubsub_connection.RedisProtocol.connect, itertools.count(1), asyncio.Event()
    second = asyncio.Event()

    async def slowly(address: Address, on_reply: Callable[[Any], None]) -> pubsub_connection.RedisProtocol:
        if next(connecting) == 2:
            second.set()
            await go_on.wait()
        return await connect(address, on_reply)

    monkeypatch.setattr(pubsub_connection.RedisProtocol, "connect", staticmethod(slowly))

    def late(data: bytes) -> bytes:
        # Hold the confirmation of Alice's channel until the bus is connected.
        at = data.find(b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n" % (len(ALICE), ALICE.encode()))
        if at >= 0:
            held.append(data[at:])
            return data[:at]
        if held and b"message" in data:
            return held.pop() + data
        return data

    proxy.from_server = late
    bus = RedisBus([f"redis://127.0.0.1:{proxy.port}"], EPOCH)
    listener = RedisBusListener(bus)
    await second.wait()  # all channels so far are confirmed
    await bus.subscribe("alice")
    go_on.set()
    # Once because the bus is connected, and once more because Alice's channel was confirmed later.
    await eventually(lambda: listener.resyncs >= 2)
    assert held == []
    await bus.close()


class FakeStore:
    """The part of a store that `Maintenance` uses. The head of every log is 9."""

    async def heads(self, users: list[str]) -> dict[str, int]:
        return dict.fromkeys(users, 9)

    async def revoked(self, users: list[str]) -> dict[str, int]:
        return {}


class FakeDevice:
    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.behind = asyncio.Event()

    def offer(self, seq: int, encoded: object) -> None:
        self.seqs.append(seq)

    def expect_head(self, head: int) -> None:
        if head > max(self.seqs, default=0):
            self.behind.set()


async def test_single_lost_envelope_is_found_by_next_head_comparison(
    server: RedisServer, proxy: Proxy, near: RedisBusListener, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(resync, "FULL_CHECK_SECONDS", 0.5)
    proxy.from_server = loss = DropMessage(b"the last of the burst")
    bus = RedisBus([f"redis://127.0.0.1:{proxy.port}"], EPOCH)
    hub, phone = Hub(bus, lambda _: None), FakeDevice()
    await eventually(lambda: bus.connected)
    await hub.join("alice", phone)  # the part of a device that the hub uses
    hub.resync_requested.clear()
    maintenance_tasks = Maintenance(FakeStore(), hub)
    near.bus.publish([envelope("alice", seq, b"one of the burst") for seq in range(1, 9)])
    near.bus.publish([Envelope("alice", 9, b"the last of the burst", b"")])
    await eventually(lambda: loss.dropped == 1 and phone.seqs == list(range(1, 9)))
    maintenance_tasks.start()
    async with asyncio.timeout(TIMEOUT):
        await phone.behind.wait()
    assert not hub.resync_requested.is_set(), "found by a resync, not by the periodic comparison"
    await maintenance_tasks.close()
    await bus.close()


def test_loss_is_found_within_two_seconds():
    # The rest of the 2 s is for reading the log.
    assert pubsub_connection.HEARTBEAT_TIMEOUT_SECONDS + resync.RESYNC_SECONDS + resync.MIN_PAUSE_SECONDS < 2.0
    assert pubsub_connection.HEARTBEAT_TIMEOUT_SECONDS > 2 * pubsub_connection.HEARTBEAT_SECONDS, (
        "one late heartbeat must not cause a resync"
    )

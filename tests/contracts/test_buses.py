"""The bus contract on each bus: the local bus, Redis with one server, Redis with two."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from bussa_server.adapters.local_bus import LocalBus
from bussa_server.adapters.redis import RedisBus
from tests.contracts.bus_contract import BusContract, BusListener, RemoteBusContract, envelope
from tests.e2e.server_process import TIMEOUT
from tests.failure.deployment import eventually
from tests.failure.redis_servers import PROGRAMS, RedisServer

EPOCH = "k3f9"


class LocalNodes:
    async def open(self) -> BusListener:
        return BusListener(LocalBus())


class RedisNodes:
    def __init__(self, servers: list[RedisServer]) -> None:
        self.servers = servers
        self.buses: list[RedisBus] = []
        self._listeners: dict[str, list[BusListener]] = {}

    async def open(self, epoch: str = EPOCH) -> BusListener:
        others = self._listeners.setdefault(epoch, [])
        resyncs = [other.resyncs for other in others]
        bus = RedisBus([server.url for server in self.servers], epoch)
        self.buses.append(bus)
        listener = BusListener(bus)
        async with asyncio.timeout(TIMEOUT):
            while not bus.connected:
                await listener.wait()
        # The other nodes resync too, once per server.
        for other, before in zip(others, resyncs, strict=True):
            await other.wait_for_resync(before + len(self.servers) - 1)
        others.append(listener)
        return listener

    async def close(self) -> None:
        for bus in self.buses:
            await bus.close()


@pytest.fixture(scope="module", params=PROGRAMS)
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisServer]]:
    folder = tmp_path_factory.mktemp("redis")
    servers = [RedisServer(folder / str(number), program=PROGRAMS[request.param]) for number in range(2)]
    yield servers
    for server in servers:
        server.close()


class TestLocalBus(BusContract):
    @pytest.fixture
    def nodes(self) -> LocalNodes:
        return LocalNodes()

    async def test_local_bus_on_shared_store_may_always_have_lost(self):
        assert LocalBus(single_node=False).may_have_lost
        assert not LocalBus(single_node=True).has_other_nodes


class RedisBusContract(RemoteBusContract):
    COUNT: int

    @pytest.fixture
    async def nodes(self, servers: list[RedisServer]) -> AsyncIterator[RedisNodes]:
        nodes = RedisNodes(servers[: self.COUNT])
        yield nodes
        await nodes.close()

    @pytest.fixture(autouse=True)
    def _servers(self, servers: list[RedisServer]) -> None:
        self.servers = servers[: self.COUNT]

    def subscribed(self) -> list[int]:
        """The number of users' channels on each server."""
        return [len(server.client.pubsub_channels(f"bussa:{EPOCH}:u:*")) for server in self.servers]

    async def wait_until_unsubscribed(self, listener: BusListener, user: str) -> None:
        channel = f"bussa:{EPOCH}:u:{user}"

        def count() -> int:
            return sum(dict(server.client.pubsub_numsub(channel))[channel.encode()] for server in self.servers)

        await eventually(lambda: count() == 0, "unsubscribed")

    async def test_users_are_spread_evenly_over_servers(self, nodes: RedisNodes):
        here, there = await nodes.open(), await nodes.open()
        users = [f"user-{number}" for number in range(200)]
        await asyncio.gather(*(there.bus.subscribe(user) for user in users))
        subscribed = self.subscribed()
        assert sum(subscribed) == 200
        assert min(subscribed) > 70
        here.bus.publish([envelope(user) for user in users])
        async with asyncio.timeout(TIMEOUT):
            while len(there.received) < 200:
                await there.wait()
        assert {received.user for received in there.received} == set(users)

    async def test_concurrent_subscriptions_are_batched(self, nodes: RedisNodes):
        here, there = await nodes.open(), await nodes.open()
        for server in self.servers:
            server.client.config_resetstat()
        await asyncio.gather(*(there.bus.subscribe(f"user-{number}") for number in range(10_000)))
        calls = [server.client.info("commandstats")["cmdstat_subscribe"]["calls"] for server in self.servers]
        assert sum(self.subscribed()) == 10_000
        assert sum(calls) <= 10 + 2 * self.COUNT
        for number in range(10_000):
            there.bus.unsubscribe(f"user-{number}")
        await eventually(lambda: sum(self.subscribed()) == 0, "unsubscribed")
        calls = [server.client.info("commandstats")["cmdstat_unsubscribe"]["calls"] for server in self.servers]
        assert sum(calls) <= 10 + 2 * self.COUNT
        here.bus.publish([envelope("user-1")])
        assert there.received == []

    async def test_deployments_on_one_redis_are_isolated(self, nodes: RedisNodes):
        here, there, others = await nodes.open(), await nodes.open(), await nodes.open("another")
        for listener in (there, others):
            await listener.bus.subscribe("alice")
        before, there_before = others.resyncs, there.resyncs
        here.bus.publish([envelope("alice")])
        here.bus.announce_loss()
        await there.expect(envelope("alice"))
        await there.wait_for_resync(there_before)
        await others.bus.subscribe("bob")
        assert (others.received, others.resyncs) == ([], before)


class TestRedisBusOnOneServer(RedisBusContract):
    COUNT = 1


class TestRedisBusOnTwoServers(RedisBusContract):
    COUNT = 2

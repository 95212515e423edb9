"""Each bus is held to `bus_contract`: the one of a single node, and Redis with one server and with two."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from bussa_server.adapters.local_bus import LocalBus
from bussa_server.adapters.redis import RedisBus
from tests.contracts.bus_contract import BusContract, Ear, RemoteBusContract, envelope
from tests.failure.deployment import soon
from tests.failure.redis_servers import PROGRAMS, RedisServer
from tests.scenes.serving import SECONDS

EPOCH = "k3f9"


class Alone:
    async def open(self) -> Ear:
        return Ear(LocalBus())


class RedisNodes:
    def __init__(self, servers: list[RedisServer]) -> None:
        self.servers = servers
        self.buses: list[RedisBus] = []
        self._ears: dict[str, list[Ear]] = {}

    async def open(self, epoch: str = EPOCH) -> Ear:
        others = self._ears.setdefault(epoch, [])
        doubts = [other.doubts for other in others]
        bus = RedisBus([server.url for server in self.servers], epoch)
        self.buses.append(bus)
        ear = Ear(bus)
        async with asyncio.timeout(SECONDS):
            while not bus.whole:
                await ear.stir()
        # The others are told of it, too, once by each server.
        for other, before in zip(others, doubts, strict=True):
            await other.doubts_again(before + len(self.servers) - 1)
        others.append(ear)
        return ear

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
    def nodes(self) -> Alone:
        return Alone()

    async def test_with_others_on_the_same_store_it_always_doubts(self):
        assert LocalBus(alone=False).in_doubt
        assert not LocalBus(alone=True).remote


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
        """How many users' channels each server has."""
        return [len(server.client.pubsub_channels(f"bussa:{EPOCH}:u:*")) for server in self.servers]

    async def unwatched(self, ear: Ear, user: str) -> None:
        channel = f"bussa:{EPOCH}:u:{user}"

        def count() -> int:
            return sum(dict(server.client.pubsub_numsub(channel))[channel.encode()] for server in self.servers)

        await soon(lambda: count() == 0, "unwatched")

    async def test_users_are_spread_evenly_and_all_of_them_reached(self, nodes: RedisNodes):
        here, there = await nodes.open(), await nodes.open()
        users = [f"user-{number}" for number in range(200)]
        await asyncio.gather(*(there.bus.watch(user) for user in users))
        subscribed = self.subscribed()
        assert sum(subscribed) == 200
        assert min(subscribed) > 70
        here.bus.ring([envelope(user) for user in users])
        async with asyncio.timeout(SECONDS):
            while len(there.heard) < 200:
                await there.stir()
        assert {heard.user for heard in there.heard} == set(users)

    async def test_ten_thousand_watches_at_once_are_a_few_commands(self, nodes: RedisNodes):
        here, there = await nodes.open(), await nodes.open()
        for server in self.servers:
            server.client.config_resetstat()
        await asyncio.gather(*(there.bus.watch(f"user-{number}") for number in range(10_000)))
        calls = [server.client.info("commandstats")["cmdstat_subscribe"]["calls"] for server in self.servers]
        assert sum(self.subscribed()) == 10_000
        assert sum(calls) <= 10 + 2 * self.COUNT
        for number in range(10_000):
            there.bus.unwatch(f"user-{number}")
        await soon(lambda: sum(self.subscribed()) == 0, "unwatched")
        calls = [server.client.info("commandstats")["cmdstat_unsubscribe"]["calls"] for server in self.servers]
        assert sum(calls) <= 10 + 2 * self.COUNT
        here.bus.ring([envelope("user-1")])
        assert there.heard == []

    async def test_deployments_on_one_redis_do_not_hear_each_other(self, nodes: RedisNodes):
        here, there, others = await nodes.open(), await nodes.open(), await nodes.open("another")
        for ear in (there, others):
            await ear.bus.watch("alice")
        before, told = others.doubts, there.doubts
        here.bus.ring([envelope("alice")])
        here.bus.warn()
        await there.hears(envelope("alice"))
        await there.doubts_again(told)
        await others.bus.watch("bob")
        assert (others.heard, others.doubts) == ([], before)


class TestRedisBusOnOneServer(RedisBusContract):
    COUNT = 1


class TestRedisBusOnTwoServers(RedisBusContract):
    COUNT = 2

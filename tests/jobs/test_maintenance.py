"""Maintenance: events lost on the bus are found, even if no later event shows the gap."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from bussa_server.jobs import resync, trimming
from bussa_server.jobs.maintenance import Maintenance
from bussa_server.node.hub import Hub
from bussa_server.ports.store import Unavailable
from tests.session.clock import advance, turns
from tests.session.fakes import FaultyBus, FaultyNetwork
from tests.session.test_hub import RecordingDevice


class FakeHeads:
    """The part of the store that maintenance needs."""

    def __init__(self) -> None:
        self.queries: list[list[str]] = []
        self.trims = 0
        self.broken: Exception | None = None

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        self.queries.append(list(users))
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        return dict.fromkeys(self.queries[-1], 7)

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        return {}

    async def trim(self, now: int) -> int:
        self.trims += 1
        if self.broken is not None:
            raise self.broken
        return 0


class Node:
    def __init__(self) -> None:
        self.bus = FaultyBus(FaultyNetwork())
        self.hub = Hub(self.bus, lambda _: None)
        self.store = FakeHeads()
        self.maintenance = Maintenance(self.store, self.hub)
        self.device = RecordingDevice()


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    node = Node()
    await node.hub.join("alice", node.device)
    node.maintenance.start()
    yield node
    await node.maintenance.close()


async def test_heads_are_not_read_without_a_resync_request(node: Node) -> None:
    for _ in range(5):
        await advance(resync.RESYNC_SECONDS + 0.1)
    assert node.store.queries == []


async def test_resync_runs_immediately_and_once(node: Node) -> None:
    node.bus.on_resync()
    await turns(20)
    assert node.device.received == [("head", 7)]
    for _ in range(5):
        await advance(resync.RESYNC_SECONDS + 0.1)
    assert len(node.store.queries) == 1


async def test_resync_repeats_while_the_bus_may_have_lost_events(node: Node) -> None:
    node.bus.may_have_lost = True
    for _ in range(8):
        await advance(resync.RESYNC_SECONDS + 0.1)
    assert len(node.store.queries) >= 3


async def test_resync_request_survives_an_unavailable_store(node: Node) -> None:
    node.store.broken = Unavailable("unavailable")
    node.bus.on_resync()
    await turns(20)
    assert node.device.received == []
    node.store.broken = None
    for _ in range(3):
        await advance(resync.RESYNC_SECONDS + 0.1)
    assert node.device.received == [("head", 7)]


async def test_failing_task_is_repeated(node: Node) -> None:
    node.store.broken = KeyError("a defect")
    node.bus.on_resync()
    await advance(trimming.TRIM_SECONDS + 1)
    assert node.store.trims == 1
    node.store.broken = None
    node.bus.on_resync()
    for _ in range(3):
        await advance(trimming.TRIM_SECONDS + 1)
    assert node.store.trims >= 2
    assert ("head", 7) in node.device.received


async def test_heads_are_read_in_batches(node: Node) -> None:
    for number in range(2 * resync.HEADS_PER_QUERY):
        await node.hub.join(f"user-{number}", RecordingDevice())
    node.bus.on_resync()
    await turns(20)
    assert [len(users) for users in node.store.queries] == [resync.HEADS_PER_QUERY, resync.HEADS_PER_QUERY, 1]


async def test_closed_maintenance_leaves_nothing_running(node: Node) -> None:
    await node.maintenance.close()
    node.bus.on_resync()
    await turns(20)
    assert node.store.queries == []

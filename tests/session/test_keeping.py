"""The keeper: what was lost on the bus is found, also where nothing came after it."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from bussa_server.ports.store import Unavailable
from bussa_server.session import keeping
from bussa_server.session.hub import Hub
from bussa_server.session.keeping import Keeper
from tests.session.clock import advance, turns
from tests.session.fakes import FaultyBus, Wire
from tests.session.test_hub import Phone


class Heads:
    """The store, as far as the keeper needs it."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.trims = 0
        self.broken: Exception | None = None

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        self.asked.append(list(users))
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        return dict.fromkeys(self.asked[-1], 7)

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        return {}

    async def trim(self, now: int) -> int:
        self.trims += 1
        if self.broken is not None:
            raise self.broken
        return 0


class Node:
    def __init__(self) -> None:
        self.bus = FaultyBus(Wire())
        self.hub = Hub(self.bus, lambda _: None)
        self.store = Heads()
        self.keeper = Keeper(self.store, self.hub)
        self.phone = Phone()


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    node = Node()
    await node.hub.join("alice", node.phone)
    node.keeper.start()
    yield node
    await node.keeper.close()


async def test_no_doubt_no_question(node: Node) -> None:
    for _ in range(5):
        await advance(keeping.DOUBT_SECONDS + 0.1)
    assert node.store.asked == []


async def test_a_doubt_is_looked_into_at_once_and_once(node: Node) -> None:
    node.bus.on_doubt()
    await turns(20)
    assert node.phone.heard == [("check", 7)]
    for _ in range(5):
        await advance(keeping.DOUBT_SECONDS + 0.1)
    assert len(node.store.asked) == 1


async def test_while_the_bus_is_in_doubt_again_and_again(node: Node) -> None:
    node.bus.in_doubt = True
    for _ in range(8):
        await advance(keeping.DOUBT_SECONDS + 0.1)
    assert len(node.store.asked) >= 3


async def test_a_doubt_outlives_a_store_that_is_out_of_reach(node: Node) -> None:
    node.store.broken = Unavailable("gone")
    node.bus.on_doubt()
    await turns(20)
    assert node.phone.heard == []
    node.store.broken = None
    for _ in range(3):
        await advance(keeping.DOUBT_SECONDS + 0.1)
    assert node.phone.heard == [("check", 7)]


async def test_a_clock_whose_work_fails_goes_on(node: Node) -> None:
    node.store.broken = KeyError("a defect")
    node.bus.on_doubt()
    await advance(keeping.TRIM_SECONDS + 1)
    assert node.store.trims == 1
    node.store.broken = None
    node.bus.on_doubt()
    for _ in range(3):
        await advance(keeping.TRIM_SECONDS + 1)
    assert node.store.trims >= 2
    assert ("check", 7) in node.phone.heard


async def test_many_users_are_asked_for_in_portions(node: Node) -> None:
    for number in range(2 * keeping.HEADS):
        await node.hub.join(f"user-{number}", Phone())
    node.bus.on_doubt()
    await turns(20)
    assert [len(users) for users in node.store.asked] == [keeping.HEADS, keeping.HEADS, 1]


async def test_closed_it_leaves_nothing_running(node: Node) -> None:
    await node.keeper.close()
    node.bus.on_doubt()
    await turns(20)
    assert node.store.asked == []

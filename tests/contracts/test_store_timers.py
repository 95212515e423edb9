"""The port of timers: what is due is claimed by one node at a time, and stays until its command takes it away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bussa_server.adapters.postgres import PostgresStore
from bussa_server.domain.timers import Timer
from bussa_server.ports.timers import Timers
from tests.contracts.sample_rows import set_timers, with_touch
from tests.contracts.store_backends import BACKENDS
from tests.postgres import fresh_database

NOW = 1_764_000_000_000
KINDS = ["remind", "snooze"]


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Timers]:
    with with_touch():
        async with BACKENDS[request.param](tmp_path / "data") as store_backend:
            store = await store_backend.open()
            yield store
            await store.close()


def timers(*dues: int, kind: str = "remind") -> list[Timer]:
    return [Timer(kind, f"at {due}", NOW + due, b"{}") for due in dues]


async def claim(store: Timers, now: int = NOW, until: int = NOW + 5_000, limit: int = 100) -> list[Timer]:
    return list((await store.claim_timers(KINDS, now, until, limit)).timers)


async def test_due_timers_are_claimed_in_the_order_of_their_dues(store: Timers) -> None:
    await set_timers(store, *timers(3, -2, 0, -1, 4), *timers(-5, kind="unknown here"))
    claimed, next_due = await store.claim_timers(KINDS, NOW, NOW + 5_000, 100)
    assert [timer.due - NOW for timer in claimed] == [-2, -1, 0]
    assert [(timer.kind, timer.key, timer.payload) for timer in claimed[:1]] == [("remind", "at -2", b"{}")]
    assert next_due == NOW + 3


async def test_claim_ends_when_its_time_has_come(store: Timers) -> None:
    await set_timers(store, *timers(-1, 0))
    assert len(await claim(store)) == 2
    assert await claim(store) == await claim(store, NOW + 4_999) == []
    again = await claim(store, NOW + 5_000, NOW + 10_000)
    assert len(again) == 2
    assert all(one.is_same(other) for one, other in zip(timers(-1, 0), again, strict=True))


async def test_claim_takes_no_more_than_the_limit_the_oldest_first(store: Timers) -> None:
    await set_timers(store, *timers(*range(-9, 1)))
    found = [[timer.due - NOW for timer in await claim(store, limit=4)] for _ in range(4)]
    assert found == [[-9, -8, -7, -6], [-5, -4, -3, -2], [-1, 0], []]


async def test_timer_that_is_set_again_is_claimed_again(store: Timers) -> None:
    await set_timers(store, *timers(-1))
    assert len(await claim(store)) == 1
    await set_timers(store, *timers(-1))
    assert len(await claim(store)) == 1


async def test_empty_table_has_nothing_due(store: Timers) -> None:
    assert await store.claim_timers(KINDS, NOW, NOW + 5_000, 10) == ([], None)
    assert await store.claim_timers([], NOW, NOW + 5_000, 10) == ([], None)


async def test_nodes_claiming_at_once_share_the_timers() -> None:
    with with_touch():
        async with fresh_database() as url:
            stores = await asyncio.gather(*(PostgresStore.open(url) for _ in range(3)))
            await set_timers(stores[0], *timers(*range(-300, 0)))
            found: list[Timer] = []

            async def claim_all(store: PostgresStore) -> None:
                while some := await claim(store, limit=7):
                    found.extend(some)

            await asyncio.gather(*(claim_all(store) for store in stores))
            assert sorted(timer.due - NOW for timer in found) == list(range(-300, 0))
            await asyncio.gather(*(store.close() for store in stores))

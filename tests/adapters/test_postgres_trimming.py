"""Trimming on several nodes with different clocks, of logs longer than one transaction trims."""

import asyncio

import pytest

from bussa_server.adapters.postgres import PostgresStore, trimming
from bussa_server.domain.commands import Command
from tests import commands
from tests.adapters.postgres_workload import CommandGenerator
from tests.postgres import fresh_database

DAY = 24 * 3600 * 1000
NOW = 20_000 * DAY


@pytest.fixture(autouse=True)
def small_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "LOG_RETENTION_EVENTS", 10)
    monkeypatch.setattr(trimming, "USERS_PER_TRANSACTION", 2)
    monkeypatch.setattr(trimming, "ROWS_PER_TRANSACTION", 7)


def mutes(user: str, peer: str, count: int) -> list[Command]:
    """Commands that append ``count`` events to the log of ``user``."""
    return [commands.Mute(user, peer, number % 2 == 0) for number in range(count)]


async def test_old_events_beyond_the_count_are_trimmed_once() -> None:
    async with fresh_database() as url:
        stores = [await PostgresStore.open(url), await PostgresStore.open(url)]
        one, other = stores
        generator = CommandGenerator(1, 5)
        first, second, third, *_ = generator.ids
        await one.commit(generator.create_users(), NOW)
        await one.commit(mutes(first, second, 40), NOW - 8 * DAY)
        await one.commit(mutes(second, first, 40), NOW - 8 * DAY)
        await one.commit(mutes(second, first, 15), NOW - 6 * DAY)
        await one.commit(mutes(third, first, 40), NOW - 6 * DAY)
        trimmed = 0
        for _ in range(20):
            trimmed += sum(await asyncio.gather(one.trim(NOW), other.trim(NOW)))
        assert trimmed == 30 + 40
        for user, head, tail in ((first, 40, 31), (second, 55, 41), (third, 40, 1)):
            page = await one.log(user, tail - 1, 500)
            assert (page.head, page.tail) == (head, tail)
            assert [event.seq for event in page.events] == list(range(tail, head + 1))
            if tail > 1:
                assert await one.log(user, tail - 2, 500) == type(page)((), head, tail)
        for store in stores:
            await store.close()


async def test_lagging_clock_leaves_no_hole_in_trimmed_log() -> None:
    async with fresh_database() as url:
        store = await PostgresStore.open(url)
        generator = CommandGenerator(1, 2)
        first, second = generator.ids
        await store.commit(generator.create_users(), NOW)
        for number in range(40):
            at = NOW - (6 if number == 20 else 8) * DAY
            await store.commit(mutes(first, second, 2)[number % 2 : number % 2 + 1], at)
        assert await store.trim(NOW) == 20
        page = await store.log(first, 20, 500)
        assert [event.seq for event in page.events] == list(range(21, 41))
        await store.close()

"""What befalls a database: nothing acknowledged is lost, nothing is done twice, and all goes on by itself."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import pytest

from bussa_server.adapters.postgres import PostgresStore, committing
from bussa_server.adapters.postgres.failures import OUTSIDE
from bussa_server.adapters.postgres.loading import ask
from bussa_server.domain import commands
from bussa_server.domain.book import Carried, Posted
from bussa_server.ports.store import Unavailable
from tests.adapters.postgres_crowd import Crowd, check
from tests.adapters.postgres_proxy import Proxy
from tests.postgres import Server, fresh_database

NOW = 1_700_000_000_000
DEADLINE = 8.0
"""Seconds: the store's own deadline, and room for a slow machine."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.remove()


@pytest.fixture
async def url(server: Server) -> AsyncIterator[str]:
    async with fresh_database(server.url) as fresh:
        yield fresh


async def opened(url: str, crowd: Crowd) -> PostgresStore:
    store = await PostgresStore.open(url)
    await store.commit(crowd.arrive(), NOW)
    return store


class Senders:
    """Send without end, and repeat what was not answered, until they are told to stop."""

    def __init__(self, store: PostgresStore, crowd: Crowd) -> None:
        self._store = store
        self._crowd = crowd
        self.sent: dict[tuple[str, str], Posted] = {}
        self._grew = asyncio.Event()
        self._stop = False

    async def grow(self, more: int) -> None:
        """Wait until so many messages more are acknowledged."""
        enough = len(self.sent) + more
        while len(self.sent) < enough:
            self._grew.clear()
            await self._grew.wait()

    async def run(self) -> None:
        while not self._stop:
            batch = [self._crowd.send() for _ in range(5)]
            while True:
                try:
                    outcomes = await self._store.commit(batch, NOW)
                    break
                except Unavailable:
                    await asyncio.sleep(0.01)
            for command, outcome in zip(batch, outcomes, strict=True):
                assert isinstance(outcome, Carried)
                if isinstance(outcome.result, Posted):
                    known = self.sent.setdefault((command.user, command.nonce), outcome.result)
                    assert known == outcome.result
            self._grew.set()

    async def during(self, trouble: Callable[[], Awaitable[None]]) -> None:
        """Send while there is trouble, and a hundred messages more after it."""

        async def until_it_is_over() -> None:
            await trouble()
            await self.grow(100)
            self._stop = True

        async with asyncio.TaskGroup() as group:
            group.create_task(self.run())
            group.create_task(until_it_is_over())


async def test_terminated_backends_lose_nothing_and_do_nothing_twice(url: str) -> None:
    crowd = Crowd(1, 4)
    stores = [await opened(url, crowd), await opened(url, crowd)]
    senders = [Senders(store, crowd) for store in stores]
    killed = 0

    async def terminate() -> None:
        nonlocal killed
        admin = await asyncpg.connect(url)
        while killed < 40:
            await asyncio.sleep(0.02)
            killed += await admin.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'bussa' AND datname = current_database() AND state <> 'idle'"
            )
        await admin.close()

    await asyncio.gather(*(some.during(terminate) for some in senders))
    for some in senders:
        await check(stores[0], crowd.ids, some.sent)
    for store in stores:
        await store.close()


async def test_a_server_that_dies_and_comes_back_has_all_that_was_acknowledged(server: Server, url: str) -> None:
    crowd = Crowd(2, 4)
    store = await opened(url, crowd)
    senders = Senders(store, crowd)

    async def die_and_come_back() -> None:
        for _ in range(3):
            await senders.grow(50)
            await asyncio.to_thread(server.stop, signal.SIGQUIT)
            with pytest.raises(Unavailable):
                await store.heads(crowd.ids)
            await asyncio.to_thread(server.start)

    await senders.during(die_and_come_back)
    await check(store, crowd.ids, senders.sent)
    await store.close()


async def test_a_commit_whose_answer_was_cut_off_is_unavailable_and_its_nonce_settles_it(url: str) -> None:
    crowd = Crowd(3, 3)
    proxy = Proxy(url)
    store = await opened(await proxy.start(), crowd)
    ann, bob, _ = crowd.ids
    for turn in range(5):
        send = commands.Send(ann, bob, "ciao", f"n{turn}")
        proxy.cut_at = b"COMMIT"
        with pytest.raises(Unavailable):
            await store.commit([send], NOW)
        proxy.cut_at = None
        assert proxy.cuts == turn + 1
        (outcome,) = await store.commit([send], NOW)
        assert isinstance(outcome, Carried)
        assert isinstance(outcome.result, Posted)
        assert outcome.result.n == turn + 1
        # It had been committed before the cut, or else this one would have appended.
        assert not outcome.entries
    await check(store, crowd.ids, {})
    await store.close()
    await proxy.close()


async def test_a_silent_server_is_unavailable_within_the_deadline(url: str) -> None:
    crowd = Crowd(4, 3)
    proxy = Proxy(url)
    store = await opened(await proxy.start(), crowd)
    await store.heads(crowd.ids)
    proxy.freeze()
    async with asyncio.timeout(DEADLINE):
        answers = await asyncio.gather(
            store.commit([crowd.send()], NOW),
            *(store.heads(crowd.ids) for _ in range(20)),
            store.trim(NOW),
            return_exceptions=True,
        )
    assert {type(answer) for answer in answers} == {Unavailable}
    proxy.thaw()
    await store.commit([crowd.send()], NOW)
    assert await store.heads(crowd.ids)
    await store.close()
    await proxy.close()


async def test_a_database_that_is_too_slow_is_unavailable_within_the_deadline(url: str) -> None:
    crowd = Crowd(5, 3)
    store = await opened(url, crowd)
    slow = await asyncpg.connect(url)
    await slow.execute("BEGIN; LOCK TABLE bussa.people")
    async with asyncio.timeout(DEADLINE):
        answers = await asyncio.gather(
            store.commit([crowd.send()], NOW), store.heads(crowd.ids), return_exceptions=True
        )
    assert {type(answer) for answer in answers} == {Unavailable}
    await slow.execute("ROLLBACK")
    await store.commit([crowd.send()], NOW)
    assert await store.heads(crowd.ids)
    await slow.close()
    await store.close()


async def test_a_node_that_stands_still_in_the_middle_of_a_commit_holds_nobody_up_for_long(url: str) -> None:
    crowd = Crowd(6, 2)
    ann, bob = crowd.ids
    store = await opened(url, crowd)
    send = commands.Send(ann, bob, "ciao", "n1")
    still = await committing.writer(url)
    await still.execute(ask([send]).locking())
    (outcome,) = await store.commit([send], NOW)
    assert isinstance(outcome, Carried)
    assert isinstance(outcome.result, Posted)
    with pytest.raises(OUTSIDE):
        await still.execute("COMMIT")
    still.terminate()
    await store.close()


async def test_a_database_that_is_read_only_for_a_while_takes_no_commit_and_can_be_read(url: str) -> None:
    crowd = Crowd(7, 3)
    store = await opened(url, crowd)
    admin = await asyncpg.connect(url)

    async def turn(setting: str) -> None:
        await admin.execute("SET default_transaction_read_only = off")
        name = await admin.fetchval("SELECT current_database()")
        await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {setting}")

    await turn("on")
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(Unavailable, match="25006"):
            await store.commit([crowd.send()], NOW)
    assert await store.heads(crowd.ids)
    assert (await PostgresStore.open(url)).epoch == store.epoch
    await turn("off")
    (outcome,) = await store.commit([crowd.send()], NOW)
    assert isinstance(outcome, Carried)
    await admin.close()
    await store.close()


async def test_a_server_without_a_free_connection_is_unavailable(server: Server, url: str) -> None:
    crowd = Crowd(8, 3)
    store = await opened(url, crowd)
    taken: list[asyncpg.Connection] = []
    while True:
        try:
            taken.append(await asyncpg.connect(url))
        except asyncpg.TooManyConnectionsError:
            break
    with pytest.raises(Unavailable):
        await store.heads(crowd.ids)
    for connection in taken:
        await connection.close()
    assert await store.heads(crowd.ids)
    await store.close()


async def test_a_closed_store_is_unavailable_and_leaves_no_connection(url: str) -> None:
    crowd = Crowd(9, 3)
    store = await opened(url, crowd)
    await asyncio.gather(*(store.heads(crowd.ids) for _ in range(10)))
    await store.close()
    with pytest.raises(Unavailable):
        await store.commit([crowd.send()], NOW)
    with pytest.raises(Unavailable):
        await store.heads(crowd.ids)
    admin = await asyncpg.connect(url)
    for _ in range(500):  # the server takes a moment to see that they are gone
        left = await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bussa'")
        if not left:
            break
        await asyncio.sleep(0.01)
    assert left == 0
    await admin.close()


async def test_an_act_that_is_given_up_leaves_nothing_behind(url: str) -> None:
    crowd = Crowd(10, 3)
    store = await opened(url, crowd)
    for turn in range(30):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(turn / 5000):
                await store.commit([crowd.send() for _ in range(20)], NOW)
    await store.commit([crowd.send()], NOW)
    await check(store, crowd.ids, {})
    await store.close()

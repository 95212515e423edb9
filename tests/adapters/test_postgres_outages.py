"""Database outages: no acknowledged message is lost, none is committed twice, and the store recovers by itself."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import pytest

from bussa_server.adapters.postgres import PostgresStore, committing
from bussa_server.adapters.postgres.failures import DB_ERRORS
from bussa_server.adapters.postgres.loading import plan_load
from bussa_server.domain.unit_of_work import MessageSent, Outcome
from bussa_server.ports.store import Unavailable
from tests import commands
from tests.adapters.postgres_proxy import Proxy
from tests.adapters.postgres_workload import CommandGenerator, check_invariants
from tests.postgres import Server, fresh_database

NOW = 1_700_000_000_000
DEADLINE = 8.0
"""Seconds: the store's own deadline, and a margin for a slow machine."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.remove()


@pytest.fixture
async def url(server: Server) -> AsyncIterator[str]:
    async with fresh_database(server.url) as fresh:
        yield fresh


async def open_store(url: str, generator: CommandGenerator) -> PostgresStore:
    store = await PostgresStore.open(url)
    await store.commit(generator.create_users(), NOW)
    return store


class Sender:
    """Sends batch after batch, and repeats those that were not answered."""

    def __init__(self, store: PostgresStore, generator: CommandGenerator) -> None:
        self._store = store
        self._generator = generator
        self.sent: dict[tuple[str, str], MessageSent] = {}
        self._sent_more = asyncio.Event()
        self._stop = False

    async def wait_for_sent(self, more: int) -> None:
        """Wait until ``more`` further messages are acknowledged."""
        enough = len(self.sent) + more
        while len(self.sent) < enough:
            self._sent_more.clear()
            await self._sent_more.wait()

    async def run(self) -> None:
        while not self._stop:
            batch = [self._generator.send() for _ in range(5)]
            while True:
                try:
                    outcomes = await self._store.commit(batch, NOW)
                    break
                except Unavailable:
                    await asyncio.sleep(0.01)
            for command, outcome in zip(batch, outcomes, strict=True):
                assert isinstance(outcome, Outcome)
                if isinstance(outcome.result, MessageSent):
                    known = self.sent.setdefault((command.user, command.request.nonce), outcome.result)
                    assert known == outcome.result
            self._sent_more.set()

    async def run_during(self, outage: Callable[[], Awaitable[None]]) -> None:
        """Send during an outage, and a hundred messages after it."""

        async def stop_after_outage() -> None:
            await outage()
            await self.wait_for_sent(100)
            self._stop = True

        async with asyncio.TaskGroup() as group:
            group.create_task(self.run())
            group.create_task(stop_after_outage())


async def test_terminated_backends_neither_lose_nor_duplicate_messages(url: str) -> None:
    generator = CommandGenerator(1, 4)
    stores = [await open_store(url, generator), await open_store(url, generator)]
    senders = [Sender(store, generator) for store in stores]
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

    await asyncio.gather(*(sender.run_during(terminate) for sender in senders))
    for sender in senders:
        await check_invariants(stores[0], generator.ids, sender.sent)
    for store in stores:
        await store.close()


async def test_acknowledged_messages_survive_server_crash(server: Server, url: str) -> None:
    generator = CommandGenerator(2, 4)
    store = await open_store(url, generator)
    sender = Sender(store, generator)

    async def crash_and_restart() -> None:
        for _ in range(3):
            await sender.wait_for_sent(50)
            await asyncio.to_thread(server.stop, signal.SIGQUIT)
            with pytest.raises(Unavailable):
                await store.heads(generator.ids)
            await asyncio.to_thread(server.start)

    await sender.run_during(crash_and_restart)
    await check_invariants(store, generator.ids, sender.sent)
    await store.close()


async def test_commit_with_lost_answer_is_unavailable_and_settled_by_nonce(url: str) -> None:
    generator = CommandGenerator(3, 3)
    proxy = Proxy(url)
    store = await open_store(await proxy.start(), generator)
    ann, bob, _ = generator.ids
    for turn in range(5):
        send = commands.Send(ann, bob, "ciao", f"n{turn}")
        proxy.cut_at = b"COMMIT"
        with pytest.raises(Unavailable):
            await store.commit([send], NOW)
        proxy.cut_at = None
        assert proxy.cuts == turn + 1
        (outcome,) = await store.commit([send], NOW)
        assert isinstance(outcome, Outcome)
        assert isinstance(outcome.result, MessageSent)
        assert outcome.result.n == turn + 1
        # No entries: the first attempt was committed before the cut.
        assert not outcome.entries
    await check_invariants(store, generator.ids, {})
    await store.close()
    await proxy.close()


async def test_silent_server_is_unavailable_within_the_deadline(url: str) -> None:
    generator = CommandGenerator(4, 3)
    proxy = Proxy(url)
    store = await open_store(await proxy.start(), generator)
    await store.heads(generator.ids)
    proxy.freeze()
    async with asyncio.timeout(DEADLINE):
        answers = await asyncio.gather(
            store.commit([generator.send()], NOW),
            *(store.heads(generator.ids) for _ in range(20)),
            store.trim(NOW),
            return_exceptions=True,
        )
    assert {type(answer) for answer in answers} == {Unavailable}
    proxy.thaw()
    await store.commit([generator.send()], NOW)
    assert await store.heads(generator.ids)
    await store.close()
    await proxy.close()


async def test_slow_database_is_unavailable_within_the_deadline(url: str) -> None:
    generator = CommandGenerator(5, 3)
    store = await open_store(url, generator)
    other = await asyncpg.connect(url)
    await other.execute("BEGIN; LOCK TABLE bussa.people")
    async with asyncio.timeout(DEADLINE):
        answers = await asyncio.gather(
            store.commit([generator.send()], NOW), store.heads(generator.ids), return_exceptions=True
        )
    assert {type(answer) for answer in answers} == {Unavailable}
    await other.execute("ROLLBACK")
    await store.commit([generator.send()], NOW)
    assert await store.heads(generator.ids)
    await other.close()
    await store.close()


async def test_stalled_node_does_not_block_others_for_long(url: str) -> None:
    generator = CommandGenerator(6, 2)
    ann, bob = generator.ids
    store = await open_store(url, generator)
    send = commands.Send(ann, bob, "ciao", "n1")
    stalled = await committing.connect_writer(url)
    await stalled.execute(plan_load([send]).lock_script())
    (outcome,) = await store.commit([send], NOW)
    assert isinstance(outcome, Outcome)
    assert isinstance(outcome.result, MessageSent)
    with pytest.raises(DB_ERRORS):
        await stalled.execute("COMMIT")
    stalled.terminate()
    await store.close()


async def test_read_only_database_refuses_commits_and_serves_reads(url: str) -> None:
    generator = CommandGenerator(7, 3)
    store = await open_store(url, generator)
    admin = await asyncpg.connect(url)

    async def set_read_only(setting: str) -> None:
        await admin.execute("SET default_transaction_read_only = off")
        name = await admin.fetchval("SELECT current_database()")
        await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {setting}")

    await set_read_only("on")
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(Unavailable, match="25006"):
            await store.commit([generator.send()], NOW)
    assert await store.heads(generator.ids)
    assert (await PostgresStore.open(url)).epoch == store.epoch
    await set_read_only("off")
    (outcome,) = await store.commit([generator.send()], NOW)
    assert isinstance(outcome, Outcome)
    await admin.close()
    await store.close()


async def test_server_without_free_connection_is_unavailable(server: Server, url: str) -> None:
    generator = CommandGenerator(8, 3)
    store = await open_store(url, generator)
    taken: list[asyncpg.Connection] = []
    while True:
        try:
            taken.append(await asyncpg.connect(url))
        except asyncpg.TooManyConnectionsError:
            break
    with pytest.raises(Unavailable):
        await store.heads(generator.ids)
    for connection in taken:
        await connection.close()
    assert await store.heads(generator.ids)
    await store.close()


async def test_closed_store_is_unavailable_and_leaves_no_connection(url: str) -> None:
    generator = CommandGenerator(9, 3)
    store = await open_store(url, generator)
    await asyncio.gather(*(store.heads(generator.ids) for _ in range(10)))
    await store.close()
    with pytest.raises(Unavailable):
        await store.commit([generator.send()], NOW)
    with pytest.raises(Unavailable):
        await store.heads(generator.ids)
    admin = await asyncpg.connect(url)
    for _ in range(500):  # the server takes a moment to notice the closed connections
        left = await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bussa'")
        if not left:
            break
        await asyncio.sleep(0.01)
    assert left == 0
    await admin.close()


async def test_cancelled_command_leaves_no_connection_behind(url: str) -> None:
    generator = CommandGenerator(10, 3)
    store = await open_store(url, generator)
    sent: dict[tuple[str, str], MessageSent] = {}
    cancelled = answered = 0
    # Longer and longer timeouts, until some are just too short for a commit and some just long enough.
    for turn in range(1000):
        batch = [generator.send() for _ in range(20)]
        try:
            async with asyncio.timeout(turn / 5000):
                outcomes = await store.commit(batch, NOW)
        except TimeoutError:
            cancelled += 1
            continue
        answered += 1
        for command, outcome in zip(batch, outcomes, strict=True):
            assert isinstance(outcome, Outcome)
            if isinstance(outcome.result, MessageSent):
                sent.setdefault((command.user, command.request.nonce), outcome.result)
        if answered == 5:
            break
    assert cancelled >= 5
    assert answered == 5
    assert sent
    await store.commit([generator.send()], NOW)
    await check_invariants(store, generator.ids, sent)
    await store.close()

"""Timers that are due: each has its effect once, whoever dies; a failing one waits and does not hold up the others."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from msgspec import structs

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames.events import SettingsEvent
from bussa_protocol.frames.parts import Settings
from bussa_server import telemetry
from bussa_server.adapters.postgres import PostgresStore
from bussa_server.adapters.sqlite import SqliteStore
from bussa_server.domain.commands import Command
from bussa_server.domain.handlers.shared import append, next_seq
from bussa_server.domain.handlers.timers import KINDS, TimerKind
from bussa_server.domain.rows import RowKey
from bussa_server.domain.timers import Timer
from bussa_server.domain.unit_of_work import Done, Entry, Result, UnitOfWork
from bussa_server.jobs import runner
from bussa_server.jobs.runner import CLAIM_MILLIS, MAX_RETRY_SECONDS, PAGE, Runner, retry_seconds, wall_clock
from bussa_server.node.commit_queue import CommitQueue
from bussa_server.ports.store import CommandFailed, Faulted
from tests import commands
from tests.contracts.sample_rows import Sample, sample_rows, set_timers, touch
from tests.contracts.store_backends import BACKENDS
from tests.memory_store import MemoryStore
from tests.postgres import fresh_database
from tests.session.clock import advance

NOW = 1_764_000_000_000
USERS = ["ann", "bob", "cy"]


def sample_key(timer_key: str) -> tuple[str, str, int, bool, bytes]:
    return ("remind", timer_key, 0, False, b"")


def remind(uow: UnitOfWork, timer: Timer, now: int) -> tuple[Entry, ...]:
    """Counts in a row of its own, and tells the user whom the timer names."""
    key = sample_key(timer.key)
    found = uow.row(Sample, *key)
    if found is None:
        found = Sample(*key, word="", text="", count=0, yes=False, blob=b"")
    uow.put(structs.replace(found, count=found.count + 1))
    user = uow.users[user_of(timer)]
    return (append(uow, user, None, SettingsEvent(seq=next_seq(user), settings=Settings()), now),)


def user_of(timer: Timer) -> str:
    return timer.key.partition(":")[0]


def rows_of_remind(timer: Timer) -> list[RowKey]:
    return [(Sample, sample_key(timer.key))]


def remind_again(uow: UnitOfWork, timer: Timer, now: int) -> tuple[Entry, ...]:
    uow.set_timer(timer.kind, timer.key, timer.due + 60_000)
    return remind(uow, timer, now)


def fail(uow: UnitOfWork, timer: Timer, now: int) -> tuple[Entry, ...]:
    remind(uow, timer, now)
    raise ZeroDivisionError


TEST_KINDS = {
    "remind": TimerKind(remind, user_of, rows=rows_of_remind),
    "remind again": TimerKind(remind_again, user_of, rows=rows_of_remind),
    "broken": TimerKind(fail, user_of, rows=rows_of_remind),
}


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, kind in TEST_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)
    with sample_rows():
        yield


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class Node:
    """A runner, whose commits go by its own clock; `die` says where it stands still for ever."""

    def __init__(self, store: Any, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.stands_still = asyncio.Event()
        self.dies: str | None = None
        self.results: list[Result] = []
        self.runner = Runner(store, self.commit, now=clock)

    async def commit(self, command: Command) -> Result:
        if self.dies == "before the commit":
            await self._stand_still()
        (outcome,) = await self.store.commit([command], self.clock())
        if self.dies == "after the commit":
            await self._stand_still()
        if isinstance(outcome, Faulted):
            raise CommandFailed from outcome.error
        self.results.append(outcome.result)
        return outcome.result

    async def _stand_still(self) -> None:
        self.stands_still.set()
        await asyncio.Event().wait()

    async def kill(self, when: str) -> None:
        """Run what is due up to a certain moment, and no further."""
        self.dies = when
        task = asyncio.create_task(self.runner.run_due())
        await self.stands_still.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(params=BACKENDS)
async def node(request: pytest.FixtureRequest, tmp_path: Path, kinds: None) -> AsyncIterator[Node]:
    async with BACKENDS[request.param](tmp_path / "data") as store_backend:
        store = await store_backend.open()
        await create_users(store)
        yield Node(store, Clock())
        await store.close()


async def create_users(store: Any) -> None:
    await store.commit([commands.PutUser(user, UserChange()) for user in USERS], NOW)


def timers(count: int, kind: str = "remind", due: int = NOW) -> list[Timer]:
    return [Timer(kind, f"{USERS[number % 3]}:{number}", due - number) for number in range(count)]


async def counts(store: Any, *all_timers: Timer) -> list[int]:
    """How often each timer has had its effect."""

    def read(uow: UnitOfWork) -> list[int]:
        rows = [uow.row(Sample, *sample_key(timer.key)) for timer in all_timers]
        return [0 if row is None else row.count for row in rows]

    (outcome,) = await store.commit([touch([(Sample, sample_key(timer.key)) for timer in all_timers], read)], NOW)
    return outcome.result


async def stored(store: Any, timer: Timer) -> Timer | None:
    (outcome,) = await store.commit(
        [touch([(Timer, (timer.kind, timer.key))], lambda uow: [uow.row(Timer, timer.kind, timer.key)])], NOW
    )
    return outcome.result[0]


async def test_each_due_timer_has_its_effect_once(node: Node) -> None:
    due, later = timers(2 * PAGE + 5), timers(5, due=NOW + 60_000)
    later = [structs.replace(timer, key=f"{timer.key} later") for timer in later]
    await set_timers(node.store, *due, *later)
    for _ in range(2):
        assert await node.runner.run_due() == 1.0
        assert await counts(node.store, *due) == [1] * len(due)
        assert await counts(node.store, *later) == [0] * len(later)
    assert node.results == [Done()] * len(due)
    assert sum((await node.store.heads(USERS)).values()) == len(due)
    node.clock.now += 60_000
    await node.runner.run_due()
    assert await counts(node.store, *due, *later) == [1] * (len(due) + len(later))


async def test_runner_waits_for_the_next_due_timer(node: Node) -> None:
    await set_timers(node.store, *timers(1, due=NOW + 250))
    assert await node.runner.run_due() == 0.25
    node.clock.now += 250
    assert await node.runner.run_due() == 1.0
    assert len(node.results) == 1


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
async def test_timers_of_a_dead_node_are_run_by_another(node: Node, when: str) -> None:
    due = timers(10)
    await set_timers(node.store, *due)
    await node.kill(when)
    other = Node(node.store, node.clock)
    if when == "before the commit":
        await other.runner.run_due()
        assert await counts(other.store, *due) == [0] * 10
    node.clock.now += CLAIM_MILLIS
    await other.runner.run_due()
    assert await counts(other.store, *due) == [1] * 10
    assert sum((await node.store.heads(USERS)).values()) == 10


async def test_timer_run_twice_has_its_effect_once(node: Node) -> None:
    due = timers(4)
    await set_timers(node.store, *due)
    claimed, _ = await node.store.claim_timers(KINDS, NOW, NOW + CLAIM_MILLIS, PAGE)
    both = [KINDS[timer.kind].command(timer) for timer in [*claimed, *claimed]]
    outcomes = await node.store.commit(both, NOW)
    assert [isinstance(outcome.result, Done) for outcome in outcomes] == [True] * 4 + [False] * 4
    assert await counts(node.store, *due) == [1] * 4


async def test_timer_cancelled_or_moved_after_its_claim_is_not_run(node: Node) -> None:
    cancelled, moved, changed = due = timers(3)
    await set_timers(node.store, *due)
    claimed, _ = await node.store.claim_timers(KINDS, NOW, NOW + CLAIM_MILLIS, PAGE)

    def change(uow: UnitOfWork) -> None:
        uow.cancel_timer(cancelled.kind, cancelled.key)
        uow.set_timer(moved.kind, moved.key, NOW + 1_000)
        uow.set_timer(changed.kind, changed.key, changed.due, b"[]")

    await node.store.commit([touch([], change)], NOW)
    await node.store.commit([KINDS[timer.kind].command(timer) for timer in claimed], NOW)
    assert await counts(node.store, *due) == [0, 0, 0]
    await node.runner.run_due()
    assert await counts(node.store, *due) == [0, 0, 1]
    node.clock.now += 1_000
    await node.runner.run_due()
    assert await counts(node.store, *due) == [0, 1, 1]


async def test_timer_is_not_run_before_it_is_due(node: Node) -> None:
    (timer,) = timers(1, due=NOW + 1)
    await set_timers(node.store, timer)
    await node.store.commit([KINDS[timer.kind].command(timer)], NOW)
    assert await counts(node.store, timer) == [0]


async def test_recurring_timer_runs_once_a_due(node: Node) -> None:
    (timer,) = timers(1, "remind again")
    await set_timers(node.store, timer)
    for turn in range(1, 4):
        for _ in range(2):
            await node.runner.run_due()
            assert await counts(node.store, timer) == [turn]
        node.clock.now += 60_000


async def test_timer_of_an_unknown_kind_is_left(node: Node) -> None:
    await set_timers(node.store, Timer("of a newer server", "key", NOW), *timers(1))
    await node.runner.run_due()
    assert await counts(node.store, *timers(1)) == [1]
    assert await stored(node.store, Timer("of a newer server", "key", NOW)) == Timer("of a newer server", "key", NOW)


def total(kind: str, outcome: str) -> int:
    wanted = f'bussa_timers_total{{kind="{kind}",outcome="{outcome}"}} '
    lines = [line for line in telemetry.metrics().decode().splitlines() if line.startswith(wanted)]
    return int(float(lines[0].removeprefix(wanted))) if lines else 0


async def test_failing_timer_is_retried_with_backoff_and_stops_no_other(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    (broken,) = timers(1, "broken")
    good = [structs.replace(timer, key=f"{timer.key} good") for timer in timers(10)]
    await set_timers(node.store, broken, *good)
    failed, done = total("broken", "failed"), total("remind", "done")
    waited: list[float] = []
    for attempts in range(1, 5):
        await node.runner.run_due()
        assert await counts(node.store, broken, *good) == [0] + [1] * 10
        kept = await stored(node.store, broken)
        assert kept is not None
        assert (kept.due, kept.attempts) == (broken.due, attempts)
        waited.append((kept.held_until - node.clock.now) / 1000)
        assert retry_seconds(attempts) * 0.75 <= waited[-1] <= retry_seconds(attempts) * 1.25
        node.clock.now = kept.held_until - 1
        await node.runner.run_due()
        assert await stored(node.store, broken) == kept
        node.clock.now = kept.held_until
    assert waited == sorted(waited)
    assert total("broken", "failed") - failed == 4
    assert total("remind", "done") - done == 10
    monkeypatch.setitem(KINDS, "broken", TEST_KINDS["remind"])
    await node.runner.run_due()
    assert await counts(node.store, broken) == [1]
    assert await stored(node.store, broken) is None


def test_backoff_grows_up_to_an_hour() -> None:
    assert [retry_seconds(attempts) for attempts in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 8.0]
    assert retry_seconds(13) == retry_seconds(10_000) == MAX_RETRY_SECONDS


async def test_kind_that_can_not_name_its_user_is_retried() -> None:
    node = Node(MemoryStore(), Clock())
    await create_users(node.store)
    node.runner = Runner(
        node.store,
        node.commit,
        kinds={**TEST_KINDS, "broken": TimerKind(remind, lambda timer: {}[timer])},
        now=node.clock,
    )
    (broken,) = timers(1, "broken")
    await set_timers(node.store, broken, *timers(1))
    await node.runner.run_due()
    kept = await stored(node.store, broken)
    assert kept is not None
    assert kept.attempts == 1
    assert await counts(node.store, *timers(1)) == [1]


async def test_outage_of_the_store_delays_timers_and_loses_none() -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    store, clock = MemoryStore(), Clock()
    await create_users(store)
    node = Node(store, clock)
    node.runner = Runner(store, node.commit, now=lambda: NOW + int((loop.time() - start) * 1000))
    (timer,) = timers(1, due=NOW + 1_000)
    await set_timers(store, timer)
    clock.now = NOW + 60_000
    node.runner.start()
    store.unavailable = True
    await advance(30.0)
    store.unavailable = False
    assert await counts(store, timer) == [0]
    await advance(1.1)
    assert await counts(store, timer) == [1]
    await node.runner.close()


async def test_runner_without_kinds_asks_for_nothing() -> None:
    class Asked:
        claim_timers: Callable[..., Awaitable[Any]]

    idle = Runner(Asked(), Node(MemoryStore(), Clock()).commit, kinds={})
    idle.start()
    await advance(10.0)
    await idle.close()


class Cluster:
    """Nodes with stores, commit queues and runners of their own, by the real clock."""

    def __init__(self, stores: list[Any]) -> None:
        self.stores = stores
        self.ran: Counter[str] = Counter()
        self.progressed = asyncio.Event()
        self._queues = [CommitQueue(store, self._deliver, lambda *_: None, lambda: None) for store in stores]
        self.runners = [Runner(store, queue.commit) for store, queue in zip(stores, self._queues, strict=True)]

    def _deliver(self, entry: Entry, origin: object) -> None:
        self.ran[entry.user] += 1
        self.progressed.set()

    async def until(self, total: int) -> None:
        async with asyncio.timeout(60):
            while self.ran.total() < total:
                self.progressed.clear()
                await self.progressed.wait()

    async def pause(self) -> None:
        """Until something has been run, or for a moment."""
        self.progressed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await self.progressed.wait()

    async def close(self) -> None:
        await asyncio.gather(*(one.close() for one in self.runners))
        # A runner that is closed does not wait for the commit that it has asked for.
        await asyncio.gather(*(queue.drain() for queue in self._queues))
        await asyncio.gather(*(store.close() for store in self.stores))


async def test_one_node_runs_what_is_set_while_it_runs(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data")
    await create_users(store)
    cluster = Cluster([store])
    cluster.runners[0].start()
    due = timers(50, due=wall_clock())
    await set_timers(store, *due)
    await cluster.until(50)
    assert await counts(store, *due) == [1] * 50
    await cluster.close()


async def test_three_nodes_run_each_timer_once() -> None:
    async with fresh_database() as url:
        cluster = Cluster(list(await asyncio.gather(*(PostgresStore.open(url) for _ in range(3)))))
        await create_users(cluster.stores[0])
        due = timers(3 * PAGE, due=wall_clock())
        await set_timers(cluster.stores[0], *due)
        for one in cluster.runners:
            one.start()
        await cluster.until(len(due))
        assert await counts(cluster.stores[1], *due) == [1] * len(due)
        assert sum((await cluster.stores[2].heads(USERS)).values()) == len(due)
        await cluster.close()


async def test_killed_connections_neither_lose_nor_double_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PAGE", 10)
    monkeypatch.setattr(runner, "CLAIM_MILLIS", 500)
    async with fresh_database() as url:
        cluster = Cluster(list(await asyncio.gather(*(PostgresStore.open(url) for _ in range(3)))))
        await create_users(cluster.stores[0])
        due = timers(600, due=wall_clock())
        await set_timers(cluster.stores[0], *due)
        for one in cluster.runners:
            one.start()
        admin = await asyncpg.connect(url)
        killed = 0
        async with asyncio.timeout(60):
            # An answer may have been lost: it is the table that says what is done.
            while await admin.fetchval("SELECT count(*) FROM bussa.timers"):
                if killed < 40:
                    killed += await admin.fetchval(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                await cluster.pause()
        await admin.close()
        assert killed >= 9
        assert await counts(cluster.stores[1], *due) == [1] * len(due)
        assert sum((await cluster.stores[2].heads(USERS)).values()) == len(due)
        await cluster.close()

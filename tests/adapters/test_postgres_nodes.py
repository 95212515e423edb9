"""Several stores on one database, as on several nodes: batches are serialized, and no rule is bypassed."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames.requests import SendRequest
from bussa_server.adapters.postgres import PostgresStore, committing
from bussa_server.adapters.postgres.saving import save_script
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import MessageSent, Outcome, Refusal, Taken, UnitOfWork, UserSaved
from bussa_server.domain.users import User
from bussa_server.ports.store import Faulted
from tests import commands
from tests.adapters.postgres_workload import CommandGenerator, check_invariants
from tests.postgres import fresh_database

NOW = 1_700_000_000_000


@asynccontextmanager
async def nodes(count: int) -> AsyncIterator[tuple[str, list[PostgresStore]]]:
    """Nodes that start at the same time, on an empty database."""
    async with fresh_database() as url:
        stores = await asyncio.gather(*(PostgresStore.open(url) for _ in range(count)))
        yield url, list(stores)
        await asyncio.gather(*(store.close() for store in stores))


async def deadlocks(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_stat_clear_snapshot()")
        return await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    finally:
        await connection.close()


@pytest.mark.parametrize("seed", range(4))
async def test_batches_of_three_nodes_are_serialized(seed: int) -> None:
    async with nodes(3) as (url, stores):
        generator = CommandGenerator(seed, 5)
        await stores[0].commit(generator.create_users(), NOW)
        sent: dict[tuple[str, str], MessageSent] = {}

        async def work(store: PostgresStore, batches: list[list[Command]]) -> None:
            for batch in batches:
                outcomes = await store.commit(batch, NOW)
                for command, outcome in zip(batch, outcomes, strict=True):
                    assert isinstance(outcome, Outcome)
                    if isinstance(command.request, SendRequest) and isinstance(outcome.result, MessageSent):
                        known = sent.setdefault((command.user, command.request.nonce), outcome.result)
                        assert known == outcome.result

        await asyncio.gather(*(work(store, list(generator.batches(40, 30))) for store in stores))
        assert len(sent) > 100
        assert await deadlocks(url) == 0
        # Blocks would hide messages from the check.
        unblock: list[Command] = [
            commands.Block(one, other, False) for one in generator.ids for other in generator.ids if one != other
        ]
        await stores[0].commit(unblock, NOW)
        await check_invariants(stores[1], generator.ids, sent)


async def test_user_id_signed_up_on_two_nodes_goes_to_one() -> None:
    async with nodes(2) as (url, stores):
        for turn in range(10):
            names = [f"name{turn}x{number}" for number in range(100)]
            # Both nodes sign up the same names, in opposite orders.
            batches: list[list[Command]] = [
                [commands.SignUp(name, f"of {node}", "a hash") for name in (names, names[::-1])[node]]
                for node in (0, 1)
            ]
            answers = await asyncio.gather(
                *(store.commit(batch, NOW) for store, batch in zip(stores, batches, strict=True))
            )
            winners: Counter[str] = Counter()
            for node, (batch, outcomes) in enumerate(zip(batches, answers, strict=True)):
                for command, outcome in zip(batch, outcomes, strict=True):
                    assert not isinstance(outcome, Faulted)
                    if isinstance(outcome.result, Taken):
                        continue
                    assert isinstance(outcome.result, UserSaved)
                    winners[command.user] += 1
                    if winners.total() % 10:
                        continue  # a sample is enough
                    user = await stores[1 - node].get_user(command.user)
                    assert user is not None
                    assert user.name == f"of {node}"
            assert winners == Counter(names)
        assert await deadlocks(url) == 0


async def test_sign_ups_in_opposite_order_do_not_deadlock() -> None:
    async with fresh_database() as url:
        await (await PostgresStore.open(url)).close()
        connections = await asyncio.gather(committing.connect_writer(url), committing.connect_writer(url))
        for turn in range(10):
            scripts: list[str] = []
            for node in (0, 1):
                users = [User(f"name{turn}x{number}", "") for number in range(1000)][:: (1, -1)[node]]
                uow = UnitOfWork(changed_users={user.id: user for user in users})
                keys = range(turn * 2000 + node * 1000 + 1, turn * 2000 + node * 1000 + 1001)
                scripts.append(f"BEGIN;\n{save_script(uow, keys, {}, NOW)}COMMIT")
            answers = await asyncio.gather(
                *(connection.execute(script) for connection, script in zip(connections, scripts, strict=True)),
                return_exceptions=True,
            )
            refused = [answer for answer in answers if answer != "COMMIT"]
            assert [type(answer) for answer in refused] == [asyncpg.UniqueViolationError]
            for connection in connections:
                await connection.execute("ROLLBACK")
        for connection in connections:
            await connection.close()


async def test_user_created_during_a_batch_is_unknown_to_it() -> None:
    async with nodes(2) as (_, (one, other)):
        await one.commit([commands.PutUser("ann", UserChange(dm_policy="anyone"))], NOW)
        results: Counter[str] = Counter()
        # Until bob was created before the batch and after it, at least once each.
        for turn in range(1000):
            bob = f"bob{turn}"
            create: list[Command] = [commands.PutUser(bob, UserChange(dm_policy="anyone"))]
            restrict: list[Command] = [commands.PutUser(bob, UserChange(dm_policy="nobody"))]
            send: list[Command] = [commands.Send("ann", bob, "ciao", f"n{turn}")]

            async def commit_in_turn(*batches: list[Command]) -> None:
                for batch in batches:
                    await one.commit(batch, NOW)

            async def commit_after(pause: float, batch: list[Command]) -> Outcome:
                await asyncio.sleep(pause)
                (outcome,) = await other.commit(batch, NOW)
                assert isinstance(outcome, Outcome)
                return outcome

            outcome, _ = await asyncio.gather(commit_after(turn % 10 / 1000, send), commit_in_turn(create, restrict))
            head = (await one.heads([bob]))[bob]
            log = await one.log(bob, 0, 10)
            assert [event.seq for event in log.events] == list(range(1, head + 1))
            assert (len(log.events) == 2) == isinstance(outcome.result, MessageSent)
            results[outcome.result.code if isinstance(outcome.result, Refusal) else "sent"] += 1
            if turn >= 60 and results["not_found"] and results["sent"]:
                break
        assert results["not_found"]
        assert results["sent"]


async def test_message_is_never_committed_after_block_was_answered() -> None:
    async with nodes(2) as (_, (theirs, mine)):
        generator = CommandGenerator(0, 2)
        ann, bob = generator.ids
        await mine.commit(generator.create_users(), NOW)
        numbers = itertools.count()
        seen: Counter[str] = Counter()

        async def send_until(stop: asyncio.Event, first_sent: asyncio.Event) -> None:
            while not stop.is_set():
                sends = [commands.Send(bob, ann, "ciao", f"n{next(numbers)}") for _ in range(3)]
                for outcome in await theirs.commit(sends, NOW):
                    assert isinstance(outcome, Outcome)
                    seen[type(outcome.result).__name__] += 1
                first_sent.set()

        for turn in range(1000):
            stop, first_sent = asyncio.Event(), asyncio.Event()
            sending = asyncio.create_task(send_until(stop, first_sent))
            if turn % 2:
                await first_sent.wait()
            await mine.commit([commands.Block(ann, bob, True)], NOW)
            answered = await mine.heads([ann, bob])
            stop.set()
            await sending
            assert await mine.heads([ann, bob]) == answered
            await mine.commit([commands.Block(ann, bob, False)], NOW)
        # Sends raced the block from both sides.
        assert seen["MessageSent"] > 100
        assert seen["Refusal"] > 100

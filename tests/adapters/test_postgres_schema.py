"""Opening a database: bringing it up to date, two versions side by side, the epoch, and what is no database for us."""

import asyncio
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from bussa_server.adapters.postgres import DatabaseError, PostgresStore, database, new_epoch
from bussa_server.adapters.postgres.database import Step
from bussa_server.ports.store import Unavailable
from tests.adapters.postgres_crowd import Crowd, check
from tests.postgres import fresh_database, shared

NOW = 1_700_000_000_000
STEPS = database.migrations()
OWN = STEPS[-1].version
EXPANDS = Step(OWN + 1, 1, "ALTER TABLE people ADD COLUMN extra integer; CREATE TABLE more (key bigint)")
CONTRACTS = Step(OWN + 2, OWN + 1, "ALTER TABLE people DROP COLUMN revoked_at")


def test_steps_ascend_from_one_without_holes_and_name_a_version_that_there_was() -> None:
    assert [step.version for step in STEPS] == list(range(1, OWN + 1))
    assert all(1 <= step.oldest <= step.version for step in STEPS)


async def test_nodes_that_start_at_once_make_one_schema_and_one_epoch() -> None:
    async with fresh_database() as url:
        stores = await asyncio.gather(*(PostgresStore.open(url) for _ in range(5)))
        assert len({store.epoch for store in stores}) == 1
        again = await PostgresStore.open(url)
        assert again.epoch == stores[0].epoch
        for store in (*stores, again):
            await store.close()
    async with fresh_database() as url:
        other = await PostgresStore.open(url)
        assert other.epoch != again.epoch
        await other.close()


async def test_an_old_server_goes_on_beside_a_new_one() -> None:
    async with fresh_database() as url:
        crowd = Crowd(1, 4)
        old = await PostgresStore.open(url)
        await old.commit(crowd.arrive(), NOW)
        await database.prepare(url, [*STEPS, EXPANDS])
        for batch in crowd.batches(10):
            await old.commit(batch, NOW)
        # An old one may start too: the rolling restart goes on, or back.
        another = await PostgresStore.open(url)
        await another.commit([crowd.send()], NOW)
        await check(another, crowd.ids, {})
        for store in (old, another):
            await store.close()


async def test_a_server_that_is_too_old_for_the_schema_does_not_start() -> None:
    async with fresh_database() as url:
        await database.prepare(url, [*STEPS, EXPANDS, CONTRACTS])
        with pytest.raises(DatabaseError, match=rf"newer Bussa .schema {OWN + 2}.*at least {OWN + 1}.*up to {OWN}"):
            await PostgresStore.open(url)
        assert await database.prepare(url, [*STEPS, EXPANDS])


async def test_a_step_that_fails_leaves_the_schema_as_it_was() -> None:
    async with fresh_database() as url:
        store = await PostgresStore.open(url)
        broken = Step(OWN + 1, 1, "CREATE TABLE half (key bigint); SELECT 1 / 0")
        with pytest.raises(DatabaseError, match="22012"):
            await database.prepare(url, [*STEPS, broken])
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT to_regclass('bussa.half')") is None
        assert await connection.fetchval("SELECT max(version) FROM bussa.versions") == OWN
        await connection.close()
        await store.close()


async def test_what_else_is_in_the_database_is_left_alone() -> None:
    async with fresh_database() as url:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE people (mine text); INSERT INTO people VALUES ('kept')")
        store = await PostgresStore.open(url)
        await store.commit(Crowd(1, 3).arrive(), NOW)
        await store.close()
        assert await connection.fetchval("SELECT string_agg(mine, '') FROM people") == "kept"
        await connection.close()


async def test_a_role_without_the_right_to_make_schemas_serves_one_that_was_made_for_it() -> None:
    async with fresh_database() as url:
        role = f"role_{urlsplit(url).path[1:]}"
        connection = await asyncpg.connect(url)
        await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
        own = urlsplit(url)
        theirs = urlunsplit(own._replace(netloc=f"{role}:secret@{own.netloc.rpartition('@')[2]}"))
        with pytest.raises(DatabaseError, match="42501"):
            await PostgresStore.open(theirs)
        await connection.execute(f"CREATE SCHEMA bussa AUTHORIZATION {role}")
        store = await PostgresStore.open(theirs)
        crowd = Crowd(2, 3)
        await store.commit(crowd.arrive(), NOW)
        await store.commit([crowd.send()], NOW)
        await check(store, crowd.ids, {})
        await store.close()
        await connection.execute(f"DROP SCHEMA bussa CASCADE; DROP ROLE {role}")
        await connection.close()


async def test_a_restored_database_is_given_another_epoch() -> None:
    async with fresh_database() as url:
        with pytest.raises(DatabaseError, match="nothing of Bussa's"):
            await new_epoch(url)
        store = await PostgresStore.open(url)
        await store.close()
        epoch = await new_epoch(url)
        assert epoch != store.epoch
        again = await PostgresStore.open(url)
        assert again.epoch == epoch
        await again.close()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"scheme": "mysql"}, "URL"),
        ({"path": "/there_is_no_such_database"}, "3D000"),
    ],
)
async def test_what_is_no_database_for_us_is_said_so(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(DatabaseError, match=complaint):
        await PostgresStore.open(urlunsplit(urlsplit(shared())._replace(**change)))


async def test_a_database_in_another_encoding_is_refused() -> None:
    connection = await asyncpg.connect(shared())
    await connection.execute("CREATE DATABASE bussa_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        with pytest.raises(DatabaseError, match="LATIN1"):
            await PostgresStore.open(urlunsplit(urlsplit(shared())._replace(path="/bussa_latin")))
    finally:
        await connection.execute("DROP DATABASE bussa_latin WITH (FORCE)")
        await connection.close()


async def test_a_database_out_of_reach_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await PostgresStore.open("postgresql://postgres@127.0.0.1:1/postgres")

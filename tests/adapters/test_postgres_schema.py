"""Opening a database: migrations, two versions side by side, the epoch, databases that can't be used."""

import asyncio
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from bussa_server.adapters.postgres import DatabaseError, PostgresStore, database, new_epoch
from bussa_server.adapters.postgres.database import Step
from bussa_server.ports.store import Unavailable
from tests.adapters.postgres_workload import CommandGenerator, check_invariants
from tests.postgres import fresh_database, shared_server_url

NOW = 1_700_000_000_000
STEPS = database.migrations()
OWN = STEPS[-1].version
EXPANDS = Step(OWN + 1, 1, "ALTER TABLE people ADD COLUMN extra integer; CREATE TABLE more (key bigint)")
CONTRACTS = Step(OWN + 2, OWN + 1, "ALTER TABLE people DROP COLUMN revoked_at")


def test_migrations_ascend_without_holes_and_name_a_known_oldest_version() -> None:
    assert [step.version for step in STEPS] == list(range(1, OWN + 1))
    assert all(1 <= step.oldest <= step.version for step in STEPS)


async def test_nodes_starting_concurrently_create_one_schema_and_epoch() -> None:
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


async def test_old_server_keeps_running_beside_a_new_one() -> None:
    async with fresh_database() as url:
        generator = CommandGenerator(1, 4)
        old = await PostgresStore.open(url)
        await old.commit(generator.create_users(), NOW)
        await database.prepare(url, [*STEPS, EXPANDS])
        for batch in generator.batches(10):
            await old.commit(batch, NOW)
        # An old server can also start, as when a rolling restart is reverted.
        another = await PostgresStore.open(url)
        await another.commit([generator.send()], NOW)
        await check_invariants(another, generator.ids, {})
        for store in (old, another):
            await store.close()


async def test_server_too_old_for_the_schema_does_not_start() -> None:
    async with fresh_database() as url:
        await database.prepare(url, [*STEPS, EXPANDS, CONTRACTS])
        with pytest.raises(
            DatabaseError,
            match=rf"newer Bussa .schema version {OWN + 2}.*at least version {OWN + 1}.*for version {OWN}",
        ):
            await PostgresStore.open(url)
        assert await database.prepare(url, [*STEPS, EXPANDS])


async def test_failed_migration_is_rolled_back() -> None:
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


async def test_other_schemas_are_left_alone() -> None:
    async with fresh_database() as url:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE people (mine text); INSERT INTO people VALUES ('kept')")
        store = await PostgresStore.open(url)
        await store.commit(CommandGenerator(1, 3).create_users(), NOW)
        await store.close()
        assert await connection.fetchval("SELECT string_agg(mine, '') FROM people") == "kept"
        await connection.close()


async def test_role_without_create_privilege_can_use_an_existing_schema() -> None:
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
        generator = CommandGenerator(2, 3)
        await store.commit(generator.create_users(), NOW)
        await store.commit([generator.send()], NOW)
        await check_invariants(store, generator.ids, {})
        await store.close()
        await connection.execute(f"DROP SCHEMA bussa CASCADE; DROP ROLE {role}")
        await connection.close()


async def test_new_epoch_is_stored_after_a_restore() -> None:
    async with fresh_database() as url:
        with pytest.raises(DatabaseError, match="no Bussa schema yet"):
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
async def test_unusable_database_is_refused_with_a_message(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(DatabaseError, match=complaint):
        await PostgresStore.open(urlunsplit(urlsplit(shared_server_url())._replace(**change)))


async def test_a_database_in_another_encoding_is_refused() -> None:
    connection = await asyncpg.connect(shared_server_url())
    await connection.execute("CREATE DATABASE bussa_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        with pytest.raises(DatabaseError, match="LATIN1"):
            await PostgresStore.open(urlunsplit(urlsplit(shared_server_url())._replace(path="/bussa_latin")))
    finally:
        await connection.execute("DROP DATABASE bussa_latin WITH (FORCE)")
        await connection.close()


async def test_unreachable_database_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await PostgresStore.open("postgresql://postgres@127.0.0.1:1/postgres")

"""A repeated nonce is compared with what was sent: by its digest, or by the stored text where there is none."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import apsw
import asyncpg
import pytest

from bussa_server.adapters.postgres import PostgresStore
from bussa_server.adapters.postgres import database as postgres_database
from bussa_server.adapters.sqlite import SqliteStore
from bussa_server.adapters.sqlite import database as sqlite_database
from bussa_server.domain.unit_of_work import MessageSent
from bussa_server.ports.store import Store
from tests import commands
from tests.contracts.actions import StoreActions, codes
from tests.postgres import fresh_database

# The rows of ann's message 2 to bob, with the nonce x, in the schemas before the digest.
SQLITE_ROWS = """
INSERT INTO people VALUES (1, 'ann', '', 'anyone', 1, 1, NULL, 0), (2, 'bob', '', 'anyone', 1, 1, NULL, 0);
INSERT INTO pairs VALUES (1, 1, 2);
INSERT INTO sides VALUES (1, 2, 1, 'inbox', 0, 0, 0, 0, 0, 0, 1), (2, 1, 1, 'inbox', 0, 0, 0, 0, 0, 0, 1);
INSERT INTO messages VALUES (1, 1, 1, 1, 1, 'inbox', 5, NULL, 'ciao'), (2, 1, 2, 2, 1, 'inbox', 6, 1, 'ehi');
INSERT INTO log VALUES (1, 1, 5, 2, 1, NULL, 'w'), (1, 2, 6, 2, 2, NULL, 'x'), (2, 1, 5, 1, 1, NULL, NULL),
    (2, 2, 6, 1, 2, NULL, NULL);
"""
POSTGRES_ROWS = """
INSERT INTO people (key, id, name, dm_policy, knocks, read_receipts, revoked_at, head, newest) VALUES
    (1, 'ann', '', 'anyone', true, true, 0, 2, 'bob'), (2, 'bob', '', 'anyone', true, true, 0, 2, 'ann');
INSERT INTO sides VALUES (1, 2, 'inbox', false, false, false, false, 2, 0, 0, 1),
    (2, 1, 'inbox', false, false, false, false, 0, 0, 0, 1);
INSERT INTO messages VALUES (1, 2, 1, 1, 1, 5, NULL, 'inbox', 'ciao'), (1, 2, 2, 2, 1, 6, 1, 'inbox', 'ehi');
INSERT INTO log (owner, seq, at, peer, n, nonce) VALUES (1, 1, 5, 2, 1, 'w'), (1, 2, 6, 2, 2, 'x'),
    (2, 1, 5, 1, 1, NULL), (2, 2, 6, 1, 2, NULL);
"""


class Database(NamedTuple):
    """A database that a store opens, and that is changed behind its back in between."""

    open: Callable[[], Awaitable[Store]]
    execute: Callable[[str], Awaitable[None]]
    make_old: Callable[[], Awaitable[None]]
    """Create it with the schema before the digest, and with the rows above."""


@asynccontextmanager
async def sqlite(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    file = folder / sqlite_database.FILE_NAME

    async def open() -> Store:
        return SqliteStore(folder)

    async def execute(script: str) -> None:
        connection = apsw.Connection(str(file))
        connection.execute(script).fetchall()
        connection.close()

    async def make_old() -> None:
        steps = [step for step in sqlite_database.migrations() if step[0] < 4]
        with monkeypatch.context() as patched:
            patched.setattr(sqlite_database, "migrations", lambda: steps)
            connection, _ = sqlite_database.open_for_writing(file)
            connection.close()
        await execute(SQLITE_ROWS)

    yield Database(open, execute, make_old)


@asynccontextmanager
async def postgres(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    async with fresh_database() as url:

        async def open() -> Store:
            return await PostgresStore.open(url)

        async def execute(script: str) -> None:
            connection = await asyncpg.connect(url)
            await connection.execute(f"SET search_path = bussa; {script}")
            await connection.close()

        async def make_old() -> None:
            await postgres_database.prepare(url, [step for step in postgres_database.migrations() if step.version < 3])
            await execute(POSTGRES_ROWS)

        yield Database(open, execute, make_old)


@pytest.fixture(params=[sqlite, postgres])
async def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    async with request.param(tmp_path, monkeypatch) as database:
        yield database


async def test_repeat_is_compared_with_what_was_sent_and_not_with_the_stored_text(database: Database) -> None:
    store = await database.open()
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    ciao = commands.Send("ann", "bob", "ciao", "x")
    (first,) = await actions.do(ciao)
    await store.close()
    await database.execute("UPDATE messages SET text = 'changed', reply_to = 1")

    actions = StoreActions(await database.open())
    assert await actions.do(ciao) == [first]
    others = [commands.Send("ann", "bob", "changed", "x", 1), commands.Send("ann", "bob", "ciao", "x", 1)]
    assert codes(await actions.do(*others)) == ["conflict", "conflict"]
    assert [message.text for message in await actions.history("bob", "ann")] == ["changed"]
    await actions.store.close()


async def test_repeat_of_a_message_without_digest_is_compared_with_the_stored_text(database: Database) -> None:
    await database.make_old()
    actions = StoreActions(await database.open())
    repeats = [commands.Send("ann", "bob", "ciao", "w"), commands.Send("ann", "bob", "ehi", "x", 1)]
    assert await actions.do(*repeats) == [
        MessageSent("bob", 1, 1, 5, "inbox"),
        MessageSent("bob", 2, 2, 6, "inbox"),
    ]
    others = [commands.Send("ann", "bob", "ehi", "x"), commands.Send("ann", "bob", "ehi!", "x", 1)]
    assert codes(await actions.do(*others)) == ["conflict", "conflict"]
    assert (await actions.send("ann", "bob", "a new one"))[0].n == 3
    await actions.store.close()

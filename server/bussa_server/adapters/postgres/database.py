"""Schema migrations, and the epoch.

All tables are in the schema ``bussa`` of the given database, which may hold other schemas too.

**Two versions side by side.** A rolling restart has old and new servers on one database, and the first new server
migrates it. So migrations follow expand and contract. A step first expands: it adds tables, optional columns,
indexes; an old server keeps working. Only a step of a *later* release drops what no version in use needs any more.
The first line of each step names the oldest schema version whose servers work with the result (``-- oldest: 1``).
A server that finds a schema newer than its own works with it unless it is older than that; otherwise it refuses to
start and says why.

**The epoch** identifies the logs. A database that was restored from a backup, or whose standby took over without
the last commits, has lost events that devices have seen: it needs another epoch. Stop the servers, restore, call
`new_epoch`, start the servers; every device then reloads its conversations.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import NamedTuple, TypeVar

from bussa_server.adapters.postgres import sql
from bussa_server.adapters.postgres.connections import TIMEOUT_SECONDS, connect
from bussa_server.adapters.postgres.failures import DB_ERRORS, is_transient, sqlstate, unavailable
from bussa_server.adapters.postgres.sql import Connection

T = TypeVar("T")

_OLDEST_SERVER = 14
MIGRATION_TIMEOUT_SECONDS = 3600.0
"""A step may build an index over a whole table."""
_LOCK_ID = 0x42757373
"""The advisory lock ("Buss") of migrations: one node at a time."""
_LOCK_SECONDS = 60
"""How long to wait for the migrations of another node."""
_TABLE_LOCK_MILLIS = 2000
"""How long a step may wait for a table lock: later requests for the table queue behind it."""


class DatabaseError(Exception):
    """The database can't be used; the message says why and what to do."""


class Step(NamedTuple):
    """A migration. ``oldest``: see above."""

    version: int
    oldest: int
    script: str


def migrations() -> list[Step]:
    """The migrations, by version: 1, 2, 3, …"""
    steps: list[Step] = []
    for entry in resources.files("bussa_server.adapters.postgres").joinpath("migrations").iterdir():
        named = re.fullmatch(r"(\d{4})_\w+\.sql", entry.name)
        if named:
            script = entry.read_text(encoding="utf-8")
            oldest = re.match(r"-- oldest: (\d+)\n", script)
            assert oldest is not None, f"{entry.name} does not begin with `-- oldest: VERSION`"
            steps.append(Step(int(named[1]), int(oldest[1]), script))
    return sorted(steps)


async def prepare(url: str, steps: list[Step]) -> str:
    """Migrate the schema if it is not up to date; returns the epoch.

    Raises:
        DatabaseError: an unsupported server or encoding, a schema too new, no permission.
        Unavailable: the database can't be reached.
    """

    async def work(connection: Connection) -> str:
        await _check_server(connection)
        await _migrate(connection, steps)
        return await _epoch(connection)

    return await _with_connection(url, MIGRATION_TIMEOUT_SECONDS, work)


async def new_epoch(url: str) -> str:
    """Begin a new epoch, after a restore; no server may be running. Returns it.

    Raises:
        DatabaseError: the database has no Bussa schema, no permission.
        Unavailable: the database can't be reached.
    """

    async def work(connection: Connection) -> str:
        if await _versions(connection) is None:
            raise DatabaseError("the database has no Bussa schema yet")
        epoch = secrets.token_hex(8)
        put = "INSERT INTO meta VALUES ('epoch', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        await connection.execute(put, epoch)
        return epoch

    return await _with_connection(url, TIMEOUT_SECONDS, work)


async def _epoch(connection: Connection) -> str:
    read = "SELECT value FROM meta WHERE name = 'epoch'"
    if await connection.fetchval(read) is None:
        await connection.execute("INSERT INTO meta VALUES ('epoch', $1) ON CONFLICT DO NOTHING", secrets.token_hex(8))
    epoch: str = await connection.fetchval(read)
    return epoch


async def _with_connection(url: str, seconds: float, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Run ``work`` on a new connection; map errors to messages for the operator."""
    try:
        async with asyncio.timeout(seconds):
            connection = await connect(url, writing=True)
            try:
                return await work(connection)
            finally:
                connection.terminate()
    except DB_ERRORS as error:
        if isinstance(error, sql.BadUrlError):
            raise DatabaseError("invalid database URL") from error
        if is_transient(error):
            raise unavailable(error) from error
        raise DatabaseError(f"the database can't be used: {error} ({sqlstate(error)})") from error


async def _check_server(connection: Connection) -> None:
    major = connection.get_server_version().major
    if major < _OLDEST_SERVER:
        raise DatabaseError(f"PostgreSQL {major} is too old; {_OLDEST_SERVER} or newer is needed")
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise DatabaseError(
            f"the database's encoding is {encoding}; it must be UTF8 (CREATE DATABASE … ENCODING 'UTF8')"
        )


async def _versions(connection: Connection) -> tuple[int, int] | None:
    """The version of the schema, and the oldest version that works with it; None: there is no schema yet."""
    if await connection.fetchval("SELECT to_regclass('bussa.versions')") is None:
        return None
    found = "SELECT coalesce(max(version), 0), coalesce(max(oldest), 0) FROM versions"
    version, oldest = await connection.fetchrow(found)
    return version, oldest


async def _migrate(connection: Connection, steps: list[Step]) -> None:
    own = steps[-1].version
    found = await _versions(connection)
    if found is None or found[0] < own:
        await connection.execute(
            f"BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{_LOCK_SECONDS}s';"
            f"SELECT pg_advisory_xact_lock({_LOCK_ID}); SET LOCAL lock_timeout = {_TABLE_LOCK_MILLIS}"
        )
        await _apply_steps(connection, steps)
        await connection.execute("COMMIT")
        found = await _versions(connection)
    assert found is not None
    version, oldest = found
    if oldest > own:
        raise DatabaseError(
            f"the database needs a newer Bussa (schema version {version}, which needs a server for at least version"
            f" {oldest}; this server is for version {own})"
        )


async def _apply_steps(connection: Connection, steps: list[Step]) -> None:
    """Apply the missing steps. Must run inside the transaction, under the lock."""
    # Checked first, because IF NOT EXISTS needs the privilege to create schemas even if the schema exists.
    if await connection.fetchval("SELECT to_regnamespace('bussa')") is None:
        await connection.execute("CREATE SCHEMA bussa")
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS versions (version integer PRIMARY KEY, oldest integer NOT NULL,"
        " at timestamptz NOT NULL DEFAULT now())"
    )
    found = await _versions(connection)
    reached = found[0] if found is not None else 0
    for version, oldest, script in steps:
        if version > reached:
            await connection.execute(script)
            await connection.execute("INSERT INTO versions VALUES ($1, $2)", version, oldest)

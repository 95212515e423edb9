"""The backends that the suite of the store port runs on. A new adapter adds one row to `BACKENDS`."""

import asyncio
import atexit
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bussa_server.adapters.postgres import PostgresStore
from bussa_server.adapters.sqlite import SqliteStore
from bussa_server.ports.store import Store
from tests.memory_store import MemoryStore
from tests.postgres import shared_server_url


class StoreBackend(Protocol):
    """Where one kind of store keeps its data."""

    async def open(self) -> Store:
        """Open a store on the data; the one before must be closed."""
        ...


class MemoryBackend:
    def __init__(self) -> None:
        self._store = MemoryStore()

    async def open(self) -> Store:
        # The data survive a close, but not the process.
        self._store.unavailable = False
        return self._store


class SqliteBackend:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def open(self) -> Store:
        return SqliteStore(self._folder)


class PostgresBackend:
    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self) -> Store:
        return await PostgresStore.open(self._url)


@asynccontextmanager
async def memory(folder: Path) -> AsyncIterator[StoreBackend]:
    yield MemoryBackend()


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[StoreBackend]:
    yield SqliteBackend(folder)


_DATABASE = f"bussa_contracts_{os.getpid()}"


async def execute_on_server(statement: str) -> None:
    admin = await asyncpg.connect(shared_server_url())
    try:
        await admin.execute(statement)
    finally:
        await admin.close()


_created: list[str] = []


async def emptied_database() -> str:
    """The URL of an emptied database. Created once per run, because creating one takes long."""
    if not _created:
        await execute_on_server(f"CREATE DATABASE {_DATABASE} TEMPLATE template0 ENCODING 'UTF8'")
        _created.append(_DATABASE)
        # Registered after the server's own exit handler, so it runs before the server is stopped.
        atexit.register(lambda: asyncio.run(execute_on_server(f"DROP DATABASE {_DATABASE} WITH (FORCE)")))
    url = urlunsplit(urlsplit(shared_server_url())._replace(path=f"/{_DATABASE}"))
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("DROP SCHEMA IF EXISTS bussa CASCADE")
    finally:
        await connection.close()
    return url


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[StoreBackend]:
    yield PostgresBackend(await emptied_database())


BACKENDS: dict[str, Callable[[Path], AbstractAsyncContextManager[StoreBackend]]] = {
    "memory": memory,
    "sqlite": sqlite,
    "postgres": postgres,
}

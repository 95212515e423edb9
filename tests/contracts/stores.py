"""The stores that the suite of the store port is run on. A row of `KINDS` is all that a new adapter adds."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from server.adapters.postgres import PostgresStore
from server.adapters.sqlite import SqliteStore
from server.ports.store import Store
from tests.memory_store import MemoryStore
from tests.postgres import fresh_database


class House(Protocol):
    """Where one kind of store keeps its things."""

    async def open(self) -> Store:
        """A store on what is kept here; the one before it was closed."""
        ...


class MemoryHouse:
    def __init__(self) -> None:
        self._store = MemoryStore()

    async def open(self) -> Store:
        # Nothing of it survives a process, but it does survive being closed.
        self._store.out_of_reach = False
        return self._store


class SqliteHouse:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def open(self) -> Store:
        return SqliteStore(self._folder)


class PostgresHouse:
    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self) -> Store:
        return await PostgresStore.open(self._url)


@asynccontextmanager
async def memory(folder: Path) -> AsyncIterator[House]:
    yield MemoryHouse()


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[House]:
    yield SqliteHouse(folder)


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[House]:
    async with fresh_database() as url:
        yield PostgresHouse(url)


KINDS: dict[str, Callable[[Path], AbstractAsyncContextManager[House]]] = {
    "memory": memory,
    "sqlite": sqlite,
    "postgres": postgres,
}

"""The store port on PostgreSQL.

One connection commits, batch after batch; a few others read and wait for nobody. Any number of stores, each on a
node of its own, share a database: the locks of the log rows put their batches in order.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from bussa_server.adapters.postgres import committing, database, reading, searching, trimming
from bussa_server.adapters.postgres.connections import SECONDS, Pool, connect
from bussa_server.adapters.postgres.failures import persistently
from bussa_server.adapters.postgres.sql import Connection, storable
from bussa_server.domain.book import Carried
from bussa_server.domain.commands import Command
from bussa_server.domain.people import Pair, Person
from bussa_server.ports.store import Arrival, ConversationPage, Failed, LogPage, MessagePage, Unavailable, UserPage

P = ParamSpec("P")
T = TypeVar("T")

READERS = 8
WAITING_READS = 10_000
"""Reads that may wait for a connection; past it the answer is `unavailable`."""


class PostgresStore:
    """See `bussa_server.ports.store.Store`. Use `open`."""

    def __init__(self, url: str, epoch: str) -> None:
        self._epoch = epoch
        self._writing = Pool(lambda: committing.writer(url), 1)
        self._trimming = Pool(lambda: connect(url, writing=True), 1)
        self._reading = Pool(lambda: connect(url, writing=False), READERS)
        self._waiting_reads = 0
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> "PostgresStore":
        """Connect to the database at ``url`` (``postgresql://…``) and bring its schema up to date.

        Raises:
            DatabaseError: it is no database for us; the message says why.
            Unavailable: it is out of reach.
        """
        return cls(url, await database.prepare(url, database.migrations()))

    @property
    def epoch(self) -> str:
        return self._epoch

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Carried | Failed]:
        if self._closed:
            raise Unavailable("the store is closed")
        return await committing.commit(self._writing, batch, now)

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        return await self._read(reading.heads, list(storable(users)))

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        return await self._read(reading.revoked, list(storable(users)))

    async def log(self, user: str, after: int, limit: int) -> LogPage:
        return await self._read(reading.log, user, after, limit)

    async def arrival(self, user: str, after: int, limit: int) -> Arrival | None:
        return await self._read(reading.arrival, user, after, limit)

    async def history(
        self, user: str, peer: str, before: int | None, after: int | None, limit: int
    ) -> MessagePage | None:
        return await self._read(reading.history, user, peer, before, after, limit)

    async def conversations(self, user: str, folder: str, before: str | None, limit: int) -> ConversationPage:
        return await self._read(reading.conversations, user, folder, before, limit)

    async def search(
        self, user: str, query: Sequence[str], peer: str | None, before: str | None, limit: int
    ) -> MessagePage | None:
        if not query:
            return MessagePage((), False)
        return await self._read(searching.search, user, list(query), peer, before, limit)

    async def person(self, user: str) -> Person | None:
        return await self._read(reading.person, user)

    async def pair(self, one: str, other: str) -> Pair | None:
        return await self._read(reading.pair, one, other)

    async def follows(self, user: str, *, followers: bool, after: str | None, limit: int) -> UserPage:
        return await self._read(reading.follows, user, followers, after, limit)

    async def trim(self, now: int) -> int:
        forgotten, reached = 0, 0
        while reached is not None:
            some, reached = await self._on(self._trimming, trimming.trim_some, now, reached)
            forgotten += some
        return forgotten

    async def close(self) -> None:
        """Finish what was begun and say goodbye."""
        self._closed = True
        for pool in (self._writing, self._trimming, self._reading):
            await pool.close(SECONDS)

    async def _read(
        self, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._waiting_reads >= WAITING_READS:
            raise Unavailable("too many reads are waiting")
        self._waiting_reads += 1
        try:
            return await self._on(self._reading, work, *args, **kwargs)
        finally:
            self._waiting_reads -= 1

    async def _on(
        self, pool: Pool, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._closed:
            raise Unavailable("the store is closed")

        async def once() -> T:
            async with pool.connection() as connection:
                return await work(connection, *args, **kwargs)

        return await persistently(SECONDS, once)

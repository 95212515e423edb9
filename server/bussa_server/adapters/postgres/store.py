"""The store port on PostgreSQL.

One connection commits, batch after batch; a few others read and are never blocked by it. Any number of stores, one
per node, share a database: the locks on the log rows serialize their batches.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from bussa_server.adapters.postgres import committing, database, reading, searching, trimming
from bussa_server.adapters.postgres.connections import TIMEOUT_SECONDS, Pool, connect
from bussa_server.adapters.postgres.failures import with_retries
from bussa_server.adapters.postgres.sql import Connection, without_nul
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import Outcome
from bussa_server.domain.users import Conversation, User
from bussa_server.ports.store import ConversationPage, Faulted, LogPage, MessagePage, ResumeState, Unavailable, UserPage

P = ParamSpec("P")
T = TypeVar("T")

READERS = 8
MAX_WAITING_READS = 10_000
"""Reads that may wait for a connection; further ones are `Unavailable`."""


class PostgresStore:
    """See `bussa_server.ports.store.Store`. Use `open`."""

    def __init__(self, url: str, epoch: str) -> None:
        self._epoch = epoch
        self._write_pool = Pool(lambda: committing.connect_writer(url), 1)
        self._trim_pool = Pool(lambda: connect(url, writing=True), 1)
        self._read_pool = Pool(lambda: connect(url, writing=False), READERS)
        self._waiting_reads = 0
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> "PostgresStore":
        """Connect to the database at ``url`` (``postgresql://…``) and migrate its schema.

        Raises:
            DatabaseError: the database can't be used; the message says why.
            Unavailable: the database can't be reached.
        """
        return cls(url, await database.prepare(url, database.migrations()))

    @property
    def epoch(self) -> str:
        return self._epoch

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Outcome | Faulted]:
        if self._closed:
            raise Unavailable("the store is closed")
        return await committing.commit(self._write_pool, batch, now)

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        return await self._read(reading.heads, list(without_nul(users)))

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        return await self._read(reading.revoked, list(without_nul(users)))

    async def log(self, user: str, after: int, limit: int) -> LogPage:
        return await self._read(reading.log, user, after, limit)

    async def resume_state(self, user: str, after: int, limit: int) -> ResumeState | None:
        return await self._read(reading.resume_state, user, after, limit)

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

    async def get_user(self, user: str) -> User | None:
        return await self._read(reading.get_user, user)

    async def get_conversation(self, one: str, other: str) -> Conversation | None:
        return await self._read(reading.get_conversation, one, other)

    async def follows(self, user: str, *, followers: bool, after: str | None, limit: int) -> UserPage:
        return await self._read(reading.follows, user, followers, after, limit)

    async def trim(self, now: int) -> int:
        trimmed, reached = 0, 0
        while reached is not None:
            some, reached = await self._run(self._trim_pool, trimming.trim_some, now, reached)
            trimmed += some
        return trimmed

    async def close(self) -> None:
        """Refuse new calls and close the connections."""
        self._closed = True
        for pool in (self._write_pool, self._trim_pool, self._read_pool):
            await pool.close(TIMEOUT_SECONDS)

    async def _read(
        self, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._waiting_reads >= MAX_WAITING_READS:
            raise Unavailable("too many waiting reads")
        self._waiting_reads += 1
        try:
            return await self._run(self._read_pool, work, *args, **kwargs)
        finally:
            self._waiting_reads -= 1

    async def _run(
        self, pool: Pool, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._closed:
            raise Unavailable("the store is closed")

        async def once() -> T:
            async with pool.connection() as connection:
                return await work(connection, *args, **kwargs)

        return await with_retries(TIMEOUT_SECONDS, once)

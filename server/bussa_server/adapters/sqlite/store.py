"""The store port on SQLite.

All writes run on one thread: batches of commands, chunks of the index, trimming, each in a transaction. Reads run on
a few other threads and are never blocked by writes (write-ahead log).
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import apsw

from bussa_server import telemetry
from bussa_server.adapters.sqlite import database, reading, searching, timers, trimming
from bussa_server.adapters.sqlite.repository import Repository
from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.domain import handlers
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import Outcome
from bussa_server.domain.users import Conversation, User
from bussa_server.ports.store import ConversationPage, Faulted, LogPage, MessagePage, ResumeState, Unavailable, UserPage
from bussa_server.ports.timers import ClaimedTimers
from bussa_server.tuning import yield_cpu

P = ParamSpec("P")
T = TypeVar("T")
Outcomes = Sequence[Outcome | Faulted]

READERS = 2
READ_TIMEOUT_SECONDS = 5.0
"""A read that takes longer is interrupted: a search that matches too much, or a failing disk."""
MAX_WAITING_READS = 10_000
"""Reads that may wait for a thread; further ones are `Unavailable`."""
INDEX_LAG = 4_000
"""Messages that the index may lag behind. Beyond it chunks are indexed between batches, even under load."""
INDEX_PAUSE = 0.5
"""Seconds without a batch after which the index catches up."""


class SqliteStore:
    """See `bussa_server.ports.store.Store`. A lock ensures that one process at a time uses a folder."""

    def __init__(self, folder: Path) -> None:
        """Open or create the folder and migrate the schema. Blocks.

        Raises:
            DataFolderError: see `database`.
        """
        self._path = folder / database.FILE_NAME
        with ExitStack() as cleanup:
            self._lock = database.lock_folder(folder)
            cleanup.callback(database.unlock_folder, self._lock)
            self._connection, self._epoch = database.open_for_writing(self._path)
            cleanup.pop_all()
        self._repository = Repository(self._connection)
        self._last_indexed = searching.last_indexed(self._connection)
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        self._local = threading.local()
        self._read_connections: set[Sql] = set()
        self._waiting_reads = 0
        self._index_timer: asyncio.TimerHandle | None = None
        self._index_task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def epoch(self) -> str:
        return self._epoch

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Outcome | Faulted]:
        outcomes = await self._write(self._commit, batch, now)
        self._index_soon()
        return outcomes

    def _commit(self, batch: Sequence[Command], now: int) -> Sequence[Outcome | Faulted]:
        try:
            return self._transact(self._commit_together, batch, now)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - an old nonce, or a defect of any kind; one by one, only its command fails
            return self._transact(self._commit_one_by_one, batch, now)

    def _transact(
        self, work: Callable[[Sequence[Command], int], Outcomes], batch: Sequence[Command], now: int
    ) -> Outcomes:
        """Run ``work`` in one transaction: commit all of ``batch`` or nothing of it."""
        self._repository.begin()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = work(batch, now)
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._repository.roll_back()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if _is_unavailable(error):
                raise Unavailable(str(error)) from error
            raise
        return outcomes

    def _commit_together(self, batch: Sequence[Command], now: int) -> Sequence[Outcome | Faulted]:
        """Raises NonceReusedError, or violates the unique index, if a nonce was used before and is no longer cached."""
        uow = self._repository.load(batch, check_all_nonces=False)
        outcomes = [handlers.handle(uow, command, now) for command in batch]
        self._repository.recheck_refused(uow, batch, outcomes)
        self._repository.save(uow)
        return outcomes

    def _commit_one_by_one(self, batch: Sequence[Command], now: int) -> Sequence[Outcome | Faulted]:
        return [self._commit_alone(command, now) for command in batch]

    def _commit_alone(self, command: Command, now: int) -> Outcome | Faulted:
        self._connection.execute("SAVEPOINT command")
        try:
            uow = self._repository.load([command], check_all_nonces=True)
            outcome: Outcome | Faulted = handlers.handle(uow, command, now)
            self._repository.save(uow)
        except Exception as error:
            if _is_unavailable(error):
                raise
            self._repository.roll_back_last()
            self._connection.execute("ROLLBACK TO command")
            outcome = Faulted(error)
        self._connection.execute("RELEASE command")
        return outcome

    def _index_soon(self) -> None:
        """Schedule indexing: after a pause without batches, or at once if the index lags far behind."""
        if self._index_timer is not None:
            self._index_timer.cancel()
        if self._closed:
            return
        if self._repository.message_row_id - self._last_indexed > INDEX_LAG:
            self._begin_indexing()
        else:
            self._index_timer = asyncio.get_running_loop().call_later(INDEX_PAUSE, self._begin_indexing)

    def _begin_indexing(self) -> None:
        if self._index_task is None or self._index_task.done():
            self._index_task = asyncio.get_running_loop().create_task(self._index_in_background())

    async def _index_in_background(self) -> None:
        try:
            await self._index()
        except Unavailable as error:
            telemetry.database_unavailable(error, 0)  # retried after the next batch, or at the next search

    async def _index(self) -> None:
        """Index all messages committed so far, chunk by chunk; batches are committed in between."""
        goal = self._repository.message_row_id
        while self._last_indexed < goal:
            before = self._last_indexed
            self._last_indexed = await self._write(searching.index_some, self._connection)
            if self._last_indexed == before:
                return  # the goal was read in the middle of a batch that was rolled back

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        return await self._read(reading.heads, list(users))

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        return await self._read(reading.revoked, list(users))

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
        await self._index()
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
            some, reached = await self._write(trimming.trim_some, self._connection, now, reached)
            trimmed += some
        return trimmed

    async def claim_timers(self, kinds: Iterable[str], now: int, until: int, limit: int) -> ClaimedTimers:
        return await self._write(timers.claim_timers, self._connection, json.dumps(list(kinds)), now, until, limit)

    async def close(self) -> None:
        """Finish running writes, checkpoint the write-ahead log, release the folder."""
        if self._closed:
            return
        self._closed = True
        if self._index_timer is not None:
            self._index_timer.cancel()
        if self._index_task is not None:
            self._index_task.cancel()
            await asyncio.gather(self._index_task, return_exceptions=True)
        await asyncio.to_thread(self._close_blocking)

    def _close_blocking(self) -> None:
        self._readers.shutdown()
        self._writer.shutdown()
        for connection in self._read_connections:
            connection.close()
        self._connection.close()
        database.unlock_folder(self._lock)

    async def _write(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed:
            raise Unavailable("the store is closed")
        try:
            done = asyncio.get_running_loop().run_in_executor(self._writer, lambda: work(*args, **kwargs))
            yield_cpu()
            return await done
        except apsw.Error as error:
            raise Unavailable(str(error)) from error

    async def _read(self, work: Callable[Concatenate[Sql, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed or self._waiting_reads >= MAX_WAITING_READS:
            raise Unavailable("the store is closed" if self._closed else "too many waiting reads")
        self._waiting_reads += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._readers, lambda: work(self._reader(), *args, **kwargs)
            )
        except apsw.Error as error:
            raise Unavailable(str(error)) from error
        finally:
            self._waiting_reads -= 1

    def _reader(self) -> Sql:
        """This thread's connection, with a new deadline."""
        connection: Sql | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = database.open_for_reading(self._path)
            connection.set_progress_handler(lambda: time.monotonic() > self._local.deadline, 50_000)
            self._read_connections.add(connection)
        self._local.deadline = time.monotonic() + READ_TIMEOUT_SECONDS
        return connection


def _is_unavailable(error: BaseException) -> bool:
    """Whether the store failed, and not the command."""
    return isinstance(error, apsw.Error) and not isinstance(error, (apsw.ConstraintError, apsw.SQLError))

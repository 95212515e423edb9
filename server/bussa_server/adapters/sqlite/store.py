"""The store port on SQLite.

All writing happens on one thread: batches of commands, chunks of the index, trimming, each one a transaction.
Reading happens on a few other threads and waits for nobody (write-ahead log).
"""

import asyncio
import ctypes
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import apsw

from bussa_server import telemetry
from bussa_server.adapters.sqlite import database, reading, searching, trimming
from bussa_server.adapters.sqlite.ledger_rows import LedgerRows
from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.domain import ledger
from bussa_server.domain.book import Carried
from bussa_server.domain.commands import Command
from bussa_server.domain.people import Pair, Person
from bussa_server.ports.store import Arrival, ConversationPage, Failed, LogPage, MessagePage, Unavailable, UserPage

P = ParamSpec("P")
T = TypeVar("T")
Outcomes = Sequence[Carried | Failed]

READERS = 2
READ_SECONDS = 5.0
"""A read that takes longer is given up: it is a search for half of everything, or the disk is dying."""
WAITING_READS = 10_000
"""Reads that may wait for a thread; past it the answer is `unavailable`."""
INDEX_LAG = 4_000
"""Messages the index may lag behind; past it chunks are indexed between the batches, however busy it is."""
INDEX_PAUSE = 0.5
"""Seconds without a batch after which the index catches up."""


class SqliteStore:
    """See `bussa_server.ports.store.Store`. One process serves a folder at a time; a lock sees to it."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, make it where it is missing, and bring the schema up to date. Blocks.

        Raises:
            DataFolderError: see `database`.
        """
        self._path = folder / database.FILE
        with ExitStack() as undone:
            self._lock = database.claim(folder)
            undone.callback(database.release, self._lock)
            self._connection, self._epoch = database.open_for_writing(self._path)
            undone.pop_all()
        self._rows = LedgerRows(self._connection)
        self._indexed = searching.indexed(self._connection)
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        self._local = threading.local()
        self._reading: set[Sql] = set()
        self._waiting_reads = 0
        self._index_timer: asyncio.TimerHandle | None = None
        self._index_task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def epoch(self) -> str:
        return self._epoch

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Carried | Failed]:
        outcomes = await self._write(self._commit, batch, now)
        self._index_soon()
        return outcomes

    def _commit(self, batch: Sequence[Command], now: int) -> Sequence[Carried | Failed]:
        try:
            return self._transact(self._together, batch, now)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - an old nonce, or a defect of any kind: alone, only the command that has it fails
            return self._transact(self._one_by_one, batch, now)

    def _transact(
        self, work: Callable[[Sequence[Command], int], Outcomes], batch: Sequence[Command], now: int
    ) -> Outcomes:
        """One transaction: all of ``batch`` or nothing of it."""
        self._rows.begin()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = work(batch, now)
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._rows.forget()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if _outside(error):
                raise Unavailable(str(error)) from error
            raise
        return outcomes

    def _together(self, batch: Sequence[Command], now: int) -> Sequence[Carried | Failed]:
        """Raises RepeatedError, or what the index of the nonces raises, where a nonce is older than those by heart."""
        book = self._rows.load(batch, careful=False)
        outcomes = [ledger.carry_out(book, command, now) for command in batch]
        self._rows.look_again(book, batch, outcomes)
        self._rows.save(book)
        return outcomes

    def _one_by_one(self, batch: Sequence[Command], now: int) -> Sequence[Carried | Failed]:
        return [self._alone(command, now) for command in batch]

    def _alone(self, command: Command, now: int) -> Carried | Failed:
        self._connection.execute("SAVEPOINT command")
        try:
            book = self._rows.load([command], careful=True)
            outcome: Carried | Failed = ledger.carry_out(book, command, now)
            self._rows.save(book)
        except Exception as error:
            if _outside(error):
                raise
            self._rows.forget_last()
            self._connection.execute("ROLLBACK TO command")
            outcome = Failed(error)
        self._connection.execute("RELEASE command")
        return outcome

    def _index_soon(self) -> None:
        """Catch up with the index once no batch has come for a while, or at once where it lags far behind."""
        if self._index_timer is not None:
            self._index_timer.cancel()
        if self._closed:
            return
        if self._rows.message_key - self._indexed > INDEX_LAG:
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
            telemetry.store_unavailable(error, 0)  # the next batch, or the next search, tries again

    async def _index(self) -> None:
        """Index what was committed until now, chunk by chunk; batches are committed in between."""
        goal = self._rows.message_key
        while self._indexed < goal:
            before = self._indexed
            self._indexed = await self._write(searching.index_some, self._connection)
            if self._indexed == before:
                return  # the goal was seen in the middle of a batch that came to nothing

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        return await self._read(reading.heads, list(users))

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        return await self._read(reading.revoked, list(users))

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
        await self._index()
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
            some, reached = await self._write(trimming.trim_some, self._connection, now, reached)
            forgotten += some
        return forgotten

    async def close(self) -> None:
        """Finish what was begun, fold the write-ahead log into the file, let the folder go."""
        if self._closed:
            return
        self._closed = True
        if self._index_timer is not None:
            self._index_timer.cancel()
        if self._index_task is not None:
            self._index_task.cancel()
            await asyncio.gather(self._index_task, return_exceptions=True)
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._readers.shutdown()
        self._writer.shutdown()
        for connection in self._reading:
            connection.close()
        self._connection.close()
        database.release(self._lock)

    async def _write(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed:
            raise Unavailable("the store is closed")
        try:
            done = asyncio.get_running_loop().run_in_executor(self._writer, lambda: work(*args, **kwargs))
            _give_way()
            return await done
        except apsw.Error as error:
            raise Unavailable(str(error)) from error

    async def _read(self, work: Callable[Concatenate[Sql, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed or self._waiting_reads >= WAITING_READS:
            raise Unavailable("the store is closed" if self._closed else "too many reads are waiting")
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
        """This thread's own connection, with a fresh deadline."""
        connection: Sql | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = database.open_for_reading(self._path)
            connection.set_progress_handler(lambda: time.monotonic() > self._local.deadline, 50_000)
            self._reading.add(connection)
        self._local.deadline = time.monotonic() + READ_SECONDS
        return connection


_give_way = ctypes.CDLL(None).sched_yield
"""Let threads have the processor that wait for it (sched_yield(2)). Where there is only one, the kernel would let the
thread that is to commit wait until this one sleeps, or until the next tick of its clock: up to 4 ms of a busy loop.
`os.sched_yield` would not do, for it keeps the interpreter's lock."""


def _outside(error: BaseException) -> bool:
    """Whether the store is out of reach, and not the command wrong."""
    return isinstance(error, apsw.Error) and not isinstance(error, (apsw.ConstraintError, apsw.SQLError))

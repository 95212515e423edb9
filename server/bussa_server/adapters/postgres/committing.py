"""One batch, one transaction: lock, load, decide, save.

Three round trips: a script that begins and locks, a query that loads, a script that saves and commits. Between
the first and the last nobody else, on whatever node, commits anything for the users of the batch.
"""

import asyncio
from collections.abc import Sequence

from bussa_server.adapters.postgres.connections import SECONDS, Pool, connect
from bussa_server.adapters.postgres.failures import OUTSIDE, is_defect, persistently, reported, state_of
from bussa_server.adapters.postgres.loading import Asked, ask, load
from bussa_server.adapters.postgres.saving import saving
from bussa_server.adapters.postgres.sql import Connection
from bussa_server.adapters.postgres.statements import PREPARED
from bussa_server.domain import ledger
from bussa_server.domain.book import Carried
from bussa_server.domain.commands import Command, Send
from bussa_server.ports.store import Failed, Unavailable

LONG = 20_000
"""Characters of a batch's texts from which on they are taken apart on another thread: that many take milliseconds."""

_UNIQUE = "23505"


class DefectError(Exception):
    """The server has refused a statement for what is in it; the message is its SQLSTATE."""


class TakenMeanwhileError(Exception):
    """Another node has just created a user whom this batch creates too: carried out again, it will see that one."""


async def writer(url: str) -> Connection:
    """A connection that can commit."""
    connection = await connect(url, writing=True)
    try:
        await connection.execute(PREPARED)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def commit(writing: Pool, batch: Sequence[Command], now: int) -> list[Carried | Failed]:
    """Carry out ``batch`` at ``now`` (ms).

    Raises:
        Unavailable: it is not known to be on disk: it is there whole or not at all.
    """
    try:
        asked = await _ask(batch)
        return list(await persistently(SECONDS, lambda: _again_if_taken(writing, batch, asked, now)))
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - a defect of any kind: alone, only the command that has it fails
        if len(batch) == 1:
            return [Failed(error)]
    return [outcome for command in batch for outcome in await commit(writing, [command], now)]


async def _ask(batch: Sequence[Command]) -> Asked:
    if sum(len(command.text) for command in batch if isinstance(command, Send)) < LONG:
        return ask(batch)
    return await asyncio.to_thread(ask, batch)


async def _again_if_taken(writing: Pool, batch: Sequence[Command], asked: Asked, now: int) -> list[Carried]:
    while True:  # ends: each time round, one more of the batch's users is there, or the deadline has passed
        try:
            async with writing.connection() as connection:
                return await _transact(connection, batch, asked, now)
        except TakenMeanwhileError:
            continue


async def _transact(connection: Connection, batch: Sequence[Command], asked: Asked, now: int) -> list[Carried]:
    """All of ``batch`` or nothing of it."""
    try:
        await connection.execute(asked.locking())
        book, keys = await load(connection, asked)
        outcomes = [ledger.carry_out(book, command, now) for command in batch]
        script = saving(book, keys, asked.words, now)
    except Exception:
        await _roll_back(connection)
        raise
    try:
        done = await connection.execute(f"{script}COMMIT")
    except OUTSIDE as error:
        if not reported(error):
            # It may have happened or not, and nobody can tell from here. Another try could do it twice.
            raise Unavailable("the connection was lost in the middle of a commit") from error
        await _roll_back(connection)
        if state_of(error) == _UNIQUE and getattr(error, "constraint_name", None) == "people_id":
            raise TakenMeanwhileError from error
        if is_defect(error):
            raise DefectError(state_of(error)) from error
        raise
    if done != "COMMIT":
        raise Unavailable(f"PostgreSQL answered a COMMIT with {done}")
    return outcomes


async def _roll_back(connection: Connection) -> None:
    """Leave the transaction, if the connection is still good for that."""
    if not connection.is_closed() and connection.is_in_transaction():
        try:
            await connection.execute("ROLLBACK")
        except OUTSIDE:  # the first error is the one to tell of; without its connection the transaction ends too
            connection.terminate()

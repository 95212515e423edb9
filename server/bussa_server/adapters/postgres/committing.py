"""One batch, one transaction: lock, load, decide, save.

Three round trips: a script that begins and locks, a query that loads, a script that saves and commits; and one more
for each table of declared rows that the batch reads. Between the first and the last no other transaction, on any
node, commits anything for the users of the batch.
"""

import asyncio
from collections.abc import Sequence

from bussa_protocol.frames.requests import SendRequest
from bussa_server.adapters.postgres import tables
from bussa_server.adapters.postgres.connections import TIMEOUT_SECONDS, Pool, connect
from bussa_server.adapters.postgres.failures import DB_ERRORS, is_defect, sqlstate, statement_failed, with_retries
from bussa_server.adapters.postgres.loading import LoadPlan, load, plan_load
from bussa_server.adapters.postgres.saving import save_script
from bussa_server.adapters.postgres.sql import Connection
from bussa_server.adapters.postgres.statements import PREPARED
from bussa_server.domain import handlers
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import Outcome
from bussa_server.ports.store import Faulted, Unavailable

OFFLOAD_CHARS = 20_000
"""Characters of a batch's texts above which they are tokenized on another thread: that many take milliseconds."""

_UNIQUE_VIOLATION = "23505"


class RejectedStatementError(Exception):
    """The server rejected a statement because of its content; the message is the SQLSTATE."""


class CreatedConcurrentlyError(Exception):
    """Another node has just created a user or a declared row that this batch creates too. A retry will see it."""


async def connect_writer(url: str) -> Connection:
    """A connection for commits, with the statements prepared."""
    connection = await connect(url, writing=True)
    try:
        await connection.execute(PREPARED)
        await connection.execute(tables.prepared())
    except BaseException:
        connection.terminate()
        raise
    return connection


async def commit(writing: Pool, batch: Sequence[Command], now: int) -> list[Outcome | Faulted]:
    """Commit ``batch`` at ``now`` (ms).

    Raises:
        Unavailable: the batch is not known to be on disk. It is committed entirely or not at all.
    """
    try:
        plan = await _plan_load(batch)
        return list(await with_retries(TIMEOUT_SECONDS, lambda: _retry_if_created(writing, batch, plan, now)))
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - a defect of any kind; committed one by one, only its command fails
        if len(batch) == 1:
            return [Faulted(error)]
    return [outcome for command in batch for outcome in await commit(writing, [command], now)]


async def _plan_load(batch: Sequence[Command]) -> LoadPlan:
    if sum(len(command.request.text) for command in batch if isinstance(command.request, SendRequest)) < OFFLOAD_CHARS:
        return plan_load(batch)
    return await asyncio.to_thread(plan_load, batch)


async def _retry_if_created(writing: Pool, batch: Sequence[Command], plan: LoadPlan, now: int) -> list[Outcome]:
    while True:  # ends: in each round one more user or row of the batch exists, or the deadline has passed
        try:
            async with writing.connection() as connection:
                return await _transact(connection, batch, plan, now)
        except CreatedConcurrentlyError:
            continue


async def _transact(connection: Connection, batch: Sequence[Command], plan: LoadPlan, now: int) -> list[Outcome]:
    """Commit all of ``batch`` or nothing of it."""
    try:
        await connection.execute(plan.lock_script())
        uow, keys = await load(connection, plan)
        outcomes = [handlers.handle(uow, command, now) for command in batch]
        script = save_script(uow, keys, plan.words_by_text, now)
    except Exception:
        await _roll_back(connection)
        raise
    try:
        done = await connection.execute(f"{script}COMMIT")
    except DB_ERRORS as error:
        if not statement_failed(error):
            # The commit may have succeeded or not. A retry could commit the batch twice.
            raise Unavailable("connection lost during COMMIT") from error
        await _roll_back(connection)
        if sqlstate(error) == _UNIQUE_VIOLATION and _is_created_concurrently(getattr(error, "constraint_name", None)):
            raise CreatedConcurrentlyError from error
        if is_defect(error):
            raise RejectedStatementError(sqlstate(error)) from error
        raise
    if done != "COMMIT":
        raise Unavailable(f"PostgreSQL answered a COMMIT with {done}")
    return outcomes


def _is_created_concurrently(constraint: str | None) -> bool:
    return constraint == "people_id" or tables.is_primary_key(constraint)


async def _roll_back(connection: Connection) -> None:
    """End the transaction, if the connection still works."""
    if not connection.is_closed() and connection.is_in_transaction():
        try:
            await connection.execute("ROLLBACK")
        except DB_ERRORS:  # the first error is the one to report; closing the connection ends the transaction too
            connection.terminate()

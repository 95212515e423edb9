"""What an error says of the world, and whether another try may help.

SQLSTATE codes are those of PostgreSQL's appendix A; the first two characters are the class.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bussa_server import telemetry
from bussa_server.adapters.postgres import sql
from bussa_server.ports.store import Unavailable

T = TypeVar("T")

DB_ERRORS: tuple[type[Exception], ...] = (sql.Error, sql.ClientError, sql.ProtocolError, OSError)
"""Whatever may go wrong between here and the disk of the server. `TimeoutError` is an `OSError`."""

RETRY_DELAYS = (0.05, 0.2, 0.8)
"""Seconds before a second, a third and a fourth try: a server that was killed is back within one, if it is quick."""

_READ_ONLY = "25006"  # the server is a standby now, or somebody guards a full disk; that is so for a whole session
# Data, integrity, syntax: of the command's own making, and as wrong the next time.
_DEFECT_CLASSES = ("22", "23", "42")
# Connections, transactions rolled back by the server, resources, the server's coming and going.
_TRANSIENT_CLASSES = ("08", "40", "53", "57")
_TRANSIENT_STATES = {
    _READ_ONLY,
    "25P03",  # idle in transaction: this process stood still, and was cut off for the sake of the others
    "55P03",  # a lock was not to be had in time
}
_CANCELED = "57014"  # statement_timeout: it would take as long again


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE; empty where the error is not the server's."""
    return str(getattr(error, "sqlstate", None) or "")


def statement_failed(error: BaseException) -> bool:
    """Whether the server itself has reported that a statement failed: so nothing of it is done.

    A FATAL is something else: that session has ended, and may have ended just after a COMMIT.
    """
    return isinstance(error, sql.Error) and getattr(error, "severity_en", None) == "ERROR"


def breaks_connection(error: BaseException) -> bool:
    """Whether the connection is of no use any more."""
    return isinstance(error, DB_ERRORS) and (not statement_failed(error) or sqlstate(error) == _READ_ONLY)


def is_defect(error: BaseException) -> bool:
    """Whether a command is to blame, and nothing outside."""
    return isinstance(error, sql.BadValueError) or sqlstate(error)[:2] in _DEFECT_CLASSES


def is_transient(error: BaseException) -> bool:
    """Whether another try, on another connection, may help."""
    if isinstance(error, (sql.BadValueError, sql.BadUrlError)):
        return False
    if not isinstance(error, sql.Error):
        return True
    state = sqlstate(error)
    return state != _CANCELED and (state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES)


def unavailable(error: BaseException) -> Unavailable:
    """The port's word for it. Says what the server said, but not of which row."""
    if isinstance(error, TimeoutError):
        return Unavailable("PostgreSQL did not answer in time")
    if isinstance(error, sql.Error):
        return Unavailable(f"PostgreSQL: {error.args[0] if error.args else ''} ({sqlstate(error)})")
    return Unavailable("PostgreSQL can't be reached")


async def with_retries(seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    """Do ``work``, again where that may help, and be done with it within ``seconds``.

    Raises:
        Unavailable: it was not done, or ``work`` says so.
    """
    try:
        async with asyncio.timeout(seconds):
            for pause in RETRY_DELAYS:
                try:
                    return await work()
                except DB_ERRORS as error:
                    if not is_transient(error):
                        raise
                    telemetry.database_unavailable(error, 0)
                # Not all nodes at the same moment.
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            return await work()
    except DB_ERRORS as error:
        raise unavailable(error) from error

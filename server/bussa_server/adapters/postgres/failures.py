"""Classification of database errors, and retries.

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
"""Any failure between this process and the server's disk. `TimeoutError` is an `OSError`."""

RETRY_DELAYS = (0.05, 0.2, 0.8)
"""Seconds before the second, third and fourth attempt: a quick restart of a killed server takes about one second."""

_READ_ONLY = "25006"  # the server is a standby now, or was made read-only; a session stays so
# Data, integrity, syntax: caused by the command, so a retry fails again.
_DEFECT_CLASSES = ("22", "23", "42")
# Connections, transactions rolled back by the server, resources, shutdown and startup.
_TRANSIENT_CLASSES = ("08", "40", "53", "57")
_TRANSIENT_STATES = {
    _READ_ONLY,
    "25P03",  # idle_in_transaction_session_timeout: this process stalled in the middle of a transaction
    "55P03",  # lock_timeout
}
_CANCELED = "57014"  # statement_timeout: a retry would take as long again


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE; empty if the error is not from the server."""
    return str(getattr(error, "sqlstate", None) or "")


def statement_failed(error: BaseException) -> bool:
    """Whether the server reported that a statement failed, so that it had no effect.

    Not so for a FATAL: it ends the session, possibly just after a COMMIT.
    """
    return isinstance(error, sql.Error) and getattr(error, "severity_en", None) == "ERROR"


def breaks_connection(error: BaseException) -> bool:
    """Whether the connection can't be used any more."""
    return isinstance(error, DB_ERRORS) and (not statement_failed(error) or sqlstate(error) == _READ_ONLY)


def is_defect(error: BaseException) -> bool:
    """Whether the command itself caused the error."""
    return isinstance(error, sql.BadValueError) or sqlstate(error)[:2] in _DEFECT_CLASSES


def is_transient(error: BaseException) -> bool:
    """Whether a retry on another connection may succeed."""
    if isinstance(error, (sql.BadValueError, sql.BadUrlError)):
        return False
    if not isinstance(error, sql.Error):
        return True
    state = sqlstate(error)
    return state != _CANCELED and (state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES)


def unavailable(error: BaseException) -> Unavailable:
    """The error as the port's `Unavailable`. Has the server's message, but not its detail, which quotes rows."""
    if isinstance(error, TimeoutError):
        return Unavailable("PostgreSQL: timeout")
    if isinstance(error, sql.Error):
        return Unavailable(f"PostgreSQL: {error.args[0] if error.args else ''} ({sqlstate(error)})")
    return Unavailable("PostgreSQL can't be reached")


async def with_retries(seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    """Run ``work``, with retries after transient errors, within ``seconds``.

    Raises:
        Unavailable: all attempts failed, the deadline has passed, or ``work`` raised it.
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
                # Jitter, so that the nodes do not retry at the same moment.
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            return await work()
    except DB_ERRORS as error:
        raise unavailable(error) from error

"""Connection settings, and a connection pool that drops broken connections.

Every statement has a timeout on both sides. The server's is a little shorter: usually the server cancels, and the
connection stays usable. The client's is for a server that does not answer.
"""

from asyncio import Semaphore, timeout
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from bussa_server.adapters.postgres import sql
from bussa_server.adapters.postgres.failures import DB_ERRORS, breaks_connection
from bussa_server.adapters.postgres.sql import Connection

TIMEOUT_SECONDS = 5.0
"""The deadline of a commit or a read, including retries and the wait for a connection."""

_SESSION = {
    "application_name": "bussa",
    "search_path": "bussa",
    "statement_timeout": "4500",
    "lock_timeout": "4000",
    # A node that stalls in the middle of a commit blocks the other nodes on its row locks, for at most this long.
    "idle_in_transaction_session_timeout": "2500",
    "idle_session_timeout": "0",
    # Sessions of a node whose network was cut must end.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    # The locking and the literals of a commit rely on these, whatever the database's defaults are.
    "default_transaction_isolation": "read committed",
    "standard_conforming_strings": "on",
    "jit": "off",
}
_WRITING = _SESSION | {
    "synchronous_commit": "on",
    # Each statement of a commit looks up rows by key. Its plan is made once, possibly on an empty table, where a
    # sequential scan would look cheapest.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}
_READING = _SESSION | {"default_transaction_read_only": "on"}


async def connect(url: str, *, writing: bool) -> Connection:
    """A connection to the primary: of several hosts in ``url``, the first that is one.

    Reads go to the primary too: a read that begins after a commit must see it.
    """
    primary = {} if "target_session_attrs=" in url else {"target_session_attrs": "primary"}
    return await sql.connect(url, _WRITING if writing else _READING, timeout=TIMEOUT_SECONDS, **primary)


class Pool:
    """Up to ``size`` connections, opened on demand. The caller sets the deadline."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], size: int) -> None:
        self._connect = connect
        self._slots = Semaphore(size)
        self._idle: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """A connection for the block, which must leave no transaction open."""
        async with self._slots:
            connection = self._pop_idle() or await self._connect()
            try:
                yield connection
            except Exception as error:
                if breaks_connection(error):
                    # The idle connections may be broken too, which shows only at their next use.
                    connection.terminate()
                    self._drop_idle()
                raise
            except BaseException:
                # Cancelled, usually by the deadline: a reply may still arrive on this connection.
                connection.terminate()
                self._drop_idle()
                raise
            finally:
                self._release(connection)

    def _pop_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    def _release(self, connection: Connection) -> None:
        if connection.is_closed():
            return
        if self._closed or connection.is_in_transaction():
            connection.terminate()
        else:
            self._idle.append(connection)

    def _drop_idle(self) -> None:
        for connection in self._idle:
            connection.terminate()
        self._idle.clear()

    async def close(self, seconds: float) -> None:
        """Close the idle connections; those in use are terminated when they are released."""
        self._closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            try:
                async with timeout(seconds):
                    await connection.close()
            except DB_ERRORS:  # no clean close; the server notices the lost connection
                connection.terminate()

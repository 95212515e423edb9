"""How we connect, and a pool that throws away what broke.

Everything has a deadline, on both sides of the wire. The server's own are a little shorter, so that it is the
server who gives up in the usual case and the connection stays good; the client's are for a server that is silent.
"""

from asyncio import Semaphore, timeout
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from bussa_server.adapters.postgres import sql
from bussa_server.adapters.postgres.failures import DB_ERRORS, breaks_connection
from bussa_server.adapters.postgres.sql import Connection

TIMEOUT_SECONDS = 5.0
"""A commit or a read that takes longer is given up, tries and waiting for a connection included."""

_SESSION = {
    "application_name": "bussa",
    "search_path": "bussa",
    "statement_timeout": "4500",
    "lock_timeout": "4000",
    # A node that stands still in the middle of a commit holds up whoever writes to its users: not for longer.
    "idle_in_transaction_session_timeout": "2500",
    "idle_session_timeout": "0",
    # A node whose network was cut must not leave its sessions behind.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    # What the locking and the literals of a commit rely on, whatever the database's defaults are.
    "default_transaction_isolation": "read committed",
    "standard_conforming_strings": "on",
    "jit": "off",
}
_WRITING = _SESSION | {
    "synchronous_commit": "on",
    # Each statement of a commit looks rows up by their keys. Its plan is made once, perhaps on an empty table.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}
_READING = _SESSION | {"default_transaction_read_only": "on"}


async def connect(url: str, *, writing: bool) -> Connection:
    """A connection to the primary; the first one of several hosts in ``url`` that is one.

    A standby won't do, not even for reading: a read that begins after a commit must see it.
    """
    primary = {} if "target_session_attrs=" in url else {"target_session_attrs": "primary"}
    return await sql.connect(url, _WRITING if writing else _READING, timeout=TIMEOUT_SECONDS, **primary)


class Pool:
    """Up to ``size`` connections, made as they are needed. The caller sets the deadline."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], size: int) -> None:
        self._connect = connect
        self._slots = Semaphore(size)
        self._idle: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """A connection for the time of the block, which must leave no transaction open."""
        async with self._slots:
            connection = self._pop_idle() or await self._connect()
            try:
                yield connection
            except Exception as error:
                if breaks_connection(error):
                    # What befell this one may have befallen the others too, and nobody has noticed yet.
                    connection.terminate()
                    self._drop_idle()
                raise
            except BaseException:
                # Cancelled, which is what a deadline does: an answer may still be on its way.
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
        """Say goodbye to the idle ones; those in use are cut off when they come back."""
        self._closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            try:
                async with timeout(seconds):
                    await connection.close()
            except DB_ERRORS:  # it could not be told; the server will see that it is gone
                connection.terminate()

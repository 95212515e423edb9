"""Connects, and reconnects with backoff.

    _reconnect_forever     one connection after the other: token, dial, a reader task and a writer task
    _run_timers            beside it: retries and gap recoveries that are due, requests past their deadline

Every call into the state is followed by ``wake``, which settles callers and wakes the tasks that have work.
"""

import asyncio
import math
import random
from collections.abc import Callable
from enum import StrEnum

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from bussa import codec, connect
from bussa.backoff import Backoff
from bussa.connect import ConnectionLostError
from bussa.errors import BussaError, ConnectionClosedError
from bussa.state import ClientState
from bussa.tokens import TokenCache
from bussa_protocol.codes import ReconnectAdvice


class ConnectionStatus(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    CLOSED = "closed"


class ReconnectLoop:
    """The background task of an open client."""

    def __init__(
        self,
        url: str,
        tokens: TokenCache,
        state: ClientState,
        backoff: Backoff,
        *,
        wake: Callable[[], None],
        on_status: Callable[[ConnectionStatus], None],
    ) -> None:
        self.last_failure = "not connected yet"
        """Why the last attempt failed, human-readable."""
        self.write_wanted = asyncio.Event()
        self.timers_changed = asyncio.Event()
        self._url = url
        self._tokens = tokens
        self._state = state
        self._backoff = backoff
        self._wake = wake
        self._on_status = on_status
        self._connected_since = math.inf

    async def run(self) -> BussaError:
        """Run until there is no next connection, and return why. Errors of any kind are returned, not raised."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._run_timers())
                tasks.create_task(self._reconnect_forever())
        except ExceptionGroup as group:
            return _bussa_error(group)
        raise AssertionError("neither task ends by itself")

    async def _run_timers(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self.timers_changed.clear()
            try:
                async with asyncio.timeout_at(self._state.timer()):
                    await self.timers_changed.wait()
            except TimeoutError:
                self._state.tick(clock())
                self._wake()

    async def _reconnect_forever(self) -> None:
        clock = asyncio.get_running_loop().time
        attempt = 0
        while True:
            self._connected_since = math.inf
            try:
                await self._run_connection()
            except ConnectionLostError as lost:
                self._state.disconnected()
                self.last_failure = lost.reason
                if lost.reconnect is ReconnectAdvice.NEVER or (
                    lost.reconnect is ReconnectAdvice.NEW_TOKEN and not self._tokens.refused()
                ):
                    raise lost.final from lost
                if clock() - self._connected_since >= self._backoff.reset_after:
                    attempt = 0
                self._on_status(ConnectionStatus.CONNECTING)
                self._wake()
                wait = self._backoff.delay(lost.reconnect, attempt, random.random())
                attempt += 1
                await asyncio.sleep(max(lost.retry_after, wait))

    async def _run_connection(self) -> None:
        token = await self._tokens.get()
        socket, welcome = await connect.dial(self._url, lambda: self._state.hello(token))
        self._tokens.accepted()
        try:
            self._connected_since = asyncio.get_running_loop().time()
            self._state.welcome(welcome, self._connected_since)
            self._on_status(ConnectionStatus.CONNECTED)
            self._wake()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(socket))
                tasks.create_task(self._read(socket))
        except ExceptionGroup as group:
            raise _bussa_error(group) from group
        finally:
            await socket.close()

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            self.write_wanted.clear()
            try:
                while (data := self._state.next_frame()) is not None:
                    await socket.send(data)
            except ConnectionClosed:
                return  # The reader meets the same close, after it has read the frames before it.
            await self.write_wanted.wait()

    async def _read(self, socket: ClientConnection) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            try:
                data = await socket.recv()
            except ConnectionClosed as error:
                raise connect.error_from_close(error) from error
            self._state.receive(codec.decode(data), clock())
            self._wake()
            if self._state.must_reconnect:
                raise ConnectionLostError("gap recovery failed on this connection")


def _bussa_error(group: ExceptionGroup) -> BussaError:
    """The BussaError that ended a task group.

    Anything else (an error of the application's ``token`` or ``on_status``, or a bug) becomes its cause.
    """
    first = group.exceptions[0]
    if isinstance(first, BussaError):
        return first
    error = ConnectionClosedError(None, f"internal error: {first!r}")
    error.__cause__ = first
    return error

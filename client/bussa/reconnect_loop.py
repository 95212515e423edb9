"""The connections, one after the other: token, dial, pump, and how long to wait before the next.

    in each, one task reads and one writes
    beside them, one tends to the time: what is due, what has run out

Every call into the state is followed by ``wake``, which hands out what was settled and wakes whoever has work.
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
    CONNECTED = "live"
    CLOSED = "closed"


class ReconnectLoop:
    """What runs in the background while a client is open."""

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
        self.last_failure = "no try yet"
        """How the last try ended, for people."""
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
        """Live until there is no next connection, and return why. Whatever happens in here is returned, not lost."""
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
                return  # The reader meets the same end, and after it has read what still came.
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
                raise ConnectionLostError("the log could not be healed here")


def _bussa_error(group: ExceptionGroup) -> BussaError:
    """The error of ours that ended a group of tasks.

    Anything else (the application's own, in ``token`` or ``watch``, or a mistake in here) becomes its cause.
    """
    first = group.exceptions[0]
    if isinstance(first, BussaError):
        return first
    error = ConnectionClosedError(None, f"an error on this side: {first!r}")
    error.__cause__ = first
    return error

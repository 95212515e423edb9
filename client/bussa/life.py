"""The connections, one after the other: token, dial, pump, and how long to wait before the next.

    in each, one task reads and one writes
    beside them, one tends to the time: what is due, what has run out

Every call into the state is followed by ``stir``, which hands out what was settled and wakes whoever has work.
"""

import asyncio
import math
import random
from collections.abc import Callable
from enum import StrEnum

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from bussa import connect, wire
from bussa.backoff import Backoff
from bussa.connect import LostError
from bussa.errors import BussaError, ClosedError
from bussa.state import State
from bussa.tokens import Tokens
from bussa_protocol.codes import Return


class Status(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    CLOSED = "closed"


class Life:
    """What runs in the background while a client is open."""

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        state: State,
        backoff: Backoff,
        *,
        stir: Callable[[], None],
        tell: Callable[[Status], None],
    ) -> None:
        self.why = "no try yet"
        """How the last try ended, for people."""
        self.to_write = asyncio.Event()
        self.to_tend = asyncio.Event()
        self._url = url
        self._tokens = tokens
        self._state = state
        self._backoff = backoff
        self._stir = stir
        self._tell = tell
        self._live_since = math.inf

    async def run(self) -> BussaError:
        """Live until there is no next connection, and return why. Whatever happens in here is returned, not lost."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tend())
                tasks.create_task(self._connections())
        except ExceptionGroup as group:
            return _ours(group)
        raise AssertionError("neither task ends by itself")

    async def _tend(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self.to_tend.clear()
            try:
                async with asyncio.timeout_at(self._state.timer()):
                    await self.to_tend.wait()
            except TimeoutError:
                self._state.tick(clock())
                self._stir()

    async def _connections(self) -> None:
        clock = asyncio.get_running_loop().time
        attempt = 0
        while True:
            self._live_since = math.inf
            try:
                await self._connection()
            except LostError as lost:
                self._state.lost()
                self.why = lost.reason
                if lost.then is Return.NEVER or (lost.then is Return.NEW_TOKEN and not self._tokens.refused()):
                    raise lost.final from lost
                if clock() - self._live_since >= self._backoff.steady:
                    attempt = 0
                self._tell(Status.CONNECTING)
                self._stir()
                wait = self._backoff.wait(lost.then, attempt, random.random())
                attempt += 1
                await asyncio.sleep(max(lost.retry_after, wait))

    async def _connection(self) -> None:
        token = await self._tokens.get()
        socket, welcome = await connect.dial(self._url, lambda: self._state.hello(token))
        self._tokens.accepted()
        try:
            self._live_since = asyncio.get_running_loop().time()
            self._state.welcome(welcome, self._live_since)
            self._tell(Status.LIVE)
            self._stir()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(socket))
                tasks.create_task(self._read(socket))
        except ExceptionGroup as group:
            raise _ours(group) from group
        finally:
            await socket.close()

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            self.to_write.clear()
            try:
                while (data := self._state.next()) is not None:
                    await socket.send(data)
            except ConnectionClosed:
                return  # The reader meets the same end, and after it has read what still came.
            await self.to_write.wait()

    async def _read(self, socket: ClientConnection) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            try:
                data = await socket.recv()
            except ConnectionClosed as error:
                raise connect.farewell(error) from error
            self._state.receive(wire.decode(data), clock())
            self._stir()
            if self._state.broken:
                raise LostError("the log could not be healed here")


def _ours(group: ExceptionGroup) -> BussaError:
    """The error of ours that ended a group of tasks.

    Anything else (the application's own, in ``token`` or ``watch``, or a mistake in here) becomes its cause.
    """
    first = group.exceptions[0]
    if isinstance(first, BussaError):
        return first
    error = ClosedError(None, f"an error on this side: {first!r}")
    error.__cause__ = first
    return error

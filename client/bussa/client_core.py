"""The I/O around the state machine: callers, the reader of events, open and close."""

import asyncio
import random
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from bussa import connect
from bussa.backoff import Backoff
from bussa.errors import BussaError, ConnectionClosedError, UnreachableError
from bussa.event_queue import QUEUE_SIZE, ClientEvent, Cursor, EventQueue
from bussa.pending_requests import Outcome
from bussa.reconnect_loop import ConnectionStatus, ReconnectLoop
from bussa.state import ClientState, Counters
from bussa.tokens import TokenCache, TokenSource
from bussa_protocol.frames.requests import RequestWithId

PENDING_MAX = 1024
"""Pending requests at a time; further callers wait for a slot."""
DRAIN_SECONDS = 5.0
"""How long ``aclose`` waits for outstanding replies."""
CLOSED_LOCALLY = "closed by this side"


class ClientCore:
    """What outlives a single connection. ``Client`` adds the typed requests."""

    def __init__(
        self,
        url: str,
        token: TokenSource,
        *,
        resume: tuple[str, int] | None = None,
        timeout: float = 30.0,
        listen: bool = True,
        queue_size: int = QUEUE_SIZE,
        backoff: Backoff | None = None,
        on_status: Callable[[ConnectionStatus], None] | None = None,
    ) -> None:
        """Does nothing before ``async with``.

        Args:
            url: of the server: http(s)://… or ws(s)://….
            token: a token, or an async function that returns one; it is called again when a token was refused.
            resume: a saved ``cursor`` to resume from.
            timeout: of a call and of the first connection in seconds, across reconnects and, for a ``send``, across
                outages and rate limits.
            listen: False: drop events, for a program that only makes requests.
            queue_size: unread events to buffer; further ones stay on the server.
            backoff: delays between connection attempts.
            on_status: called on every change of ``status``; must not block.

        Raises:
            ValueError: invalid ``url``.
        """
        self._tokens = TokenCache(token)
        self._timeout = timeout
        self._on_status = on_status
        backoff = backoff or Backoff()
        self._state = ClientState(
            resume=None if resume is None else Cursor(*resume),
            event_queue=EventQueue(queue_size, enabled=listen),
            backoff=backoff,
            rng=random.random,
        )
        self._reconnect_loop = ReconnectLoop(
            connect.socket_url(url), self._tokens, self._state, backoff, wake=self._wake, on_status=self._set_status
        )
        self._callers: dict[int, asyncio.Future[Any]] = {}
        self._slots = asyncio.Semaphore(PENDING_MAX)
        self._events_available = asyncio.Event()
        self._idle = asyncio.Event()
        self._opened = asyncio.Event()
        self._status = ConnectionStatus.CONNECTING
        self._final_error: BussaError | None = None
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    # ---- properties

    @property
    def status(self) -> ConnectionStatus:
        """The connection status right now."""
        return self._status

    @property
    def user(self) -> str:
        """The user id, from the server; empty before the first connection."""
        return self._state.user or ""

    @property
    def cursor(self) -> Cursor | None:
        """(epoch, seq) of the last event read from ``events()``. Save it, and pass it as ``resume`` later."""
        return self._state.event_queue.cursor

    @property
    def counters(self) -> Counters:
        """Counts of frames that were ignored, and of gap recoveries and resets."""
        return self._state.counters

    @property
    def in_flight(self) -> int:
        """Requests without a reply."""
        return len(self._state.pending)

    # ---- open and close

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            UnreachableError: no connection within ``timeout``.
            ConnectionClosedError: rejected for good; ``TokenRefusedError``: invalid token.
            ProtocolError: not a Bussa server.
        """
        if self._task is not None:
            raise RuntimeError("a client can be opened once; create another one")
        self._task = asyncio.create_task(self._run(), name="bussa")
        try:
            async with asyncio.timeout(self._timeout):
                await self._opened.wait()
        except TimeoutError:
            await self._shut_down(
                UnreachableError(f"no connection within {self._timeout:g} s: {self._reconnect_loop.last_failure}")
            )
        except asyncio.CancelledError:
            await self._shut_down(ConnectionClosedError(None, CLOSED_LOCALLY))
            raise
        if self._final_error is not None:
            await self._shut_down(self._final_error)
            raise self._final_error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.aclose()
        else:
            await self._shut_down(ConnectionClosedError(None, CLOSED_LOCALLY))

    async def aclose(self) -> None:
        """Wait for outstanding replies (at most five seconds), then close.

        Calls without a reply by then raise ``ConnectionClosedError``.
        """
        self._closing = True
        try:
            if self._status is ConnectionStatus.CONNECTED and self._callers:
                self._idle.clear()
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self._idle.wait()
        except TimeoutError:
            pass  # _shut_down fails the remaining callers.
        finally:
            await self._shut_down(ConnectionClosedError(None, CLOSED_LOCALLY))

    async def _run(self) -> None:
        error: BussaError = ConnectionClosedError(None, CLOSED_LOCALLY)
        try:
            error = await self._reconnect_loop.run()
        finally:
            self._finish(error)

    async def _shut_down(self, error: BussaError) -> None:
        self._finish(error)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _finish(self, error: BussaError) -> None:
        if self._final_error is None:
            self._final_error = error
            self._state.pending.fail_all(error)
            self._wake()
            self._set_status(ConnectionStatus.CLOSED)

    # ---- requests and events

    async def request(self, build: Callable[[int], RequestWithId], timeout: float | None = None) -> Any:
        """Make the request that ``build`` returns for an id. The methods of ``Client`` are the typed form."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + (self._timeout if timeout is None else timeout)
        async with self._slots:
            if self._task is None:
                raise ConnectionClosedError(None, "not open: use `async with` first")
            if self._final_error is not None or self._closing:
                raise self._final_error or ConnectionClosedError(None, CLOSED_LOCALLY)
            id = self._state.add_request(build, deadline)
            caller: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._callers[id] = caller
            self._wake()
            try:
                return await caller
            finally:
                if self._callers.pop(id, None) is not None:
                    self._state.cancel(id, clock())
                    self._wake()
                if not self._callers:
                    self._idle.set()

    async def next_event(self) -> ClientEvent | None:
        """The next event; None after ``aclose``.

        Raises:
            BussaError: the client is closed, and every event before that has been read.
        """
        while True:
            event = self._state.take_event(asyncio.get_running_loop().time())
            if event is not None:
                if self._state.log_cursor.behind:
                    self._reconnect_loop.timers_changed.set()
                return event
            if self._final_error is not None:
                if self._closing or (
                    isinstance(self._final_error, ConnectionClosedError) and self._final_error.reason == CLOSED_LOCALLY
                ):
                    return None
                raise self._final_error
            self._events_available.clear()
            await self._events_available.wait()

    def _wake(self) -> None:
        settled = self._state.pending.settled
        while settled:
            id, outcome = settled.popleft()
            caller = self._callers.pop(id, None)
            if caller is not None and not caller.done():
                _settle(caller, outcome)
        self._reconnect_loop.write_wanted.set()
        self._reconnect_loop.timers_changed.set()
        self._events_available.set()

    def _set_status(self, status: ConnectionStatus) -> None:
        if status is ConnectionStatus.CONNECTED or status is ConnectionStatus.CLOSED:
            self._opened.set()
        if status is not self._status:
            self._status = status
            if self._on_status is not None:
                self._on_status(status)


def _settle(caller: asyncio.Future[Any], outcome: Outcome) -> None:
    if isinstance(outcome, BussaError):
        caller.set_exception(outcome)
    else:
        caller.set_result(outcome)

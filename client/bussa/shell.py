"""The shell around the state: the waiting callers, the reader of events, the beginning and the end."""

import asyncio
import random
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from bussa import connect
from bussa.asks import Outcome
from bussa.backoff import Backoff
from bussa.errors import BussaError, ClosedError, UnreachableError
from bussa.feed import QUEUE, Cursor, Feed, Notice
from bussa.life import Life, Status
from bussa.state import Counters, State
from bussa.tokens import Source, Tokens
from bussa_protocol.frames.requests import Asked

PENDING = 1024
"""Requests that may wait for their answer; a further caller waits for room."""
DRAIN_SECONDS = 5.0
"""How long a clean close waits for answers that are still to come."""
BY_THIS_SIDE = "closed by this side"


class Shell:
    """What stays up while connections come and go. ``Bussa`` gives it the calls of the contract."""

    def __init__(
        self,
        url: str,
        token: Source,
        *,
        resume: tuple[str, int] | None = None,
        patience: float = 30.0,
        listen: bool = True,
        queue: int = QUEUE,
        backoff: Backoff | None = None,
        watch: Callable[[Status], None] | None = None,
    ) -> None:
        """Nothing happens before ``async with``.

        Args:
            url: where the server is: http(s)://… or ws(s)://….
            token: the token, or an async callable that gives one; it is called again whenever one was refused.
            resume: a ``cursor`` saved earlier, to go on from there.
            patience: seconds that a call (and the first connection) rides out broken connections, and a ``send``
                also outages and limits, before it is given up.
            listen: False for a program that only asks: events are passed over instead of kept.
            queue: events that may wait for the reader of ``events()``; more of them wait on the server.
            backoff: how long to wait between connections.
            watch: told of every change of ``status``; must not block.

        Raises:
            ValueError: ``url`` is no address of a server.
        """
        self._tokens = Tokens(token)
        self._patience = patience
        self._watch = watch
        backoff = backoff or Backoff()
        self._state = State(
            resume=None if resume is None else Cursor(*resume),
            feed=Feed(queue, keep=listen),
            backoff=backoff,
            chance=random.random,
        )
        self._life = Life(connect.socket_url(url), self._tokens, self._state, backoff, stir=self._stir, tell=self._tell)
        self._callers: dict[int, asyncio.Future[Any]] = {}
        self._room = asyncio.Semaphore(PENDING)
        self._to_read = asyncio.Event()
        self._idle = asyncio.Event()
        self._opened = asyncio.Event()
        self._status = Status.CONNECTING
        self._ended: BussaError | None = None
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    # ---- what it is

    @property
    def status(self) -> Status:
        """Whether there is a connection right now."""
        return self._status

    @property
    def user(self) -> str:
        """Who this is, as the server said; empty before the first connection."""
        return self._state.user or ""

    @property
    def cursor(self) -> Cursor | None:
        """(epoch, seq) of the last event read from ``events()``: save it, and give it as ``resume`` another time."""
        return self._state.feed.cursor

    @property
    def counters(self) -> Counters:
        """What was passed over, and how often."""
        return self._state.counters

    # ---- beginning and end

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            UnreachableError: no connection within ``patience``.
            ClosedError: the server turned it away for good; ``TokenRefusedError`` for want of a good token.
            NotContractError: that is no Bussa server.
        """
        if self._task is not None:
            raise RuntimeError("it has been opened before; make another one")
        self._task = asyncio.create_task(self._live(), name="bussa")
        try:
            async with asyncio.timeout(self._patience):
                await self._opened.wait()
        except TimeoutError:
            await self._end(UnreachableError(f"no connection within {self._patience:g} s: {self._life.why}"))
        except asyncio.CancelledError:
            await self._end(ClosedError(None, BY_THIS_SIDE))
            raise
        if self._ended is not None:
            await self._end(self._ended)
            raise self._ended
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.aclose()
        else:
            await self._end(ClosedError(None, BY_THIS_SIDE))

    async def aclose(self) -> None:
        """Close, after answers that are still to come have come (at most five seconds).

        Calls without an answer by then raise ``ClosedError``.
        """
        self._closing = True
        try:
            if self._status is Status.LIVE and self._callers:
                self._idle.clear()
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self._idle.wait()
        except TimeoutError:
            pass  # Their callers are told, by the next line.
        finally:
            await self._end(ClosedError(None, BY_THIS_SIDE))

    async def _live(self) -> None:
        error: BussaError = ClosedError(None, BY_THIS_SIDE)
        try:
            error = await self._life.run()
        finally:
            self._finish(error)

    async def _end(self, error: BussaError) -> None:
        self._finish(error)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _finish(self, error: BussaError) -> None:
        if self._ended is None:
            self._ended = error
            self._state.asks.fail(error)
            self._stir()
            self._tell(Status.CLOSED)

    # ---- a call, an event

    async def ask(self, make: Callable[[int], Asked], patience: float | None = None) -> Any:
        """The reply to the request that ``make`` gives for an id. The methods of ``Bussa`` are the typed way."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + (self._patience if patience is None else patience)
        async with self._room:
            if self._task is None:
                raise ClosedError(None, "not open: use `async with`")
            if self._ended is not None or self._closing:
                raise self._ended or ClosedError(None, BY_THIS_SIDE)
            id = self._state.ask(make, deadline)
            caller: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._callers[id] = caller
            self._stir()
            try:
                return await caller
            finally:
                if self._callers.pop(id, None) is not None:
                    self._state.abandon(id, clock())
                    self._stir()
                if not self._callers:
                    self._idle.set()

    async def next_notice(self) -> Notice | None:
        """The next event; None after a close by this side.

        Raises:
            BussaError: the connection ended for good, and everything before has been read.
        """
        while True:
            notice = self._state.take(asyncio.get_running_loop().time())
            if notice is not None:
                if self._state.log.behind:
                    self._life.to_tend.set()
                return notice
            if self._ended is not None:
                if self._closing or (isinstance(self._ended, ClosedError) and self._ended.reason == BY_THIS_SIDE):
                    return None
                raise self._ended
            self._to_read.clear()
            await self._to_read.wait()

    def _stir(self) -> None:
        settled = self._state.asks.settled
        while settled:
            id, outcome = settled.popleft()
            caller = self._callers.pop(id, None)
            if caller is not None and not caller.done():
                _settle(caller, outcome)
        self._life.to_write.set()
        self._life.to_tend.set()
        self._to_read.set()

    def _tell(self, status: Status) -> None:
        if status is Status.LIVE or status is Status.CLOSED:
            self._opened.set()
        if status is not self._status:
            self._status = status
            if self._watch is not None:
                self._watch(status)


def _settle(caller: asyncio.Future[Any], outcome: Outcome) -> None:
    if isinstance(outcome, BussaError):
        caller.set_exception(outcome)
    else:
        caller.set_result(outcome)

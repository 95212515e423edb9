"""Request dispatch: decodes each frame of a connection, checks its rate limit, and submits or answers it.

A request that writes is submitted as a command; a query is answered by its handler. Writes are pipelined: a command is
submitted without waiting for the one before it. A query waits until all earlier writes are answered. So requests take
effect in the order sent, and a client need not wait for replies.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bussa_protocol.codec import Codec, FrameError
from bussa_protocol.codes import CloseReason, ErrorCode
from bussa_protocol.frames import Request, replies, requests
from bussa_server.domain.commands import Command
from bussa_server.domain.handlers import HANDLERS
from bussa_server.domain.phase import Action, Phase, action_for
from bussa_server.domain.unit_of_work import Refusal
from bussa_server.lib.rate_limit import Bucket, Rate
from bussa_server.node.commit_queue import CommitQueue
from bussa_server.ports.store import Unavailable
from bussa_server.session.requests import QUERY_HANDLERS, Caller, QueryHandler
from bussa_server.session.responder import Responder

MAX_PENDING_WRITES = 256
"""Unanswered writes of one connection. Beyond it, its frames wait in the socket."""


class DispatchContext(Caller, Protocol):
    """The connection, as seen by its dispatcher."""

    @property
    def phase(self) -> Phase: ...

    def end(self, code: CloseReason) -> None: ...

    async def caught_up(self) -> None:
        """Wait until the stream is live."""
        ...

    async def drained(self) -> None:
        """Wait until the send queue is empty and the peer reads."""
        ...


class RequestDispatcher:
    """Belongs to one connection."""

    __slots__ = (
        "_abuse_bucket",
        "_commit_queue",
        "_connection",
        "_frame_bucket",
        "_idle",
        "_pending_writes",
        "_responder",
        "_stopped",
        "codec",
        "send_bucket",
    )

    def __init__(
        self,
        connection: DispatchContext,
        commit_queue: CommitQueue,
        codec: Codec,
        responder: Responder,
        frame_limit: Rate,
    ) -> None:
        self._connection = connection
        self._commit_queue = commit_queue
        self.codec = codec
        self._responder = responder
        now = time.monotonic()
        self._frame_bucket = Bucket(frame_limit, now)
        self._abuse_bucket = Bucket(frame_limit, now)
        self.send_bucket = self._frame_bucket
        """The bucket that messages are charged to: the user's own once the user is authenticated."""
        self._pending_writes = 0
        self._stopped = False
        self._idle: asyncio.Event | None = None

    def decode(self, frame: bytes | str) -> Request | None:
        """Decode a request. None: it is invalid, and was answered with an error or a close."""
        if isinstance(frame, str) is self.codec.binary:
            self._connection.end(CloseReason.UNSUPPORTED_DATA)
            return None
        try:
            return self.codec.decode(frame)  # pyright: ignore[reportArgumentType] - msgspec reads JSON from a str
        except FrameError as error:
            if error.undecodable:
                self._connection.end(CloseReason.PROTOCOL_ERROR)
            else:
                self._responder.refuse(error.id, ErrorCode.BAD_REQUEST, str(error))
            return None

    def dispatch_now(self, frame: bytes | str) -> bool:
        """Submit a write if it need not wait. False: it would have to, and nothing was done.

        Called only while no earlier frame is being handled and the stream is live.
        """
        if self._stopped or self._pending_writes >= MAX_PENDING_WRITES or isinstance(frame, str) is self.codec.binary:
            return False
        try:
            request = self.codec.decode(frame)  # pyright: ignore[reportArgumentType] - as in `decode`
        except FrameError:
            return False
        if type(request) not in HANDLERS:
            return False
        bucket = self.send_bucket if isinstance(request, requests.SendRequest) else self._frame_bucket
        if bucket.take(time.monotonic()):
            return False
        self._submit_command(request)
        return True

    async def dispatch(self, frame: bytes | str) -> None:
        """Handle the request in ``frame``, or answer with an error."""
        if self._stopped:
            return
        now = time.monotonic()
        request = self.decode(frame)
        bucket = self.send_bucket if isinstance(request, requests.SendRequest) else self._frame_bucket
        wait = bucket.take(now)
        if wait:
            self._refuse_over_limit(request, wait, now)
            return
        if request is None:
            return
        if action_for(self._connection.phase, request) is not Action.HANDLE:
            self._responder.refuse(None, ErrorCode.BAD_REQUEST, "`hello` is only valid as the first frame")
            return
        if type(request) in HANDLERS:
            if self._pending_writes >= MAX_PENDING_WRITES:
                await self.writes_answered()
            # No reply may be pending while the stream catches up: it could come too late to take its event's place.
            await self._connection.caught_up()
            self._submit_command(request)
        else:
            await self.writes_answered()
            await self._connection.caught_up()
            # Pages are large: a client that requests them faster than it reads must wait, and not be closed as slow.
            await self._connection.drained()
            await self._answer_query(QUERY_HANDLERS[type(request)], request)

    @property
    def has_pending_writes(self) -> bool:
        """Whether a write is not answered yet."""
        return self._pending_writes > 0

    async def writes_answered(self) -> None:
        """Wait until every write is answered. Returns at once after the end of the connection."""
        while self._pending_writes and self._connection.phase is Phase.OPEN:
            if self._idle is None:
                self._idle = asyncio.Event()
            await self._idle.wait()

    def stop(self) -> None:
        """Ignore further requests, so that `writes_answered` returns however busy the client is."""
        self._stopped = True

    def wake(self) -> None:
        """Wake those who wait in `writes_answered`."""
        if self._idle is not None:
            self._idle.set()
            self._idle = None

    def _refuse_over_limit(self, request: Request | None, wait: float, now: float) -> None:
        """Answer `rate_limited`; close the connection if it goes on far over the limit."""
        if self._abuse_bucket.take(now):
            self._connection.end(CloseReason.RATE_LIMITED)
        elif isinstance(request, requests.RequestWithId):
            message = "rate limit exceeded"
            self._responder.refuse(request.id, ErrorCode.RATE_LIMITED, message, retry_after=round(wait, 3))

    def _submit_command(self, request: Any) -> None:
        if self._stopped or self._connection.phase is not Phase.OPEN:
            return  # it was closed while the request waited

        # Any: a result without `to_reply` answers only what HTTP submits.
        def on_result(result: Any) -> None:
            self._pending_writes -= 1
            if isinstance(result, Refusal):
                self._responder.refuse(request.id, result.code, result.message)
            elif isinstance(result, Unavailable):
                self._responder.unavailable(request.id)
            else:
                self._responder.reply(result.to_reply(request.id))
            if not self._pending_writes:
                self.wake()

        self._pending_writes += 1
        self._commit_queue.submit(Command(self._connection.principal, request), self._connection, on_result)

    async def _answer_query(self, handler: QueryHandler, request: Any) -> None:
        answer: Callable[[Caller, Any], Awaitable[replies.Reply | None]] = handler.answer
        try:
            reply = await answer(self._connection, request)
        except Unavailable:
            if isinstance(request, requests.RequestWithId):
                self._responder.unavailable(request.id)
            return
        if isinstance(reply, replies.ErrorReply):
            self._responder.refuse(reply.id, reply.code, reply.message)
        elif reply is not None:
            self._responder.send(reply)

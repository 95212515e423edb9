"""What a connection receives: frames in, one after the other; each is decoded, weighed and carried out.

A write goes to the post without waiting for the one before it; anything that asks waits until the writes before
it are answered. So requests are carried out in the order sent, and a client may send ahead.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bussa_protocol.codec import Codec, FrameError
from bussa_protocol.codes import CloseReason, ErrorCode
from bussa_protocol.frames import Request, replies, requests
from bussa_server.domain.phase import Action, Phase, action_for
from bussa_server.domain.rate_limit import Bucket, Rate
from bussa_server.domain.unit_of_work import Refusal, Result
from bussa_server.ports.store import Unavailable
from bussa_server.session.commit_queue import CommitQueue
from bussa_server.session.requests import REQUEST_HANDLERS, Caller, CommandHandler, QueryHandler
from bussa_server.session.responder import Responder

MAX_PENDING_WRITES = 256
"""Writes of one connection that may wait for the post; then its frames wait in its socket."""


class DispatchContext(Caller, Protocol):
    """The connection, as its intake sees it."""

    @property
    def phase(self) -> Phase: ...

    def end(self, code: CloseReason) -> None: ...

    async def caught_up(self) -> None:
        """Wait until the stream is live."""
        ...

    async def drained(self) -> None:
        """Wait until the peer has taken what it was told."""
        ...


class RequestDispatcher:
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
        """What messages are charged to: the user's own bucket, once it is known who it is."""
        self._pending_writes = 0
        self._stopped = False
        self._idle: asyncio.Event | None = None

    def decode(self, frame: bytes | str) -> Request | None:
        """The request in a frame; None if there is none, and then that was answered."""
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
        """Carry out a write for which nothing must be waited; else False, and nothing has happened.

        The connection has nothing else in hand then: it sleeps, and its stream is live.
        """
        if self._stopped or self._pending_writes >= MAX_PENDING_WRITES or isinstance(frame, str) is self.codec.binary:
            return False
        try:
            request = self.codec.decode(frame)  # pyright: ignore[reportArgumentType] - as in `decode`
        except FrameError:
            return False
        handler = REQUEST_HANDLERS.get(type(request))
        if not isinstance(handler, CommandHandler):
            return False
        bucket = self.send_bucket if isinstance(request, requests.SendRequest) else self._frame_bucket
        if bucket.take(time.monotonic()):
            return False
        self._submit_command(handler, request)
        return True

    async def dispatch(self, frame: bytes | str) -> None:
        """Carry out the request in ``frame``, or say why not."""
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
            self._responder.refuse(None, ErrorCode.BAD_REQUEST, "`hello` is said once")
            return
        handler = REQUEST_HANDLERS[type(request)]
        if isinstance(handler, CommandHandler):
            if self._pending_writes >= MAX_PENDING_WRITES:
                await self.writes_answered()
            # While the stream heals, a reply must not be under way: it could come too late for its place.
            await self._connection.caught_up()
            self._submit_command(handler, request)
        else:
            await self.writes_answered()
            await self._connection.caught_up()
            # Pages are large: who asks for them faster than it reads waits, and is not taken for a slow reader.
            await self._connection.drained()
            await self._answer_query(handler, request)

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
        """Take no further request: so that `answered` comes to an end, however busy the client is."""
        self._stopped = True

    def wake(self) -> None:
        """Let go whoever waits for answers."""
        if self._idle is not None:
            self._idle.set()
            self._idle = None

    def _refuse_over_limit(self, request: Request | None, wait: float, now: float) -> None:
        """Over a limit: said so, and far over it the end."""
        if self._abuse_bucket.take(now):
            self._connection.end(CloseReason.RATE_LIMITED)
        elif isinstance(request, requests.RequestWithId):
            self._responder.refuse(request.id, ErrorCode.RATE_LIMITED, "too fast", retry_after=round(wait, 3))

    def _submit_command(self, handler: CommandHandler, request: Any) -> None:
        if self._stopped or self._connection.phase is not Phase.OPEN:
            return  # it ended while this waited for its turn

        def on_result(result: Result | Unavailable) -> None:
            self._pending_writes -= 1
            if isinstance(result, Refusal):
                self._responder.refuse(request.id, result.code, result.message)
            elif isinstance(result, Unavailable):
                self._responder.unavailable(request.id)
            else:
                self._responder.reply(handler.to_reply(request, result))
            if not self._pending_writes:
                self.wake()

        self._pending_writes += 1
        self._commit_queue.submit(
            handler.to_command(self._connection.principal.user, request), self._connection, on_result
        )

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

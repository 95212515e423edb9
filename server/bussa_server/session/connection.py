"""One connection, from handshake to close.

It only wires its parts together: `domain.phase` says which request is legal, `requests` what it does, the dispatcher
takes frames in, the stream tracks what the device has received, the send queue holds what waits to be written.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Literal

from bussa_protocol.codec import Codec
from bussa_protocol.codes import CloseReason
from bussa_protocol.frames import requests
from bussa_protocol.limits import HELLO_SECONDS
from bussa_server import telemetry
from bussa_server.auth.principal import Principal, Tokens, Unauthenticated, check_not_revoked
from bussa_server.domain.phase import Action, Phase, action_for
from bussa_server.node.encoded_event import EncodedEvent
from bussa_server.node.hub import Hub
from bussa_server.node.services import Services
from bussa_server.ports.socket import Frame, Socket
from bussa_server.ports.store import MAX_LOG_PAGE, LogPage, Store, Unavailable
from bussa_server.session import handshake
from bussa_server.session.dispatcher import RequestDispatcher
from bussa_server.session.receive_queue import ReceiveQueue
from bussa_server.session.responder import Responder
from bussa_server.session.send_queue import SendQueue
from bussa_server.session.stream import LogTrimmedError, Stream

MAX_TIMER_SECONDS = 86_400.0
"""Seconds after which the token timer is set again: a token may be valid for years."""


class Connection:
    """One device. `begin` registers it with its socket; everything else happens in callbacks of the socket.

    It has a task only while a frame must wait (`ReceiveQueue`). Most connections are idle most of the time, and an
    idle one costs no task.
    """

    __slots__ = (
        "_address",
        "_address_counted",
        "_catch_up_task",
        "_dispatcher",
        "_on_end",
        "_principal",
        "_receive_queue",
        "_responder",
        "_send_queue",
        "_server_close_code",
        "_services",
        "_socket",
        "_stream",
        "_timer",
        "_token",
        "_user_counted",
        "phase",
    )

    def __init__(self, services: Services, codec: Codec, socket: Socket, address: str, token: str | None) -> None:
        """``token``: the bearer token of the handshake's ``Authorization`` header."""
        self._services = services
        self._socket = socket
        self._address = address
        self._address_counted = self._user_counted = False
        self._token = token
        self.phase = Phase.HANDSHAKE
        self._send_queue = SendQueue(socket, self._on_slow_consumer)
        self._responder = Responder(codec, self._send_queue)
        self._dispatcher = RequestDispatcher(self, services.commit_queue, codec, self._responder, services.frame_limit)
        self._receive_queue = ReceiveQueue(self, socket)
        self._stream: Stream | None = None
        self._catch_up_task: asyncio.Task[None] | None = None
        self._principal: Principal | None = None
        self._timer: asyncio.TimerHandle | None = None
        """Until ``hello``: its timeout. From then on: the expiry of the token."""
        self._server_close_code: CloseReason | None = None
        self._on_end: Callable[[Connection], None] | None = None

    # For request handlers (`requests.base.Caller`).

    @property
    def principal(self) -> Principal:
        assert self._principal is not None
        return self._principal

    @property
    def store(self) -> Store:
        return self._services.store

    @property
    def hub(self) -> Hub:
        return self._services.hub

    @property
    def tokens(self) -> Tokens:
        return self._services.tokens

    def renew(self, principal: Principal) -> None:
        self._principal = principal
        seconds = max(0.0, (principal.expires_at - time.time_ns() // 1_000_000) / 1000)
        self._set_timer(min(seconds, MAX_TIMER_SECONDS), self._expire)

    async def catch_up_to(self, head: int) -> int:
        assert self._stream is not None
        self._stream.expect_head(head)
        await self.caught_up()
        return self._stream.cursor

    async def caught_up(self) -> None:
        while self._catch_up_task is not None:
            await asyncio.wait([self._catch_up_task])

    async def drained(self) -> None:
        await self._send_queue.drained()

    # For the hub (`hub.Device`).

    def offer(self, seq: int, encoded: EncodedEvent) -> None:
        if self._stream is not None:
            self._stream.offer(seq, encoded)

    def send_ephemeral(self, encoded: EncodedEvent) -> None:
        self._responder.send_ephemeral(encoded)

    def revoked(self, at: int) -> None:
        if self._principal is not None and self._principal.issued_at <= at:
            self.end(CloseReason.INVALID_TOKEN)

    def expect_head(self, head: int) -> None:
        if self._stream is not None:
            self._stream.expect_head(head)

    # Lifecycle.

    def begin(self, on_end: "Callable[[Connection], None]") -> None:
        """Serve the socket. ``on_end`` is called once, when the socket has ended."""
        self._on_end = on_end
        self._socket.on_frame(self._receive_queue.put)
        self._address_counted = self._services.admission.admit_address(self._address)
        if self._address_counted:
            self._set_timer(HELLO_SECONDS, self._socket.on_hello_timeout, lambda: self.end(CloseReason.HELLO_TIMEOUT))
        else:
            self.end(CloseReason.RATE_LIMITED)

    @property
    def server_close_code(self) -> CloseReason | None:
        """The code with which the server closed the connection. None: the client closed it, or it is open."""
        return self._server_close_code

    @property
    def close_code(self) -> int:
        """The close code of the socket."""
        return self._socket.close_code

    def handle_now(self, frame: bytes | str) -> bool:
        """Handle a frame without waiting. False: it would have to wait, and nothing was done."""
        return self.phase is Phase.OPEN and self._catch_up_task is None and self._dispatcher.dispatch_now(frame)

    async def handle(self, frame: Frame) -> None:
        """Handle a frame. All earlier frames have been handled."""
        try:
            if frame is None:
                self._finish()
            elif self.phase is Phase.HANDSHAKE:
                await self._handle_hello(frame)
            elif self.phase is Phase.OPEN:
                await self._dispatcher.dispatch(frame)
        except Unavailable:
            # The device can't be served now. It reconnects and resumes.
            self.end(CloseReason.RESTART)
        except Exception as error:  # noqa: BLE001 - a defect must end this connection only
            telemetry.defect("connection", error)
            self._socket.close(1011, "internal error")
            self._finish()
        except BaseException:
            self._finish()
            raise

    def end(self, code: CloseReason) -> None:
        """Close the connection with ``code``, once. Queued frames are sent before if the peer reads."""
        if self.phase is Phase.CLOSED:
            return
        self.phase = Phase.CLOSED
        self._server_close_code = code
        self._send_queue.flush()
        self._send_queue.end()
        self._socket.close(code, code.reason)
        self._dispatcher.wake()

    async def finish_writes(self) -> None:
        """Stop taking requests and wait until every pending write is answered: before a close that the client did not
        cause."""
        self._dispatcher.stop()
        await self._dispatcher.writes_answered()

    def _finish(self) -> None:
        """Release everything that the connection holds: counters, subscriptions, timers, tasks."""
        on_end, self._on_end = self._on_end, None
        if on_end is None:
            return
        self.phase = Phase.CLOSED
        self._receive_queue.end()
        self._send_queue.end()
        self._stop_timer()
        if self._catch_up_task is not None:
            self._catch_up_task.cancel()
        admission = self._services.admission
        if self._address_counted:
            admission.release_address(self._address)
        if self._principal is not None:
            self._services.hub.leave(self._principal.user, self)
            if self._user_counted:
                admission.release_user(self._principal.user)
        on_end(self)
        if not self._dispatcher.has_pending_writes:
            # Break reference cycles here; otherwise they live until the next full GC, which stalls the event loop.
            self._stream = self._responder.stream = None
            del self._dispatcher

    async def _handle_hello(self, frame: bytes | str) -> None:
        """Handle the first frame, which must be ``hello``."""
        self._stop_timer()
        request = self._dispatcher.decode(frame)
        if request is None or action_for(self.phase, request) is not Action.HANDLE:
            # An error reply for its fields may have been sent already. The close code tells the client not to retry.
            self.end(CloseReason.PROTOCOL_ERROR)
            return
        assert isinstance(request, requests.HelloRequest)
        token, self._token = request.token or self._token or "", None
        try:
            await self._welcome(await self._services.tokens.verify(token), request)
        except Unauthenticated:
            self.end(CloseReason.INVALID_TOKEN)

    async def _welcome(self, principal: Principal, hello: requests.HelloRequest) -> None:
        """Subscribe, then read the log, then merge by seq.

        No revocation is missed: the hub announces it to subscribers, and the store is read after subscribing.
        """
        user, services = principal.user, self._services
        self.renew(principal)
        # Until the head of the log is known, the stream records the events it is offered and sends none.
        self._stream = Stream(user, 0, self._dispatcher.codec, self._send_queue, services.store, self._start_catch_up)
        await services.hub.join(user, self)
        resume_after = handshake.resume_after(services.store.epoch, hello)
        state = await services.store.resume_state(user, resume_after, MAX_LOG_PAGE)
        check_not_revoked(principal, None if state is None else state.revoked_at)
        if self.phase is Phase.CLOSED or state is None:
            return
        self._user_counted = services.admission.admit_user(user)
        if not self._user_counted:
            self.end(CloseReason.RATE_LIMITED)
            return
        self._dispatcher.send_bucket = services.admission.budget(user)
        start = handshake.decide_resume(services.store.epoch, user, hello, state.page)
        self.phase = Phase.OPEN
        self._stream.cursor = start.cursor
        self._responder.send(start.welcome)
        self._responder.stream = self._stream
        await self._catch_up(state.page)

    def _start_catch_up(self) -> None:
        if self._catch_up_task is None and self.phase is Phase.OPEN:
            self._catch_up_task = asyncio.get_running_loop().create_task(self._catch_up())

    async def _catch_up(self, first_page: LogPage | None = None) -> None:
        assert self._stream is not None
        try:
            await self._dispatcher.writes_answered()
            await self._stream.catch_up(first_page)
        except (LogTrimmedError, Unavailable):
            # The device reconnects; the new handshake tells it from where it can resume.
            self.end(CloseReason.RESTART)
        except Exception as error:  # noqa: BLE001 - a stream that never catches up would look like a quiet one
            telemetry.defect("catch-up", error)
            self.end(CloseReason.RESTART)
        finally:
            self._catch_up_task = None

    def _on_slow_consumer(self, reason: Literal["bytes", "age"]) -> None:
        telemetry.slow_consumer_closed(reason)
        self.end(CloseReason.SLOW_CONSUMER)

    def _expire(self) -> None:
        if self.principal.expires_at <= time.time_ns() // 1_000_000:
            self.end(CloseReason.INVALID_TOKEN)
        else:
            self.renew(self.principal)

    def _set_timer(self, seconds: float, callback: Callable[..., None], *args: object) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, callback, *args)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

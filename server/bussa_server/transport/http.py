"""HTTP/1.1 by httptools, with an end to every patience.

uvicorn waits for ever for the first byte, for the last header, for the last byte of a body, and for a peer that does
not read its answer; it keeps headers of any size, and of one read as many requests as fit. Here a request has a
deadline from its first moment, an answer one from when the peer stops reading, and all that is kept has a bound.
"""

import asyncio
import logging

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bussa_server import telemetry
from bussa_server.transport import turns
from bussa_server.transport.tarpit import host_of, tarpit_of

REQUEST_SECONDS = 10.0
"""From the connection (or a request's first byte) to the request's last byte. A WebSocket's handshake included."""

ANSWER_SECONDS = 30.0
"""How long a peer may not read what is sent to it: as long as over a WebSocket."""

HEAD_BYTES = 16 * 1024
"""Bytes of a request line and headers: what nginx and Apache take, twice over. Give or take a slice."""

SLICE = 1024
"""Bytes that are parsed at a time: so that each bound is looked at before much has come of a large read. Of the
smallest requests that is a millisecond's worth."""

BODY_SLICES = 4
"""Slices of a body that are taken in one turn: next to nothing, but for chunks of a byte each."""

LINGER_SECONDS = 1.0
"""How long a peer has to read why it was refused."""

# What anybody at all can provoke is counted, and is not worth a line each time.
_QUIET = logging.getLogger("uvicorn.error.quiet")
_QUIET.setLevel(logging.ERROR)


class Flow(FlowControl):
    """uvicorn reads on when the application has taken something: here only if all that was read is parsed."""

    unparsed: bool = False

    def resume_reading(self) -> None:
        if self.unparsed:
            self.read_paused = False
        else:
            super().resume_reading()


class BoundedHttp(HttpToolsProtocol):
    _deadline: asyncio.TimerHandle | None = None
    due: float | None = None
    """When the request must be complete, in the loop's seconds. Its timer is left alone where one request follows
    another: to make a timer costs as much as to parse a request."""
    _unread: asyncio.TimerHandle | None = None
    _in_head: bool = True
    """Whether what comes next belongs to a head: of the request that has begun, or of the next one."""
    _head: int = 0
    _refused: bool = False
    _unparsed: bytes | memoryview = b""
    _waiting: bool = False
    """Whether a turn is to come in which what is unparsed is looked at."""
    _flow: Flow
    _answering: RequestResponseCycle | None = None
    """What is being answered. uvicorn knows only the newest request, and that one may still wait its turn."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - a narrower type, as in uvicorn's own
        super().connection_made(transport)
        self.flow = self._flow = Flow(transport)
        self.logger = _QUIET
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        self._stop_waiting()
        self._forget_answer()
        super().connection_lost(exc)
        self._let_go()

    def _let_go(self) -> None:
        """Whatever refers to each other is freed only when garbage is looked for: seldom, and all else waits for it."""
        self._unparsed = b""
        self.pipeline.clear()
        self.cycle = self._answering = self.parser = None  # type: ignore[assignment] - uvicorn never lets go

    # A request.

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return  # read and dropped
        self._unset_keepalive_if_required()
        # A view: to cut a slice off a quarter of a MiB must not copy the rest.
        self._unparsed = memoryview(bytes(self._unparsed) + data if self._unparsed else data)
        if len(self._unparsed) > SLICE:
            self._flow.unparsed = True
            self.transport.pause_reading()
        self._wait_for_turn()

    def _wait_for_turn(self) -> None:
        if not self._waiting:
            self._waiting = True
            turns.wait(self.loop, self._have_turn)

    def _have_turn(self) -> None:
        """Parse on, unless what was parsed still waits for its answer: of a slice, forty requests at the most."""
        self._waiting = False
        for _ in range(BODY_SLICES):
            if self.pipeline:
                self.due = None  # what is not looked at can't be late
                return
            self._parse_slice()
            if self._in_head or not self._unparsed:
                break
        if self.transport.is_closing() or self.parser is None:  # pyright: ignore[reportUnnecessaryComparison] - see `_let_go`
            return  # it has ended, or is a WebSocket's now
        if self._unparsed:
            self._wait_for_turn()
            return
        self._flow.unparsed = False
        if self._refused or not self._flow.read_paused:
            self.transport.resume_reading()

    def _parse_slice(self) -> None:
        if self._refused or self.transport.is_closing():
            self._unparsed = b""
            return
        part, self._unparsed = self._unparsed[:SLICE], self._unparsed[SLICE:]
        self._head += len(part)
        self._start_deadline()
        super().data_received(bytes(part))
        if self._in_head and self._head > HEAD_BYTES:
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_deadline()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head = 0
        self.due = None
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._cancel_deadline()
        self._stop_waiting()
        self._refused = True  # of this protocol's concern is nothing any more
        if self._flow.unparsed:
            self.transport.resume_reading()  # the WebSocket stops as it sees fit
        super().handle_websocket_upgrade()
        self._let_go()

    def send_400_response(self, msg: str) -> None:
        self._malformed(400)
        super().send_400_response(msg)

    def _refuse_head(self) -> None:
        self._malformed(431)
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
        # What is still coming is read and dropped: a socket closed over unread bytes is reset, and its answer lost.
        self._refused = True
        self.transport.write_eof()
        self._cancel_deadline()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self._give_up)

    def _malformed(self, status: int) -> None:
        telemetry.call_answered("other", "unmatched", status, 0.0)
        tarpit_of(self.server_state).blame(host_of(self.transport))

    def _start_deadline(self) -> None:
        if self.due is None:
            self.due = self.loop.time() + REQUEST_SECONDS
        if self._deadline is None:
            self._deadline = self.loop.call_at(self.due, self._ring)

    def _ring(self) -> None:
        self._deadline = None
        if self.due is None:
            return
        if self.due > self.loop.time():
            self._deadline = self.loop.call_at(self.due, self._ring)
        elif not self._waiting:
            self._give_up()
        # Else it is this side that is late. The timer is set again, and rings at once, when more has been looked at.

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # Its answer.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._answering is None:
            self._answer(cycle, app)
        else:
            # One after the other without an end, they would take as much of each turn as there are such connections.
            turns.wait(self.loop, lambda: self._answer(cycle, app))

    def _answer(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if not self.transport.is_closing():
            self._answering = cycle
            super()._start_asgi_task(cycle, app)

    def _forget_answer(self) -> None:
        # To write to a socket that is gone would be an error, and a page of the log.
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._wait_for_reader()  # a close waits until all is sent, for ever if need be
        elif self._unparsed and not self.pipeline:
            self._wait_for_turn()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._wait_for_reader()

    def _wait_for_reader(self) -> None:
        if self._unread is None:
            self._unread = self.loop.call_later(ANSWER_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up(self) -> None:
        self._forget_answer()
        self.transport.abort()

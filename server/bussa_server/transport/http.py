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
from bussa_server.transport import fair_queue
from bussa_server.transport.tarpit import host_of, tarpit_of

REQUEST_SECONDS = 10.0
"""From the connection (or a request's first byte) to the request's last byte. A WebSocket's handshake included."""

RESPONSE_SECONDS = 30.0
"""How long a peer may not read what is sent to it: as long as over a WebSocket."""

MAX_HEADER_BYTES = 16 * 1024
"""Bytes of a request line and headers: what nginx and Apache take, twice over. Give or take a slice."""

SLICE_BYTES = 1024
"""Bytes that are parsed at a time: so that each bound is looked at before much has come of a large read. Of the
smallest requests that is a millisecond's worth."""

BODY_SLICES_PER_TURN = 4
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
    _request_timer: asyncio.TimerHandle | None = None
    due: float | None = None
    """When the request must be complete, in the loop's seconds. Its timer is left alone where one request follows
    another: to make a timer costs as much as to parse a request."""
    _response_timer: asyncio.TimerHandle | None = None
    _in_headers: bool = True
    """Whether what comes next belongs to a head: of the request that has begun, or of the next one."""
    _header_bytes: int = 0
    _refused: bool = False
    _unparsed: bytes | memoryview = b""
    _slice_scheduled: bool = False
    """Whether a turn is to come in which what is unparsed is looked at."""
    _flow: Flow
    _current_cycle: RequestResponseCycle | None = None
    """What is being answered. uvicorn knows only the newest request, and that one may still wait its turn."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - a narrower type, as in uvicorn's own
        super().connection_made(transport)
        self.flow = self._flow = Flow(transport)
        self.logger = _QUIET
        self._start_request_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_request_timer()
        self._cancel_response_timer()
        self._disconnect_cycle()
        super().connection_lost(exc)
        self._break_cycles()

    def _break_cycles(self) -> None:
        """Whatever refers to each other is freed only when garbage is looked for: seldom, and all else waits for it."""
        self._unparsed = b""
        self.pipeline.clear()
        self.cycle = self._current_cycle = self.parser = None  # type: ignore[assignment] - uvicorn never lets go

    # A request.

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return  # read and dropped
        self._unset_keepalive_if_required()
        # A view: to cut a slice off a quarter of a MiB must not copy the rest.
        self._unparsed = memoryview(bytes(self._unparsed) + data if self._unparsed else data)
        if len(self._unparsed) > SLICE_BYTES:
            self._flow.unparsed = True
            self.transport.pause_reading()
        self._schedule_slice()

    def _schedule_slice(self) -> None:
        if not self._slice_scheduled:
            self._slice_scheduled = True
            fair_queue.schedule(self.loop, self._run_slice)

    def _run_slice(self) -> None:
        """Parse on, unless what was parsed still waits for its answer: of a slice, forty requests at the most."""
        self._slice_scheduled = False
        for _ in range(BODY_SLICES_PER_TURN):
            if self.pipeline:
                self.due = None  # what is not looked at can't be late
                return
            self._parse_slice()
            if self._in_headers or not self._unparsed:
                break
        if self.transport.is_closing() or self.parser is None:  # pyright: ignore[reportUnnecessaryComparison] - see `_let_go`
            return  # it has ended, or is a WebSocket's now
        if self._unparsed:
            self._schedule_slice()
            return
        self._flow.unparsed = False
        if self._refused or not self._flow.read_paused:
            self.transport.resume_reading()

    def _parse_slice(self) -> None:
        if self._refused or self.transport.is_closing():
            self._unparsed = b""
            return
        part, self._unparsed = self._unparsed[:SLICE_BYTES], self._unparsed[SLICE_BYTES:]
        self._header_bytes += len(part)
        self._start_request_timer()
        super().data_received(bytes(part))
        if self._in_headers and self._header_bytes > MAX_HEADER_BYTES:
            self._refuse_headers()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_request_timer()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_headers = True
        self._header_bytes = 0
        self.due = None
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._cancel_request_timer()
        self._cancel_response_timer()
        self._refused = True  # of this protocol's concern is nothing any more
        if self._flow.unparsed:
            self.transport.resume_reading()  # the WebSocket stops as it sees fit
        super().handle_websocket_upgrade()
        self._break_cycles()

    def send_400_response(self, msg: str) -> None:
        self._malformed(400)
        super().send_400_response(msg)

    def _refuse_headers(self) -> None:
        self._malformed(431)
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
        # What is still coming is read and dropped: a socket closed over unread bytes is reset, and its answer lost.
        self._refused = True
        self.transport.write_eof()
        self._cancel_request_timer()
        self._request_timer = self.loop.call_later(LINGER_SECONDS, self._abort)

    def _malformed(self, status: int) -> None:
        telemetry.call_answered("other", "unmatched", status, 0.0)
        tarpit_of(self.server_state).record_fault(host_of(self.transport))

    def _start_request_timer(self) -> None:
        if self.due is None:
            self.due = self.loop.time() + REQUEST_SECONDS
        if self._request_timer is None:
            self._request_timer = self.loop.call_at(self.due, self._on_request_timeout)

    def _on_request_timeout(self) -> None:
        self._request_timer = None
        if self.due is None:
            return
        if self.due > self.loop.time():
            self._request_timer = self.loop.call_at(self.due, self._on_request_timeout)
        elif not self._slice_scheduled:
            self._abort()
        # Else it is this side that is late. The timer is set again, and rings at once, when more has been looked at.

    def _cancel_request_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    # Its answer.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._current_cycle is None:
            self._start_cycle(cycle, app)
        else:
            # One after the other without an end, they would take as much of each turn as there are such connections.
            fair_queue.schedule(self.loop, lambda: self._start_cycle(cycle, app))

    def _start_cycle(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if not self.transport.is_closing():
            self._current_cycle = cycle
            super()._start_asgi_task(cycle, app)

    def _disconnect_cycle(self) -> None:
        # To write to a socket that is gone would be an error, and a page of the log.
        if self._current_cycle is not None and not self._current_cycle.response_complete:
            self._current_cycle.disconnected = True
            self._current_cycle.message_event.set()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_response_timer()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._cancel_response_timer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._start_response_timer()  # a close waits until all is sent, for ever if need be
        elif self._unparsed and not self.pipeline:
            self._schedule_slice()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._start_response_timer()

    def _start_response_timer(self) -> None:
        if self._response_timer is None:
            self._response_timer = self.loop.call_later(RESPONSE_SECONDS, self._abort)

    def _cancel_response_timer(self) -> None:
        if self._response_timer is not None:
            self._response_timer.cancel()
            self._response_timer = None

    def _abort(self) -> None:
        self._disconnect_cycle()
        self.transport.abort()

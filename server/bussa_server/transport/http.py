"""uvicorn's HTTP/1.1 protocol (httptools), with deadlines and bounds.

uvicorn waits for ever for the first byte, the last header, the end of a body, and for a peer that does not read its
response. It keeps headers of any size, and parses all requests of one read at once. Here a request has a deadline from
its first moment, a response one from when the peer stops reading, and everything that is kept has a bound.

A subclass: uvicorn has no public interface for this. pyproject.toml bounds its version above.
"""

import asyncio
import logging
from typing import Any, cast

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bussa_server import telemetry
from bussa_server.transport import fair_queue
from bussa_server.transport.tarpit import host_of, tarpit_of

REQUEST_SECONDS = 10.0
"""Seconds from the connection (or a request's first byte) to the request's last byte. Also for a handshake."""

LAST_READ_SECONDS = 0.001
"""How much longer an idle connection is kept than keep-alive says: any time but 0 has the loop read in between."""

RESPONSE_SECONDS = 30.0
"""Seconds that a peer may leave a response unread, as over a WebSocket."""

MAX_HEADER_BYTES = 16 * 1024
"""Bytes of a request line and headers, give or take a slice: twice what nginx and Apache accept."""

SLICE_BYTES = 1024
"""Bytes that are parsed at a time, so that the bounds are checked within a large read. Of the smallest requests that
is a millisecond's worth."""

LINGER_SECONDS = 1.0
"""Seconds that a peer has to read why it was refused."""

# Any peer can provoke these lines; telemetry counts them instead.
_QUIET = logging.getLogger("uvicorn.error.quiet")
_QUIET.setLevel(logging.ERROR)


class ReadGate:
    """What uvicorn's flow control gets as its transport.

    Reading is paused while the application has not taken a body (flow control), and while bytes are unparsed. uvicorn
    knows only the first reason: each time the application takes something, it would read a quarter of a MiB more.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._flow_paused = False
        self.unparsed = False

    def pause_reading(self) -> None:
        self._flow_paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._flow_paused = False
        self._update()

    def set_unparsed(self, unparsed: bool) -> None:
        self.unparsed = unparsed
        if unparsed:
            self._transport.pause_reading()
        else:
            self._update()

    def _update(self) -> None:
        if not self._flow_paused and not self.unparsed:
            self._transport.resume_reading()


class BoundedHttp(HttpToolsProtocol):
    _request_timer: asyncio.TimerHandle | None = None
    due: float | None = None
    """When the request must be complete, in the loop's seconds. The timer is not reset for each request of a
    connection: a new timer costs as much as parsing a request."""
    _response_timer: asyncio.TimerHandle | None = None
    _in_headers: bool = True
    """Whether the next byte belongs to headers: of the current request, or of the next one."""
    _header_bytes: int = 0
    _refused: bool = False
    _unparsed: bytes | memoryview = b""
    _slice_scheduled: bool = False
    """Whether there is a step in the fair queue that parses on."""
    _gate: ReadGate
    _current_cycle: RequestResponseCycle | None = None
    """The request that is being answered. uvicorn's ``cycle`` is the newest one, which may still be pipelined."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - a narrower type, as in uvicorn's own
        super().connection_made(transport)
        self._gate = ReadGate(transport)
        self.flow = FlowControl(cast(asyncio.Transport, self._gate))
        self.logger = _QUIET
        self._start_request_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_request_timer()
        self._cancel_response_timer()
        self._disconnect_cycle()
        super().connection_lost(exc)
        self._break_cycles()

    def _break_cycles(self) -> None:
        """Otherwise they live until the next full garbage collection, which stalls the event loop."""
        self._unparsed = b""
        self.pipeline.clear()
        self.cycle = self._current_cycle = self.parser = None  # type: ignore[assignment] - uvicorn keeps them

    # A request.

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return  # discarded
        # A view: cutting a slice off a quarter of a MiB must not copy the rest.
        self._unparsed = memoryview(bytes(self._unparsed) + data if self._unparsed else data)
        if len(self._unparsed) > SLICE_BYTES:
            self._gate.set_unparsed(True)
        self._schedule_slice()

    def _schedule_slice(self) -> None:
        if not self._slice_scheduled:
            self._slice_scheduled = True
            fair_queue.schedule(self.loop, self._run_slice)

    def _run_slice(self) -> None:
        """Parse on, unless pipelined requests wait for their responses. A slice has forty requests at the most."""
        self._slice_scheduled = False
        if self.pipeline:
            self.due = None  # what is not parsed cannot be late
            return
        self._parse_slice()
        if self.transport.is_closing() or self.parser is None:  # pyright: ignore[reportUnnecessaryComparison] - see `_break_cycles`
            return  # the connection is closed, or a WebSocket now
        if self._unparsed:
            self._schedule_slice()
            return
        self._gate.set_unparsed(False)
        if self._refused:
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
        self._refused = True  # a step that is still queued has nothing to parse
        if self._gate.unparsed:
            self.transport.resume_reading()  # from now on the WebSocket protocol pauses it
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
        # A lingering close (RFC 9112, section 9.6): only the sending half is closed, and what is received is discarded.
        # Closing a socket over unread bytes resets it, and a reset may destroy the response before it is read.
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
        # Else this side is late. When more has been parsed the timer is set again, and fires at once.

    def _cancel_request_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    # The response.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._current_cycle is None:
            self._start_cycle(cycle, app)
        else:
            # Pipelined requests without end would otherwise take a share of every turn.
            fair_queue.schedule(self.loop, lambda: self._start_cycle(cycle, app))

    def _start_cycle(self, cycle: RequestResponseCycle, app: Any) -> None:
        if not self.transport.is_closing():
            self._current_cycle = cycle
            super()._start_asgi_task(cycle, app)

    def _disconnect_cycle(self) -> None:
        # Otherwise the application would write to a lost transport, and uvicorn would log the error.
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
            self._start_response_timer()  # closing waits until everything is sent, without a limit of its own
        elif self._unparsed and not self.pipeline:
            self._schedule_slice()

    def timeout_keep_alive_handler(self) -> None:
        # uvloop runs timers before it reads. After a stall of the loop the next request may lie in the kernel, and
        # closing now would reset it. Data that arrives cancels the second timer, as it does the first.
        self.timeout_keep_alive_task = self.loop.call_later(LAST_READ_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        if not self._unparsed:  # else the next request has arrived in time
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

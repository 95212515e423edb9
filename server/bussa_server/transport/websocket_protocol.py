"""One WebSocket: the asyncio protocol that uvicorn hands a connection to when a request upgrades (its option ``ws``).

It *has* websockets' sans-IO parser and subclasses nothing of uvicorn's. A message in one frame, and that is nearly
every one, is cut out of the bytes that were read, unmasked by C code and handed over by a call, in the turn of the loop
in which it came. Pings and pongs are cut out as well. Everything else (fragments, close frames, violations) goes to the
parser, frame by frame. Measured: docs/decisions/0010, 0015.

Every resource that a peer can use has a bound: control frames, fragments, bytes parsed in one turn, the time until a
close is answered.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame, Opcode

from bussa_protocol.codes import CloseReason
from bussa_server import telemetry
from bussa_server.lib.rate_limit import Bucket, Rate
from bussa_server.transport import fair_queue
from bussa_server.transport.frame_parser import FrameParser, Parsed, close_code
from bussa_server.transport.frames import (
    BINARY,
    INCOMPLETE,
    MAX_CONTROL_FRAME,
    NEEDS_PARSER,
    PING,
    PING_PONG,
    PONG,
    TEXT,
    UNFRAGMENTED,
    close_frame,
    frame_end,
    frame_header,
    payload_start,
    unmasked,
)
from bussa_server.transport.ping_timer_wheel import ping_timer_wheel_of
from bussa_server.transport.tarpit import host_of, tarpit_of
from bussa_server.transport.websocket_handshake import Handshake

ABNORMAL_CLOSURE = 1006
"""Code of a connection that ended without a close frame (RFC 6455, section 7.1.5)."""

CONTROL_FRAME_RATE = Rate(10, 100)
"""Pings and pongs of one connection. A client's keep-alive sends one in some seconds."""

MAX_FRAGMENTS = 1_000
"""Continuation frames of one message, empty ones included. The largest message has that many of 64 bytes."""

HANDSHAKE_SLICE_BYTES = 1024
"""Bytes of a request that are parsed in one turn."""

FRAMES_PER_SLICE = 32
"""Frames of one connection that are handled in one turn; the rest takes its turn in the fair queue. A client that sends
ahead as fast as it may sends fewer, and each takes some ten microseconds."""

SLICE_BYTES = 4 * 1024
"""Bytes of such frames."""

LINGER_SECONDS = 3.0
"""Seconds that a peer has, after our close frame, to read what was sent and to answer."""

BENIGN_CLOSE_CODES = frozenset(
    {CloseReason.RESTART, CloseReason.INVALID_TOKEN, CloseReason.SLOW_CONSUMER, CloseCode.INTERNAL_ERROR}
)
"""Close codes of the server that are no fault of the peer (`tarpit`)."""

ReceivedFrame = bytes | str | None
"""A binary message, a text message, or (None) the end of the connection."""


class WebSocketProtocol(asyncio.Protocol):
    """Implements `bussa_server.ports.socket.Socket` for the application that takes the connection over."""

    # No dict and no attribute that only the handshake needs: an idle connection is little more than these.
    __slots__ = (
        "_binary",
        "_close_code",
        "_close_sent",
        "_close_timer",
        "_config",
        "_control_bucket",
        "_discarding",
        "_ended",
        "_fragments",
        "_fragments_are_text",
        "_handshake",
        "_loop",
        "_lost",
        "_message_received",
        "_on_frame",
        "_on_hello_timeout",
        "_on_writable",
        "_parser",
        "_paused",
        "_ping_wheel",
        "_server_state",
        "_slice_scheduled",
        "_unanswered_pings",
        "_unparsed",
        "_wheel_slot",
        "_writable",
        "transport",
    )

    transport: asyncio.Transport

    max_fragments = MAX_FRAGMENTS

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        """uvicorn calls it with these arguments, by name."""
        self._config = config
        self._server_state = server_state
        self._loop = asyncio.get_running_loop()
        self._handshake: Handshake | None = Handshake(config, server_state, app_state, self._opened)
        """Until the application's coroutine ends."""

        self._on_frame: Callable[[ReceivedFrame], None] | None = None
        """None until the application takes the connection over. Until then nothing is parsed but the request."""
        self._on_writable: Callable[[], None] | None = None
        self._on_hello_timeout: Callable[[], None] | None = None
        self._message_received = False
        """Until its first message a connection takes its turn in the fair queue: a hello is expensive, and thousands
        may come at once."""
        self._binary = False
        self._writable = True

        self._unparsed = b""
        self._paused = False
        """Reading is paused until the application takes the connection over, or until it asks for more."""
        self._slice_scheduled = False
        """Reading is paused until this connection's turn in the fair queue."""
        self._discarding = False
        """After a violation, a flood or the peer's close frame: what is still received is dropped."""
        self._parser: FrameParser | None = None
        self._fragments: list[bytes] | None = None
        """Payloads of the fragmented message that is being received."""
        self._fragments_are_text = False

        self._control_bucket: Bucket | None = None
        self._ping_wheel = (
            ping_timer_wheel_of(server_state, config.ws_ping_interval) if config.ws_ping_interval else None
        )
        self._wheel_slot = 0
        self._unanswered_pings = 0

        self._close_sent = False
        self._lost = False
        self._ended = False
        """The application knows of the end."""
        self._close_code = ABNORMAL_CLOSURE
        self._close_timer: asyncio.TimerHandle | None = None

    # The session's `Socket`.

    @property
    def closed(self) -> bool:
        return self._close_sent or self._lost or self.transport.is_closing()

    @property
    def close_code(self) -> int:
        return self._close_code

    def on_frame(self, callback: Callable[[ReceivedFrame], None]) -> None:
        """Take the connection over: ``callback`` gets every message from now on, and None at the end."""
        self._on_frame = callback
        if self._ended:
            self._ended = False
            self._end(self._close_code)
            return
        self._paused = False
        if self._unparsed:
            self._schedule_slice()
        else:
            self._update_reading()

    def pause_reading(self) -> None:
        if not self._close_sent:
            self._paused = True
            if not self.transport.is_closing():
                self.transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._lost:
            self._paused = False
            self._schedule_slice()

    def on_hello_timeout(self, callback: Callable[[], None]) -> None:
        self._on_hello_timeout = callback
        self._check_hello()

    def set_frame_kind(self, *, binary: bool) -> None:
        """Which kind of frame `write` sends."""
        self._binary = binary

    def write(self, frames: Sequence[bytes]) -> bool:
        if self.closed:
            return True
        first = BINARY if self._binary else TEXT
        parts: list[bytes] = []
        for frame in frames:
            parts.append(frame_header(first, len(frame)))
            parts.append(frame)
        self.transport.write(b"".join(parts))
        return self._writable

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._on_writable = callback

    def close(self, code: int, reason: str) -> None:
        if self.closed:
            return
        if self._handshake is not None and not self._handshake.accepted:
            self.abort()  # a close frame would be part of the HTTP answer
            return
        self._send_close(code, close_frame(code, reason))

    def abort(self) -> None:
        self.transport.abort()

    @property
    def unparsed_bytes(self) -> int:
        """Bytes that were read and have not been parsed."""
        return len(self._unparsed)

    # What asyncio and uvicorn call.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - a narrower type
        self.transport = transport
        self._server_state.connections.add(self)  # type: ignore[arg-type] - one of uvicorn's own protocols
        assert self._handshake is not None
        self._handshake.transport = transport

    def data_received(self, data: bytes) -> None:
        if self._discarding:
            return
        self._unparsed = self._unparsed + data if self._unparsed else data
        if self._on_frame is None:
            self._continue_handshake()
        elif self._message_received:
            self._parse()
        else:
            self._schedule_slice()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        if self._on_writable is not None:
            self._on_writable()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = self._discarding = True
        self._leave_ping_wheel()
        self._server_state.connections.discard(self)  # type: ignore[arg-type] - as above
        if self._close_timer is not None:
            self._close_timer.cancel()
            self._close_timer = None
        if self._handshake is not None:
            self._handshake.disconnect()
            if not self._handshake.requested:
                self._release_handshake()
        self._end(ABNORMAL_CLOSURE)
        self._on_writable = self._on_hello_timeout = self._fragments = None
        self._unparsed = b""
        if self._parser is not None:
            self._parser.release()
            self._parser = None

    def shutdown(self) -> None:
        """The process ends; uvicorn asks each of its connections.

        The connection is not closed at once: with bytes of a busy peer unread the kernel would reset it, and the close
        frame would be lost. So the peer has its time to read and answer.
        """
        if self._handshake is None or self._handshake.answered:
            self.close(CloseReason.RESTART, CloseReason.RESTART.reason)
        else:
            self._handshake.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
            self._close_transport()

    # The handshake.

    def _continue_handshake(self) -> None:
        handshake = self._handshake
        if handshake is None or handshake.requested:
            # The application decides who parses the first frame.
            if not self._paused and not self.transport.is_closing():
                self._paused = True
                self.transport.pause_reading()
            return
        if self._slice_scheduled:
            return
        part, self._unparsed = self._unparsed[:HANDSHAKE_SLICE_BYTES], self._unparsed[HANDSHAKE_SLICE_BYTES:]
        handshake.feed(part)
        if handshake.answered:
            self._record_fault()
            self._release_handshake()
            self._close_transport()
        elif handshake.requested:
            task = self._loop.create_task(self._run_application(handshake))
            self._server_state.tasks.add(task)
            task.add_done_callback(self._server_state.tasks.discard)
        elif self._unparsed:
            self._schedule_slice()

    async def _run_application(self, handshake: Handshake) -> None:
        """The application returns as soon as it has taken the connection over, or refused it."""
        taken_over = False
        try:
            await handshake.run(self)
            taken_over = self._on_frame is not None
        except Exception as error:  # noqa: BLE001 - one connection's error must not reach the others
            telemetry.defect("handshake", error)
        finally:
            self._release_handshake()
            if not taken_over:
                self._close_transport()

    def _opened(self) -> None:
        if self._ping_wheel is not None:
            self._wheel_slot = self._ping_wheel.join(self)

    def _release_handshake(self) -> None:
        if self._handshake is not None:
            self._handshake.release()
            self._handshake = None

    # Receiving.

    def _schedule_slice(self) -> None:
        if not self._slice_scheduled and not self.transport.is_closing():
            self._slice_scheduled = True
            self.transport.pause_reading()
            fair_queue.schedule(self._loop, self._run_slice)

    def _run_slice(self) -> None:
        self._slice_scheduled = False
        if self._on_frame is None:
            self._continue_handshake()
        else:
            self._parse()
        self._update_reading()
        self._check_hello()

    def _update_reading(self) -> None:
        if not (self._paused or self._slice_scheduled or self._lost or self.transport.is_closing()):
            self.transport.resume_reading()

    def _check_hello(self) -> None:
        if self._on_hello_timeout is not None and not self._slice_scheduled:
            callback, self._on_hello_timeout = self._on_hello_timeout, None
            if not self._message_received:
                callback()

    def _parse(self) -> None:
        if self._paused or self._slice_scheduled or self._discarding:
            return
        if self._parse_slice() and self._unparsed and not self._paused:
            self._schedule_slice()

    def _parse_slice(self) -> bool:
        """Handle a slice's worth of frames. Returns False if the next one is not complete yet."""
        data, position, frames = self._unparsed, 0, 0
        end_of_slice, max_payload = min(SLICE_BYTES, len(data)), self._config.ws_max_size
        complete = True
        while position < end_of_slice and frames < FRAMES_PER_SLICE and not (self._paused or self._slice_scheduled):
            end = frame_end(data, position, max_payload)
            if end == INCOMPLETE:
                complete = False
                break
            first = data[position]
            if end != NEEDS_PARSER and first in UNFRAGMENTED and self._fragments is None:
                self._deliver(unmasked(data, payload_start(data, position), end), text=first == TEXT)
            elif end != NEEDS_PARSER and first in PING_PONG and end - position <= MAX_CONTROL_FRAME:
                self._on_ping_pong(first, unmasked(data, payload_start(data, position), end))
            else:
                self._parse_frame(data[position : end or len(data)])
            if self._discarding:
                self._unparsed = b""
                return True
            position = end
            frames += 1
        self._unparsed = data[position:]
        return complete

    def _parse_frame(self, data: bytes) -> None:
        if self._parser is None:
            self._parser = FrameParser(self._config.ws_max_size)
        parsed = self._parser.parse(data)
        if parsed.frame is None:
            self._on_violation(parsed.reply)
        elif parsed.frame.opcode is Opcode.CLOSE:
            self._on_peer_close(parsed)
        else:
            self._on_fragment(parsed.frame)

    def _on_fragment(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._fragments = [bytes(frame.data)]
            self._fragments_are_text = frame.opcode is Opcode.TEXT
            return
        assert self._fragments is not None
        if len(self._fragments) > self.max_fragments:
            self._on_flood()
            return
        self._fragments.append(bytes(frame.data))
        if frame.fin:
            payload, self._fragments = b"".join(self._fragments), None
            self._deliver(payload, text=self._fragments_are_text)

    def _deliver(self, payload: bytes, *, text: bool) -> None:
        if self._close_sent:
            return
        assert self._on_frame is not None
        self._message_received = True
        if not text:
            self._on_frame(payload)
            return
        try:
            decoded = payload.decode()
        except UnicodeDecodeError:
            self.refuse_text()
        else:
            self._on_frame(decoded)

    def refuse_text(self) -> None:
        """A text that is not UTF-8 closes with 4400: bytes that do not decode (contract, *Errors*). RFC 6455's own
        1007 would tell a client nothing."""
        self.close(CloseReason.PROTOCOL_ERROR, CloseReason.PROTOCOL_ERROR.reason)

    def _on_ping_pong(self, first: int, payload: bytes) -> None:
        now = time.monotonic()
        if self._control_bucket is None:
            self._control_bucket = Bucket(CONTROL_FRAME_RATE, now)
        if self._control_bucket.take(now):
            self._on_flood()
        elif not self._close_sent:
            self._unanswered_pings = 0  # a peer that pings is alive, too
            if first == PING:
                self.transport.write(frame_header(PONG, len(payload)) + payload)

    # Keep-alive.

    def on_tick(self) -> None:
        """Send a ping, or give up a peer that has answered none of the last ones."""
        if self.closed:
            return
        if self._paused or self._slice_scheduled:
            # It is this side that does not read, so an answer may be waiting. For what the peer does not read
            # meanwhile the send queue has a time limit of its own.
            self._unanswered_pings = 0
        if self._config.ws_ping_timeout is not None and self._unanswered_pings >= self._max_unanswered_pings:
            self.transport.write(close_frame(CloseCode.INTERNAL_ERROR, "keepalive ping timeout"))
            self._close_sent = True
            self._close_transport()
            return
        self._unanswered_pings += 1
        self.transport.write(frame_header(PING, 0))

    @property
    def _max_unanswered_pings(self) -> int:
        return max(1, math.ceil((self._config.ws_ping_timeout or 0) / (self._config.ws_ping_interval or 1)))

    def _leave_ping_wheel(self) -> None:
        if self._ping_wheel is not None:
            self._ping_wheel.leave(self, self._wheel_slot)

    # The end.

    def _end(self, code: int) -> None:
        """Tell the application, once."""
        if self._ended:
            return
        self._ended = True
        self._close_code = code
        if self._on_frame is not None:
            callback, self._on_frame = self._on_frame, _ignore
            callback(None)

    def _send_close(self, code: int, frame: bytes) -> None:
        self._end(code)
        self.transport.write(frame)
        if code not in BENIGN_CLOSE_CODES:
            self._record_fault()
        self._leave_ping_wheel()
        self._close_sent = True
        self._paused = False
        self._schedule_slice()  # the peer's own close frame is yet to come
        self._abort_later()

    def _on_peer_close(self, parsed: Parsed) -> None:
        self._discarding = True
        if not self._close_sent and not self.transport.is_closing():
            self._end(close_code(parsed.reply))  # the reply echoes the code
            self.transport.write(parsed.reply)
        self._close_transport()

    def _on_violation(self, reply: bytes) -> None:
        """Fail the connection with the parser's own close frame (RFC 6455, section 7.1.7)."""
        self._discarding = True
        if not self._close_sent:
            self._send_close(close_code(reply), reply)
            self._end_writing()

    def _on_flood(self) -> None:
        self._discarding = True
        self.close(CloseReason.RATE_LIMITED, CloseReason.RATE_LIMITED.reason)
        self._end_writing()

    def _end_writing(self) -> None:
        """Close the sending half only. The peer's close frame will not be parsed, and it waits for us to end the
        connection (RFC 6455, section 7.1.1). To close the whole socket over unread bytes would reset it, and the peer
        might never read why. TLS has no half-close."""
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    def _close_transport(self) -> None:
        """Close once everything is sent, but do not wait for ever for a peer that does not read."""
        self._discarding = True
        self.transport.close()
        self._abort_later()

    def _abort_later(self) -> None:
        if self._close_timer is not None:
            self._close_timer.cancel()
        self._close_timer = None if self._lost else self._loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _record_fault(self) -> None:
        tarpit_of(self._server_state).record_fault(host_of(self.transport))


def _ignore(frame: ReceivedFrame) -> None:
    """After the end."""

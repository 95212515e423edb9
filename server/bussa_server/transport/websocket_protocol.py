"""The direct socket: what an application is offered in place of ASGI's messages.

Written: many frames in one write. Received: each message by a call, in the turn of the loop in which it came. A
message in one frame, and that is nearly every one, is cut out of what was read and unmasked by websockets' C code;
anything else (control frames, fragments, whatever is wrong) goes to websockets' parser, frame by frame. (Measured:
docs/decisions.)
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask

from bussa_server import telemetry
from bussa_server.transport import EXTENSION
from bussa_server.transport.bounded_websocket import BoundedWebSocket, Parser
from bussa_server.transport.frame_scanner import (
    CONTROL,
    INCOMPLETE,
    MAX_CONTROL_FRAME,
    NEEDS_PARSER,
    PING,
    PONG,
    TEXT,
    UNFRAGMENTED,
    frame_end,
    payload_start,
)
from bussa_server.transport.uvicorn_shims import ABNORMAL_CLOSURE, EventShim, Frame, QueueShim

FRAMES_PER_SLICE = 32
"""Frames that are taken at once of one connection; if there are more, the rest has its turn after the others. A client
that sends ahead as fast as it may sends fewer, and each is some ten microseconds."""

SLICE_BYTES = 4 * 1024
"""Bytes of such frames."""


class WebSocketProtocol(BoundedWebSocket):
    """See `bussa_server.session.socket.Socket`, which this is for the application that asks for it."""

    __slots__ = (
        "_binary",
        "_conn",
        "_message_received",
        "_on_frame",
        "_on_hello_timeout",
        "_on_writable",
        "_reading_paused",
        "_taken_over",
    )

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self._on_writable: Callable[[], None] | None = None
        self._binary = False
        self._on_frame: Callable[[Frame], None] | None = None
        self._reading_paused = False
        self._on_hello_timeout: Callable[[], None] | None = None
        self._message_received = False
        """Whether it has sent a message. Until then it stands in line: a greeting is dear, and thousands may come at
        once."""
        self._taken_over = False
        """Whether the application has taken the socket over: from then on ASGI has no part in it."""

    @property
    def conn(self) -> ServerProtocol:  # type: ignore[override] - an attribute in uvicorn
        """websockets' parser. One that sleeps has none: it is made for a frame that is not cut out here."""
        if self._conn is None:
            self._conn = Parser(state=State.OPEN, max_size=self.config.ws_max_size, logger=self.logger)
        return self._conn

    @conn.setter
    def conn(self, conn: ServerProtocol) -> None:
        self._conn: ServerProtocol | None = conn

    def write(self, frames: Sequence[bytes]) -> bool:
        if self.closed:
            return True
        opcode = 0x82 if self._binary else 0x81
        parts: list[bytes] = []
        for frame in frames:
            size = len(frame)
            # RFC 6455 section 5.2: FIN and opcode, an unmasked payload's length in 7, 16 or 64 bits.
            if size < 126:
                parts.append(bytes((opcode, size)))
            elif size < 65536:
                parts.append(bytes((opcode, 126)) + size.to_bytes(2, "big"))
            else:
                parts.append(bytes((opcode, 127)) + size.to_bytes(8, "big"))
            parts.append(frame)
        self.transport.write(b"".join(parts))
        return self.writable.is_set()

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._on_writable = callback

    def set_frame_kind(self, *, binary: bool) -> None:
        """Which kind of frame `write` sends."""
        self._binary = binary

    def on_frame(self, callback: Callable[[Frame], None]) -> None:
        """From now on every message goes to ``callback`` as it comes, and at last None: the end."""
        waiting = self.queue
        self._taken_over = True
        self._on_frame = callback
        self.queue = QueueShim(callback)  # type: ignore[assignment]  # all of a queue that uvicorn then still uses
        self.writable = EventShim(self.writable.is_set())  # type: ignore[assignment]  # and of an event
        self.conn.parser.close()  # it holds the request, and itself
        self._conn = None  # no frame has come to it yet
        while not waiting.empty():
            self.queue.put_nowait(waiting.get_nowait())
        self._start_reading()

    @property
    def close_code(self) -> int:
        return self.queue.code if isinstance(self.queue, QueueShim) else ABNORMAL_CLOSURE

    def set_reading_paused(self, paused: bool) -> None:
        """Stop reading, or go on."""
        self._reading_paused = paused
        if paused:
            self._stop_reading()
        elif not self.disconnected:
            self.read_paused = False
            self._schedule_slice()

    def on_hello_timeout(self, callback: Callable[[], None]) -> None:
        self._on_hello_timeout = callback
        self._check_hello()

    def _run_slice(self) -> None:
        super()._run_slice()
        self._check_hello()

    def _check_hello(self) -> None:
        if self._on_hello_timeout is not None and not self._slice_scheduled:
            callback, self._on_hello_timeout = self._on_hello_timeout, None
            if not self._message_received:
                callback()

    # What uvicorn calls.

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)  # there is none where the handshake was refused
        if scope is None:
            self._record_fault()
        else:
            scope["extensions"][EXTENSION] = self

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._on_writable is not None:
            self._on_writable()

    async def run_asgi(self) -> None:
        """The application's coroutine. Where that has taken the socket over it ends, and the socket stays."""
        try:
            # uvicorn's types for it are partly unknown.
            await self.app(self.scope, self.receive, self.send)  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
        except ClientDisconnected:
            pass
        except Exception as error:  # noqa: BLE001 - the last line of one connection: the others must not feel it
            telemetry.defect("handshake", error)
            self._taken_over = False
        finally:
            if not self._taken_over:
                self.send_500_response()  # if there was no other
                if self.close_timer is None:
                    self.transport.close()
            # The handshake is over, and most of what a connection weighs is what it was asked for.
            with contextlib.suppress(AttributeError):
                del self.scope, self.request, self.response

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(self.queue, QueueShim):
            self.queue.end(ABNORMAL_CLOSURE)
        self._on_writable = self._on_frame = self._on_hello_timeout = None
        super().connection_lost(exc)
        # Whatever refers to each other is freed only when garbage is looked for: seldom, and all else waits for it.
        self._unparsed = b""
        if self._conn is not None:
            self._conn.parser.close()
            _drop_tracebacks(self._conn.parser_exc)
            _drop_tracebacks(self._conn.handshake_exc)
            self._conn = None

    def data_received(self, data: bytes) -> None:
        if self._message_received or self._on_frame is None:
            super().data_received(data)
        else:
            self._unparsed += data
            self._schedule_slice()

    def _parse(self) -> None:
        if self._on_frame is None or self.close_sent:
            super()._parse()
        elif not self._slice_scheduled and self._scan_frames() and self._unparsed and not self.read_paused:
            self._schedule_slice()

    def _scan_frames(self) -> bool:
        """Take a slice's worth of frames; False: the next one is not complete yet."""
        data, position, frames = self._unparsed, 0, 0
        end_of_slice, max_payload = min(SLICE_BYTES, len(data)), self.config.ws_max_size
        complete = True
        while position < end_of_slice and frames < FRAMES_PER_SLICE and not self.read_paused and not self.close_sent:
            end = frame_end(data, position, max_payload)
            if end == INCOMPLETE:
                complete = False
                break
            kind = data[position]
            if end != NEEDS_PARSER and kind in UNFRAGMENTED and not self._in_fragmented_message:
                start = payload_start(data, position)
                self._deliver(_unmasked(data, start, end), text=kind == TEXT)
            elif end != NEEDS_PARSER and kind in CONTROL and end - position <= MAX_CONTROL_FRAME:
                self._handle_control(kind, _unmasked(data, payload_start(data, position), end))
            else:
                end = end or len(data)
                self._feed(data[position:end])
                if self.transport.is_closing():
                    end = len(data)  # after a farewell nothing counts
            position = end
            frames += 1
        self._unparsed = data[position:]
        return complete

    @property
    def _in_fragmented_message(self) -> bool:
        return self._conn is not None and self._conn.current_size is not None

    def _handle_control(self, kind: int, payload: bytes) -> None:
        if self._charge_control_frame():
            self._unanswered_pings = 0  # whoever asks is there, too
            if kind == PING:
                self.transport.write(bytes((PONG, len(payload))) + payload)

    def send_receive_event_to_app(self) -> None:
        if self._on_frame is None:
            super().send_receive_event_to_app()
            return
        payload = b"".join(self.frames)
        self.frames = []
        if not self.close_sent:
            self._deliver(payload, text=self.curr_msg_data_type == "text")

    def _deliver(self, payload: bytes, *, text: bool) -> None:
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

    def _stop_reading(self) -> None:
        self.read_paused = True
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _start_reading(self) -> None:
        if not self._reading_paused and not self.disconnected:
            self.read_paused = False
            self._continue_reading()


def _drop_tracebacks(error: BaseException | None) -> None:
    """An error that is kept where it was raised: its traceback leads back there."""
    while error is not None:
        error.__traceback__ = None
        error = error.__context__


def _unmasked(data: bytes, start: int, end: int) -> bytes:
    return apply_mask(data[start:end], data[start - 4 : start])

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
from bussa_server.transport.cutting import (
    CONTROL,
    FOREIGN,
    INCOMPLETE,
    PING,
    PONG,
    SHORT,
    TEXT,
    WHOLE,
    frame_end,
    payload_start,
)
from bussa_server.transport.stand_ins import NO_CLOSE_FRAME, Flag, Frame, Relay
from bussa_server.transport.websocket import BoundedWebSocket, Parser

FRAMES = 32
"""Frames that are taken at once of one connection; if there are more, the rest has its turn after the others. A client
that sends ahead as fast as it may sends fewer, and each is some ten microseconds."""

SLICE = 4 * 1024
"""Bytes of such frames."""


class DirectWebSocket(BoundedWebSocket):
    """See `bussa_server.session.socket.Socket`, which this is for the application that asks for it."""

    __slots__ = ("_binary", "_conn", "_held", "_known", "_on_frame", "_resume", "_taken", "_unless_heard")

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self._resume: Callable[[], None] | None = None
        self._binary = False
        self._on_frame: Callable[[Frame], None] | None = None
        self._held = False
        self._unless_heard: Callable[[], None] | None = None
        self._known = False
        """Whether it has sent a message. Until then it stands in line: a greeting is dear, and thousands may come at
        once."""
        self._taken = False
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
        if self.gone:
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
        self._resume = callback

    def choose(self, *, binary: bool) -> None:
        """Which kind of frame `write` sends."""
        self._binary = binary

    def on_frame(self, callback: Callable[[Frame], None]) -> None:
        """From now on every message goes to ``callback`` as it comes, and at last None: the end."""
        waiting = self.queue
        self._taken = True
        self._on_frame = callback
        self.queue = Relay(callback)  # type: ignore[assignment]  # all of a queue that uvicorn then still uses
        self.writable = Flag(self.writable.is_set())  # type: ignore[assignment]  # and of an event
        self.conn.parser.close()  # it holds the request, and itself
        self._conn = None  # no frame has come to it yet
        while not waiting.empty():
            self.queue.put_nowait(waiting.get_nowait())
        self._listen()

    @property
    def left(self) -> int:
        return self.queue.code if isinstance(self.queue, Relay) else NO_CLOSE_FRAME

    def hold(self, holding: bool) -> None:
        """Stop reading, or go on."""
        self._held = holding
        if holding:
            self._deafen()
        elif not self.disconnected:
            self.read_paused = False
            self._wait_for_turn()

    def unless_heard(self, callback: Callable[[], None]) -> None:
        self._unless_heard = callback
        self._judge()

    def _have_turn(self) -> None:
        super()._have_turn()
        self._judge()

    def _judge(self) -> None:
        if self._unless_heard is not None and not self._waiting:
            callback, self._unless_heard = self._unless_heard, None
            if not self._known:
                callback()

    # What uvicorn calls.

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)  # there is none where the handshake was refused
        if scope is None:
            self._blame()
        else:
            scope["extensions"][EXTENSION] = self

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._resume is not None:
            self._resume()

    async def run_asgi(self) -> None:
        """The application's coroutine. Where that has taken the socket over it ends, and the socket stays."""
        try:
            # uvicorn's types for it are partly unknown.
            await self.app(self.scope, self.receive, self.send)  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
        except ClientDisconnected:
            pass
        except Exception as error:  # noqa: BLE001 - the last line of one connection: the others must not feel it
            telemetry.defect("handshake", error)
            self._taken = False
        finally:
            if not self._taken:
                self.send_500_response()  # if there was no other
                if self.close_timer is None:
                    self.transport.close()
            # The handshake is over, and most of what a connection weighs is what it was asked for.
            with contextlib.suppress(AttributeError):
                del self.scope, self.request, self.response

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(self.queue, Relay):
            self.queue.end(NO_CLOSE_FRAME)
        self._resume = self._on_frame = self._unless_heard = None
        super().connection_lost(exc)
        # Whatever refers to each other is freed only when garbage is looked for: seldom, and all else waits for it.
        self._unparsed = b""
        if self._conn is not None:
            self._conn.parser.close()
            _forget_where(self._conn.parser_exc)
            _forget_where(self._conn.handshake_exc)
            self._conn = None

    def data_received(self, data: bytes) -> None:
        if self._known or self._on_frame is None:
            super().data_received(data)
        else:
            self._unparsed += data
            self._wait_for_turn()

    def _parse(self) -> None:
        if self._on_frame is None or self.close_sent:
            super()._parse()
        elif not self._waiting and self._cut() and self._unparsed and not self.read_paused:
            self._wait_for_turn()

    def _cut(self) -> bool:
        """Take a slice's worth of frames; False: the next one is not complete yet."""
        data, position, frames = self._unparsed, 0, 0
        end_of_slice, largest = min(SLICE, len(data)), self.config.ws_max_size
        complete = True
        while position < end_of_slice and frames < FRAMES and not self.read_paused and not self.close_sent:
            end = frame_end(data, position, largest)
            if end == INCOMPLETE:
                complete = False
                break
            kind = data[position]
            if end != FOREIGN and kind in WHOLE and not self._in_fragments:
                start = payload_start(data, position)
                self._hand_over(_unmasked(data, start, end), text=kind == TEXT)
            elif end != FOREIGN and kind in CONTROL and end - position <= SHORT:
                self._control(kind, _unmasked(data, payload_start(data, position), end))
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
    def _in_fragments(self) -> bool:
        return self._conn is not None and self._conn.current_size is not None

    def _control(self, kind: int, payload: bytes) -> None:
        if self._may_control():
            self._unanswered = 0  # whoever asks is there, too
            if kind == PING:
                self.transport.write(bytes((PONG, len(payload))) + payload)

    def send_receive_event_to_app(self) -> None:
        if self._on_frame is None:
            super().send_receive_event_to_app()
            return
        payload = b"".join(self.frames)
        self.frames = []
        if not self.close_sent:
            self._hand_over(payload, text=self.curr_msg_data_type == "text")

    def _hand_over(self, payload: bytes, *, text: bool) -> None:
        assert self._on_frame is not None
        self._known = True
        if not text:
            self._on_frame(payload)
            return
        try:
            decoded = payload.decode()
        except UnicodeDecodeError:
            self.refuse_text()
        else:
            self._on_frame(decoded)

    def _deafen(self) -> None:
        self.read_paused = True
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _listen(self) -> None:
        if not self._held and not self.disconnected:
            self.read_paused = False
            self._read_on()


def _forget_where(error: BaseException | None) -> None:
    """An error that is kept where it was raised: its traceback leads back there."""
    while error is not None:
        error.__traceback__ = None
        error = error.__context__


def _unmasked(data: bytes, start: int, end: int) -> bytes:
    return apply_mask(data[start:end], data[start - 4 : start])

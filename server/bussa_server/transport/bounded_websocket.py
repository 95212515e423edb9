"""WebSockets by `websockets`' sans-IO protocol under uvicorn, with an end to every patience."""

import math
import time
from asyncio.transports import BaseTransport
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.server import ServerProtocol

from bussa_protocol.codes import CloseReason
from bussa_server.domain.rate_limit import Bucket, Rate
from bussa_server.transport import fair_queue
from bussa_server.transport.frame_scanner import PING
from bussa_server.transport.ping_timer_wheel import ping_timer_wheel_of
from bussa_server.transport.tarpit import host_of, tarpit_of
from bussa_server.transport.uvicorn_slots import SlottedWebSocketsProtocol

CONTROL_FRAME_RATE = Rate(10, 100)
"""Pings and pongs of one connection: a client's keep-alive needs one in some seconds."""

MAX_FRAGMENTS = 1_000
"""Fragments of one message: 64 bytes each would fill the largest one. Empty ones count too."""

SLICE_BYTES = 1024
"""Bytes that the parser is given at a time. Of the smallest frames that is a millisecond's worth; all of one read (a
quarter of a MiB) would be half a second of everybody's time, and 40,000 messages in a queue without a bound."""

LINGER_SECONDS = 3.0
"""How long a peer has, after our close frame, to read what was sent and to answer it."""

BENIGN_CLOSE_CODES = frozenset(
    {CloseReason.RESTART, CloseReason.INVALID_TOKEN, CloseReason.SLOW_CONSUMER, CloseCode.INTERNAL_ERROR}
)
"""Farewells that tell nothing bad about who hears them."""


class Parser(ServerProtocol):
    """websockets' own takes a close frame between the fragments of a message for an error. But control frames may come
    there (RFC 6455, section 5.4), and a peer that leaves in the middle of what it said has left, no more."""

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)


class BoundedWebSocket(SlottedWebSocketsProtocol):
    """Nothing that a peer does is without a bound."""

    __slots__ = (
        "_control_bucket",
        "_discarding",
        "_fragment_count",
        "_ping_wheel",
        "_slice_scheduled",
        "_tarpit",
        "_unanswered_pings",
        "_unparsed",
        "_wheel_slot",
    )

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self._control_bucket: Bucket | None = None
        self._fragment_count = 0
        self._unparsed = b""
        """What was read and must wait until the application has taken what was parsed before."""
        self._slice_scheduled = False
        """Whether a turn is to come in which what is unparsed is looked at; until then nothing is read."""
        self._discarding = False
        """A flood: what still comes is read and dropped, unlooked at."""
        self._ping_wheel = ping_timer_wheel_of(server_state, self.ping_interval) if self.ping_interval else None
        self._wheel_slot = 0
        self._tarpit = tarpit_of(server_state)
        self._unanswered_pings = 0
        """Pings since the last answer."""

    @property
    def closed(self) -> bool:
        return self.close_sent or self.disconnected or self.transport.is_closing()

    def close(self, code: int, reason: str) -> None:
        if self.closed:
            return
        if not self.handshake_complete:
            self.abort()  # no WebSocket yet, so nothing to say farewell with
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._on_close_sent(code)

    def abort(self) -> None:
        self.transport.abort()

    # What uvicorn calls.

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.conn.__class__ = Parser  # made by uvicorn, which asks nobody of which class

    def data_received(self, data: bytes) -> None:
        self._unparsed = self._unparsed + data if self._unparsed else data
        self._parse()

    def _parse(self) -> None:
        """Parse slice by slice, until there is something for the application to take."""
        if self._discarding:
            self._unparsed = b""
            return
        if self.handshake_initiated and not self.handshake_complete:
            self._pause_until_taken()  # for the application: it decides who parses the first frame
        if self._unparsed and not self._slice_scheduled and not self.read_paused and not self.disconnected:
            part, self._unparsed = self._unparsed[:SLICE_BYTES], self._unparsed[SLICE_BYTES:]
            self._feed(part)
            if self._unparsed and not self.read_paused:
                self._schedule_slice()
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse_handshake()

    def _pause_until_taken(self) -> None:
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def _feed(self, part: bytes) -> None:
        if not self._discarding:
            super().data_received(part)

    def _schedule_slice(self) -> None:
        if not self._slice_scheduled and not self.transport.is_closing():
            self._slice_scheduled = True
            self.transport.pause_reading()
            fair_queue.schedule(self.loop, self._run_slice)

    def _run_slice(self) -> None:
        self._slice_scheduled = False
        self._continue_reading()

    def _continue_reading(self) -> None:
        self._parse()
        if not (self.read_paused or self._slice_scheduled or self.disconnected or self.transport.is_closing()):
            self.transport.resume_reading()

    def _refuse_handshake(self) -> None:
        """A head that the parser refused by itself: uvicorn would neither answer nor end it."""
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        self._record_fault()
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True  # refused, but complete: uvicorn would log an error

    async def receive(self) -> ASGIReceiveEvent:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if self._unparsed:
                self._schedule_slice()
            else:
                self.transport.resume_reading()
        return message

    def send_receive_event_to_app(self) -> None:
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        else:
            try:
                self.queue.put_nowait({"type": "websocket.receive", "text": data.decode()})
            except UnicodeDecodeError:
                self.refuse_text()
                return
        self._pause_until_taken()

    def shutdown(self) -> None:
        """The process ends. uvicorn would close the socket at once; with bytes of a busy peer still unread the kernel
        then resets it, and the farewell that is on its way is lost. So it keeps its time to be read and answered."""
        if self.handshake_complete:
            self.close(CloseReason.RESTART, CloseReason.RESTART.reason)
        else:
            super().shutdown()

    def handle_ping(self) -> None:
        if self._charge_control_frame():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        # Any answer will do, an unasked one as well: whoever sends it is there.
        if self._charge_control_frame():
            self._unanswered_pings = 0

    def handle_cont(self, event: Frame) -> None:
        self._fragment_count += 1
        if self._fragment_count > MAX_FRAGMENTS:
            self.frames = []
            self._flooded()
            return
        super().handle_cont(event)
        if event.fin:
            self._fragment_count = 0

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self._abort_later()

    def start_keepalive(self) -> None:
        if self._ping_wheel is not None:
            self._wheel_slot = self._ping_wheel.join(self)

    def stop_keepalive(self) -> None:
        if self._ping_wheel is not None:
            self._ping_wheel.leave(self, self._wheel_slot)

    def on_tick(self) -> None:
        """Ping, or give up a peer that does not answer. uvicorn's timers, as one for all."""
        if self.closed:
            return
        if self.read_paused or self._slice_scheduled:
            # It is this side that does not read, and an answer may well be there. What the peer does not read
            # meanwhile has a time limit of its own.
            self._unanswered_pings = 0
        if self.ping_timeout is not None and self._unanswered_pings >= self._max_unanswered_pings:
            self.keepalive_timeout()
            self._abort_later()
            return
        self._unanswered_pings += 1
        self.transport.write(bytes((PING, 0)))

    @property
    def _max_unanswered_pings(self) -> int:
        """Pings that may remain unanswered."""
        return max(1, math.ceil((self.ping_timeout or 0) / (self.ping_interval or 1)))

    def handle_parser_exception(self) -> None:
        """Not WebSocket any more. The close frame is written already, in what the protocol has to send.

        uvicorn would close the socket at once; with bytes still unread the kernel then resets it, and the peer
        might never read why. So only the sending half is closed, and what still comes is read and dropped for a while
        (RFC 6455, section 7.1.1).
        """
        if self.close_sent:
            return
        assert self.conn.close_sent is not None
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._on_close_sent(code)
        self._end_writing()

    def refuse_text(self) -> None:
        """A text that is not UTF-8: bytes that do not decode (contract, *Errors*). RFC 6455's own 1007 would tell a
        client nothing."""
        self.close(CloseReason.PROTOCOL_ERROR, CloseReason.PROTOCOL_ERROR.reason)

    def _charge_control_frame(self) -> bool:
        now = time.monotonic()
        if self._control_bucket is None:
            self._control_bucket = Bucket(CONTROL_FRAME_RATE, now)
        if self._control_bucket.take(now):
            self._flooded()
        return not self.close_sent

    def _flooded(self) -> None:
        self._discarding = True
        self.close(CloseReason.RATE_LIMITED, CloseReason.RATE_LIMITED.reason)
        self._end_writing()

    def _on_close_sent(self, code: int) -> None:
        if code not in BENIGN_CLOSE_CODES:
            self._record_fault()
        self.stop_keepalive()
        self.close_sent = True
        self.read_paused = False
        self._schedule_slice()  # the peer's own close frame is yet to come
        self._abort_later()

    def _record_fault(self) -> None:
        self._tarpit.record_fault(host_of(self.transport))

    def _end_writing(self) -> None:
        """Whatever the peer still says is not looked at, its close frame neither; a peer waits for us to end the
        connection (RFC 6455, section 7.1.1), and this it sees. TLS has no half of an end."""
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    def _abort_later(self) -> None:
        """A polite close would wait for a peer that does not read."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = None if self.disconnected else self.loop.call_later(LINGER_SECONDS, self.transport.abort)

"""A device of one user: sends, passes received frames to the verifier; reconnects, resumes and retries."""

import asyncio
import time
from typing import Protocol

from bussa_load.frames import Error, Hidden, Message, Ok, Other, Pong, Sent, Welcome, decode, encode
from bussa_load.meter import Meter
from bussa_load.verifier import Verifier
from bussa_load.websocket import WebSocketConnection, connect

HANDSHAKE_SECONDS = 30.0
"""Time-out of the upgrade and the welcome together."""

RETRY_DELAY_MAX = 2.0
"""Longest delay before a postponed request is retried, in seconds."""

FINAL_CLOSE_CODES = frozenset((4400, 4401))
"""Close codes after which a reconnect is useless."""


class HelloError(ConnectionError):
    """The server closed the connection before a welcome. ``code``: the close code."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


class DeviceObserver(Protocol):
    """Callbacks of a device."""

    def answered(self, device: "LoadDevice") -> None:
        """A send got its final reply: accepted or refused."""
        ...

    def received(self, device: "LoadDevice", peer: str) -> None: ...

    def postponed(self, device: "LoadDevice", request: int, seconds: float, code: str) -> None:
        """The server postponed a request: call `LoadDevice.retry` after ``seconds``."""
        ...

    def lost(self, device: "LoadDevice", code: int) -> None:
        """A connection was lost after its welcome."""
        ...


class PendingRequest:
    """A request without a reply."""

    __slots__ = ("due", "ordinal", "payload", "peer", "postponed", "retried")

    def __init__(self, payload: bytes, peer: str, due: float, ordinal: int) -> None:
        self.payload = payload
        self.peer = peer
        self.due = due
        self.ordinal = ordinal
        """Of a send: its ordinal to this peer; 0: a block."""
        self.retried = False
        """It may have been executed already: its reply was lost, or was ``unavailable``."""
        self.postponed = False
        """The server asked to retry it later."""


class LoadDevice:
    __slots__ = (
        "_address",
        "_connected",
        "_connection",
        "_epoch",
        "_last_id",
        "_meter",
        "_observer",
        "_pending",
        "_source",
        "_token",
        "_verifier",
        "_welcome_received",
        "closing",
        "forbidden",
        "pong",
        "postponed",
        "user",
    )  # fmt: skip

    def __init__(
        self,
        user: str,
        token: str,
        address: tuple[str, int],
        verifier: Verifier,
        meter: Meter,
        observer: DeviceObserver,
        source: str | None = None,
        forbidden: frozenset[str] = frozenset(),
    ) -> None:
        """``source``: the local address to connect from. ``forbidden``: peers that the rules refuse to this user."""
        self.user = user
        self.forbidden = forbidden
        self._token = token
        self._address = address
        self._source = source
        self._verifier = verifier
        self._meter = meter
        self._observer = observer
        self._connection: WebSocketConnection | None = None
        self._epoch: str | None = None
        self._last_id = 0
        self._pending: dict[int, PendingRequest] = {}
        self._welcome_received: asyncio.Future[None] | None = None
        self._connected = False
        """Between a welcome and the loss of its connection. Requests made otherwise are written at the next welcome."""
        self.postponed = 0
        """Requests that the server asked to retry later."""
        self.closing = False
        self.pong: asyncio.Future[None] | None = None

    @property
    def in_flight(self) -> int:
        return len(self._pending)

    @property
    def connected(self) -> bool:
        return self._connected

    async def open(self) -> None:
        """Connect and complete the hello/welcome handshake. A reconnect resumes and retries pending requests.

        Raises OSError (HelloError).
        """
        hello: dict[str, str | int] = {"type": "hello", "token": self._token}
        if self._epoch is not None:
            hello |= {"resume": self._verifier.cursor(self.user), "epoch": self._epoch}
        welcomed = self._welcome_received = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            connection = self._connection = await connect(
                *self._address, "bussa.v1.msgpack", self._on_frame, self._source, self._on_close
            )
            connection.send(encode(hello))
            try:
                await welcomed
            except BaseException:
                connection.transport.abort()
                raise
        self._welcome_received = None

    def send(self, to: str, nonce: str, due: float, size: int) -> None:
        """Send a message of ``size`` characters; its latency counts from ``due``."""
        ordinal = self._verifier.next_ordinal(self.user, to)
        self._last_id += 1
        request = {
            "type": "send",
            "id": self._last_id,
            "to": to,
            "text": stamp_text(due, ordinal, size),
            "nonce": nonce,
        }
        self._request(PendingRequest(encode(request), to, due, ordinal))

    def block(self, user: str) -> None:
        self._last_id += 1
        self._verifier.on_block_requested(self.user, user)
        self._request(PendingRequest(encode({"type": "block", "id": self._last_id, "user": user}), user, 0.0, 0))

    def ping(self) -> asyncio.Future[None]:
        """Fetch the head of the log for the verifier. The future is done with the reply."""
        self._last_id += 1
        self.pong = asyncio.get_running_loop().create_future()
        self._write(encode({"type": "ping", "id": self._last_id}))
        return self.pong

    def retry(self, request: int) -> None:
        """Retry a postponed request."""
        pending = self._pending.get(request)
        if pending is not None and pending.postponed:
            pending.postponed = False
            self.postponed -= 1
            self._write(pending.payload)

    def give_up(self, request: int) -> bool:
        """Give up a postponed send. False: it may have been executed, or its retry is in flight."""
        pending = self._pending.get(request)
        if pending is None or not pending.postponed or pending.retried or not pending.ordinal:
            return False
        del self._pending[request]
        self.postponed -= 1
        self._verifier.on_refused(self.user, pending.peer, pending.ordinal, by_rule=False)
        return True

    def drop(self) -> None:
        """Abort the connection, as a network failure does."""
        if self._connected and self._connection is not None:
            connection, self._connection, self._connected = self._connection, None, False
            connection.transport.abort()
            self._observer.lost(self, 1006)

    def close(self) -> None:
        self.closing = True
        if self._connection is not None:
            self._connection.transport.close()

    def _request(self, pending: PendingRequest) -> None:
        self._pending[self._last_id] = pending
        self._write(pending.payload)

    def _write(self, payload: bytes) -> None:
        if self._connected and self._connection is not None:
            self._connection.send(payload)

    def _on_close(self, connection: WebSocketConnection, code: int) -> None:
        if connection is not self._connection:
            return
        self._connection = None
        if self._welcome_received is not None and not self._welcome_received.done():
            self._welcome_received.set_exception(HelloError(f"{self.user} was not welcomed: {code}", code))
        elif self._connected:
            self._connected = False
            if not self.closing:
                self._observer.lost(self, code)

    def _on_frame(self, connection: WebSocketConnection, payload: bytes) -> None:
        if connection is not self._connection:
            return  # a late frame of a dropped connection
        now = time.perf_counter()
        match decode(payload):
            case Message() as frame:
                self._on_message(frame, now)
            case Sent() as frame:
                pending = self._pending.pop(frame.id, None)
                if pending is None:
                    self._verifier.complain(f"{self.user}: a second reply, or one to no request")
                    return
                self._verifier.on_sent(
                    self.user, pending.peer, pending.ordinal, frame.n, frame.seq, retried=pending.retried
                )
                self._meter.record_ack(pending.due, now)
                self._observer.answered(self)
            case Error() as frame:
                self._on_error(frame)
            case Ok() as frame:
                pending = self._pending.pop(frame.id, None)
                if frame.seq is not None and not (
                    pending and pending.retried and frame.seq <= self._verifier.cursor(self.user)
                ):
                    self._verifier.on_other(self.user, frame.seq)
                if pending is not None:
                    self._verifier.on_blocked(self.user, pending.peer)
            case Welcome() as frame:
                self._on_welcome(frame)
            case Pong() as frame:
                self._verifier.check_head(self.user, frame.head)
                if self.pong is not None and not self.pong.done():
                    self.pong.set_result(None)
            case Hidden() as frame:
                self._verifier.on_other(self.user, frame.seq, hidden=True)
            case Other() as frame:
                if frame.seq is not None:
                    self._verifier.on_other(self.user, frame.seq)

    def _on_message(self, frame: Message, now: float) -> None:
        due, ordinal = parse_stamp(frame.text)
        if self._verifier.on_message(self.user, frame.peer, frame.sender, frame.n, frame.seq, ordinal):
            self._meter.record_delivery(due, now)
            self._observer.received(self, frame.peer)

    def _on_error(self, frame: Error) -> None:
        pending = None if frame.id is None else self._pending.get(frame.id)
        if pending is None or frame.id is None:
            self._verifier.complain(f"{self.user}: {frame.code}: {frame.message}")
            return
        if frame.code in ("rate_limited", "unavailable"):
            if pending.ordinal:
                self._verifier.on_postponed(self.user, pending.peer, pending.ordinal)
            pending.postponed = True
            pending.retried = pending.retried or frame.code == "unavailable"
            self.postponed += 1
            # retry_after is the time until one more send is allowed, so postponed requests queue up.
            seconds = 1.0 if frame.retry_after is None else frame.retry_after
            self._observer.postponed(self, frame.id, min(RETRY_DELAY_MAX, seconds * self.postponed), frame.code)
            return
        del self._pending[frame.id]
        if pending.ordinal:
            self._verifier.on_refused(self.user, pending.peer, pending.ordinal)
        if frame.code == "not_allowed" and pending.ordinal:
            self._verifier.check_refusal(self.user, pending.peer, pending.peer in self.forbidden)
        else:
            self._verifier.complain(f"{self.user}: {frame.code}: {frame.message}")
        self._observer.answered(self)

    def _on_welcome(self, frame: Welcome) -> None:
        if self._epoch is None:
            self._verifier.start_device(self.user, frame.head)
        elif not frame.resumed:
            self._verifier.complain(f"{self.user}: the log does not reach back to {self._verifier.cursor(self.user)}")
        self._epoch = frame.epoch
        self._connected = True
        for pending in self._pending.values():  # synchronously, so that no newer request overtakes them
            pending.retried = pending.retried or not pending.postponed
            pending.postponed = False
            self._write(pending.payload)
        self.postponed = 0
        if self._welcome_received is not None and not self._welcome_received.done():
            self._welcome_received.set_result(None)


def stamp_text(due: float, ordinal: int, size: int) -> str:
    """A text with its due time and ordinal. Sender and recipient are in one process, so they share a clock."""
    return f"{due:.6f} {ordinal} ".ljust(size, "x")


def parse_stamp(text: str) -> tuple[float, int | None]:
    """The due time and ordinal of a text; None: not one of the harness."""
    try:
        due, ordinal, _ = text.split(" ", 2)
        return float(due), int(ordinal)
    except ValueError:
        return 0.0, None

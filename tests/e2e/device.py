"""A test client written from the contract alone: it shares no code with the server or the SDK.

It records every frame that it receives and checks the guarantees of the contract: each seq and each n is one more than
the last, a request gets exactly one reply, and frames have the type of the subprotocol.
"""

import asyncio
import itertools
import json
from collections import deque
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.e2e.server_process import TIMEOUT, Server

Frame = dict[str, Any]
CODECS = ("json", "msgpack")
_nonces = itertools.count(1)
LOG_EVENT_TYPES = ("message", "read", "conversation", "settings", "hidden")


def encode(codec: str, frame: Frame) -> str | bytes:
    return json.dumps(frame, ensure_ascii=False) if codec == "json" else msgpack.packb(frame)


def decode(codec: str, raw: str | bytes) -> Frame:
    assert isinstance(raw, str) is (codec == "json"), "wrong frame type for the subprotocol"
    frame = json.loads(raw) if codec == "json" else msgpack.unpackb(raw)
    assert isinstance(frame, dict)
    return frame


class Journal:
    """What a device keeps between connections: its cursor, and the log as received."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.seq: int | None = None
        self.log: dict[int, Frame] = {}
        """By seq: the event, or the reply in its place."""
        self._last_n: dict[str, int] = {}

    def on_welcome(self, welcome: Frame) -> None:
        self.epoch = welcome["epoch"]
        if not welcome["resumed"]:
            self.seq = welcome["head"]
            self._last_n.clear()

    def append(self, frame: Frame) -> None:
        seq = frame["seq"]
        assert self.seq is not None
        assert seq == self.seq + 1, f"seq {seq} after {self.seq}: {frame}"
        self.seq = seq
        self.log[seq] = frame
        if frame["type"] in ("message", "sent"):
            peer, n = frame["peer"], frame["n"]
            assert n == self._last_n.get(peer, n - 1) + 1, f"n {n} after {self._last_n[peer]}: {frame}"
            self._last_n[peer] = n
        elif frame["type"] == "hidden":
            self._last_n.clear()  # a hidden event does not say in which conversation it was


class Device:
    """One connection. Make it with `connect`."""

    def __init__(self, socket: ClientConnection, codec: str, journal: Journal) -> None:
        self.socket = socket
        self.codec = codec
        self.journal = journal
        self.welcome: Frame = {}
        self.raw_errors: dict[int, str | bytes] = {}
        """The undecoded error frames, by request id."""
        self.failure: AssertionError | None = None
        self.next_id = 1
        self._pending: dict[int, tuple[asyncio.Future[Frame], bool]] = {}
        self._unread_events: deque[Frame] = deque()
        self._arrived = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def handshake(self, hello: Frame) -> Frame:
        """Send ``hello``, receive the ``welcome`` and start reading."""
        async with asyncio.timeout(TIMEOUT):
            await self.send_frame({"type": "hello", **hello})
            try:
                self.welcome = decode(self.codec, await self.socket.recv())
            except ConnectionClosed:
                raise DisconnectedError(self.socket.close_code) from None
        assert self.welcome["type"] == "welcome", self.welcome
        self.journal.on_welcome(self.welcome)
        self._reader = asyncio.create_task(self._read())
        return self.welcome

    async def _read(self) -> None:
        try:
            async for raw in self.socket:
                self._on_frame(decode(self.codec, raw), raw)
        except ConnectionClosed:
            pass
        except AssertionError as fault:
            self.failure = fault
        finally:
            for future, _ in self._pending.values():
                if not future.done():
                    future.set_exception(self.failure or DisconnectedError(self.socket.close_code))
                    future.exception()  # mark it as retrieved: it may have no waiter
            self._arrived.set()

    def _on_frame(self, frame: Frame, raw: str | bytes) -> None:
        id = frame.get("id")
        retry = False
        if id is not None:
            assert id in self._pending, f"unexpected or duplicate reply: {frame}"
            future, retry = self._pending.pop(id)
            if frame["type"] == "error":
                self.raw_errors[id] = raw
            if not future.done():
                future.set_result(frame)
        if "seq" in frame and not (retry and frame["seq"] <= (self.journal.seq or 0)):
            assert id is not None or frame["type"] in LOG_EVENT_TYPES, frame
            self.journal.append(frame)
        if id is None:
            self._unread_events.append(frame)
            self._arrived.set()

    # The interface of the tests.

    async def submit(self, type: str, *, retry: bool = False, **fields: Any) -> asyncio.Future[Frame]:
        """Send a request; the future gets its reply. ``retry``: a send repeated under its nonce."""
        id, self.next_id = self.next_id, self.next_id + 1
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._pending[id] = future, retry
        await self.send_frame({"type": type, "id": id, **fields})
        return future

    async def send_frame(self, frame: Frame | str | bytes) -> None:
        """Send a frame unchanged."""
        data = encode(self.codec, frame) if isinstance(frame, dict) else frame
        try:
            await self.socket.send(data)
        except ConnectionClosed:
            raise DisconnectedError(self.socket.close_code) from None

    async def request(self, type: str, *, retry: bool = False, **fields: Any) -> Frame:
        """Send a request and return its reply."""
        async with asyncio.timeout(TIMEOUT):
            return await (await self.submit(type, retry=retry, **fields))

    async def ok(self, type: str, **fields: Any) -> Frame:
        reply = await self.request(type, **fields)
        assert reply["type"] != "error", reply
        return reply

    async def error_code(self, type: str, **fields: Any) -> str:
        """Send a request that must fail; returns the error code."""
        reply = await self.request(type, **fields)
        assert reply["type"] == "error", reply
        assert reply["message"], reply
        return reply["code"]

    async def send(self, to: str, text: str, **fields: Any) -> Frame:
        fields.setdefault("nonce", f"nonce {next(_nonces)}")
        return await self.ok("send", to=to, text=text, **fields)

    async def next_event(self) -> Frame:
        """The next unread event, or error without id."""
        async with asyncio.timeout(TIMEOUT):
            while not self._unread_events:
                if self.failure:
                    raise self.failure
                if self._reader is None or self._reader.done():
                    raise DisconnectedError(self.socket.close_code)
                self._arrived.clear()
                await self._arrived.wait()
        return self._unread_events.popleft()

    async def remaining_events(self) -> list[Frame]:
        """All unread events, once the device has its log up to the head."""
        pong = await self.ok("ping")
        assert pong["type"] == "pong"
        assert pong["head"] == self.journal.seq
        rest = list(self._unread_events)
        self._unread_events.clear()
        return rest

    async def wait_closed(self) -> int | None:
        """Wait until the server closes the connection; returns the close code."""
        async with asyncio.timeout(TIMEOUT):
            await self.socket.wait_closed()
            if self._reader is not None:
                await self._reader
        return self.socket.close_code

    async def close(self) -> None:
        """Close the connection, and raise whatever check failed meanwhile."""
        async with asyncio.timeout(TIMEOUT):
            await self.socket.close()
            if self._reader is not None:
                await self._reader
        if self.failure:
            raise self.failure


class DisconnectedError(ConnectionError):
    """The connection ended before the reply. Holds the close code."""


async def open_device(
    server: Server, codec: str = "json", journal: Journal | None = None, headers: dict[str, str] | None = None
) -> Device:
    """A connection before its ``hello``."""
    socket = await open_socket(
        server.socket_url,
        subprotocols=[Subprotocol(f"bussa.v1.{codec}")],
        additional_headers=headers,
        compression=None,
        max_size=None,
        max_queue=None,
        ping_interval=None,
        open_timeout=TIMEOUT,
        close_timeout=TIMEOUT,
        proxy=None,
    )
    return Device(socket, codec, journal or Journal())


async def connect(server: Server, token: str, *, codec: str = "json", journal: Journal | None = None) -> Device:
    """A device after its ``welcome``. It resumes if its journal has a cursor."""
    device = await open_device(server, codec, journal)
    hello: Frame = {"token": token}
    if device.journal.seq is not None:
        hello |= {"resume": device.journal.seq, "epoch": device.journal.epoch}
    try:
        await device.handshake(hello)
    except BaseException:
        await device.close()
        raise
    return device

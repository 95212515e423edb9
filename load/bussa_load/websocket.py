"""A minimal WebSocket client (RFC 6455): one frame per message, no extensions, so that measuring costs little.

    encode_frame, split_frame, upgrade_request     pure
    WebSocketConnection, connect                   an asyncio protocol around them; it pushes frames to a callback

It trusts the server that it measures: `Sec-WebSocket-Accept` is not checked, and fragments are not joined. Applications
use the SDK (`bussa`).
"""

import asyncio
import base64
import os
import socket
from collections.abc import Callable, Iterable
from typing import cast

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
"""Opcodes (RFC 6455, section 5.2)."""
_DATA = (BINARY, TEXT)

ZERO_MASK = bytes(4)
"""A masking key of zeros is valid, and masking with it costs nothing."""

NO_CODE, ABNORMAL_CLOSURE, PROTOCOL_ERROR = 1005, 1006, 1002
"""Close codes (RFC 6455, section 7.4.1): a close frame without a code, no close frame, an invalid frame."""

IP_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)
"""Linux: bind an address without a port, which `connect` then chooses. Otherwise two connections to different servers
could not share a port, and the ephemeral range would limit all of them together."""

OnFrame = Callable[["WebSocketConnection", bytes], None]
OnClose = Callable[["WebSocketConnection", int], None]


class UpgradeError(ConnectionError):
    """The server did not accept the upgrade."""


class InvalidFrameError(ValueError):
    """The server sent a masked frame, or one with reserved bits (RFC 6455, sections 5.1 and 5.2)."""


def encode_frame(
    payload: bytes,
    opcode: int = BINARY,
    *,
    fin: bool = True,
    mask: bytes | None = ZERO_MASK,
    claim: int | None = None,
) -> bytes:
    """A frame (RFC 6455, section 5.2). ``mask``: the masking key; None: unmasked, as a server sends it. ``claim``: a
    false length for its head."""
    size = len(payload) if claim is None else claim
    first, masked = (opcode | 0x80 if fin else opcode), (0 if mask is None else 0x80)
    if size < 126:
        head = bytes((first, masked | size))
    elif size < 65536:
        head = bytes((first, masked | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, masked | 127)) + size.to_bytes(8, "big")
    if mask is ZERO_MASK:
        return head + ZERO_MASK + payload
    if mask is None:
        return head + payload
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return head + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")


def split_frame(data: bytes, start: int = 0) -> tuple[int, bytes, int] | None:
    """Opcode, payload and end of the server's frame at ``start``; None: it is incomplete. Raises InvalidFrameError."""
    size = len(data)
    if start + 2 > size:
        return None
    first, length = data[start], data[start + 1]
    if first & 0x70 or length > 127:
        raise InvalidFrameError(data[start : start + 2].hex())
    start += 2
    if length > 125:
        head, start = start, start + (2 if length == 126 else 8)
        length = int.from_bytes(data[head:start], "big")  # of an incomplete head too short, but then end > size
    end = start + length
    return None if end > size else (first & 15, data[start:end], end)


def upgrade_request(
    host: str,
    path: str = "/v1/socket",
    *,
    subprotocol: str | None = None,
    headers: Iterable[bytes] = (),
    end: bool = True,
) -> bytes:
    """The opening handshake (RFC 6455, section 4.1). ``headers``: further lines; ``end`` False: without the empty line
    that ends it."""
    lines = [
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade".encode(),
        b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\r\nSec-WebSocket-Version: 13",
        *([] if subprotocol is None else [f"Sec-WebSocket-Protocol: {subprotocol}".encode()]),
        *headers,
        *([b""] if end else []),
    ]
    return b"".join(line + b"\r\n" for line in lines)


async def connect(
    host: str,
    port: int,
    subprotocol: str,
    on_frame: OnFrame,
    source: str | None = None,
    on_close: OnClose | None = None,
) -> "WebSocketConnection":
    """Open a connection; ``source``: the local address to connect from. Raises OSError (UpgradeError)."""
    loop = asyncio.get_running_loop()

    def make() -> WebSocketConnection:
        return WebSocketConnection(upgrade_request(f"{host}:{port}", subprotocol=subprotocol), on_frame, on_close)

    if source is None:
        _, connection = await loop.create_connection(make, host, port)
    else:
        sock = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((source, 0))
            await loop.sock_connect(sock, (host, port))
            _, connection = await loop.create_connection(make, sock=sock)
        except BaseException:
            sock.close()
            raise
    try:
        await connection.opened
    except BaseException:
        connection.transport.abort()
        raise
    return connection


class WebSocketConnection(asyncio.Protocol):
    """One connection. ``on_frame`` gets each payload, ``on_close`` the close code of a connection that was open. Pings
    are answered."""

    __slots__ = ("_buffer", "_close_code", "_on_close", "_on_frame", "_request", "closed", "opened", "transport")

    def __init__(self, request: bytes, on_frame: OnFrame, on_close: OnClose | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._request = request
        self._on_frame = on_frame
        self._on_close = on_close
        self._buffer = b""
        self._close_code = ABNORMAL_CLOSURE
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()
        """The close code; 1005 for a close frame without one, 1006 without a close frame."""
        self.transport: asyncio.Transport

    def send(self, payload: bytes, opcode: int = BINARY) -> None:
        self.transport.write(encode_frame(payload, opcode))

    def abort(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.transport.write(self._request)
        self._request = b""

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or UpgradeError("closed during the handshake"))
            self.opened.exception()  # retrieved here, in case that `connect` was cancelled
        elif self._on_close is not None and not self.opened.cancelled() and self.opened.exception() is None:
            self._on_close(self, self._close_code)
        if not self.closed.done():
            self.closed.set_result(self._close_code)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        position = 0
        if not self.opened.done():
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(UpgradeError(data.split(b"\r\n", 1)[0].decode("latin-1")))
                return
            self.opened.set_result(None)
            position = end + 4
        try:
            while (frame := split_frame(data, position)) is not None:
                opcode, payload, position = frame
                if opcode in _DATA:
                    self._on_frame(self, payload)
                elif opcode == PING:
                    self.send(payload, PONG)
                elif opcode == CLOSE:
                    self._close_code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else NO_CODE
                    self.send(payload, CLOSE)
                    self.transport.close()
        except InvalidFrameError:
            self._close_code = PROTOCOL_ERROR
            self.transport.abort()
            return
        self._buffer = data[position:]

"""A WebSocket client as small as can be (RFC 6455): one frame a message, so that the measuring costs little.

It trusts the server that it measures. The SDK (`client`) is for everybody else.
"""

import asyncio
import base64
import os
import socket
from collections.abc import Callable
from typing import cast

_UNMASKED = b"\0\0\0\0"
"""A masking key of zeros is a masking key, and masks for free."""

IP_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)
"""Linux: an address is bound without a port, which `connect` then chooses; else two connections to different places
could not share one, and the port range would be the limit of all together."""


class UpgradeError(ConnectionError):
    """The server did not open a WebSocket."""


async def connect(
    host: str,
    port: int,
    subprotocol: str,
    on_frame: "OnFrame",
    source: str | None = None,
    on_close: "OnClose | None" = None,
) -> "WebSocketConnection":
    """Open a connection; ``source``: the local address to open it from. Raises OSError."""
    loop = asyncio.get_running_loop()

    def make() -> WebSocketConnection:
        return WebSocketConnection(f"{host}:{port}", "/v1/socket", subprotocol, on_frame, on_close)

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


def encode_frame(payload: bytes, *, binary: bool) -> bytes:
    """A masked client frame."""
    opcode, size = (0x82 if binary else 0x81), len(payload)
    if size < 126:
        return bytes((opcode, 0x80 | size)) + _UNMASKED + payload
    return bytes((opcode, 0xFE)) + size.to_bytes(2, "big") + _UNMASKED + payload


OnFrame = Callable[["WebSocketConnection", bytes], None]
OnClose = Callable[["WebSocketConnection", int], None]


class WebSocketConnection(asyncio.Protocol):
    """One connection. ``on_frame`` gets each payload, ``on_end`` the close code once an open one has ended (1006
    where there was none); pings are answered."""

    __slots__ = ("_buffer", "_close_code", "_on_close", "_on_frame", "_request", "opened", "transport")

    def __init__(
        self, host: str, path: str, subprotocol: str, on_frame: OnFrame, on_close: OnClose | None = None
    ) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
        ).encode()
        self._on_frame = on_frame
        self._on_close = on_close
        self._buffer = b""
        self._close_code = 1006
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by descent
        self.transport.write(self._request)
        self._request = b""

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or UpgradeError("closed during the handshake"))
        elif self._on_close is not None and not self.opened.cancelled() and self.opened.exception() is None:
            self._on_close(self, self._close_code)

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
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
        size = len(data)
        while position + 2 <= size:
            opcode, length = data[position] & 15, data[position + 1]
            start = position + 2
            if length == 126:
                start += 2
                length = int.from_bytes(data[position + 2 : start], "big")
            elif length == 127:
                start += 8
                length = int.from_bytes(data[position + 2 : start], "big")
            if start + length > size:
                break
            payload = data[start : start + length]
            position = start + length
            if opcode in (1, 2):
                self._on_frame(self, payload)
            elif opcode == 9:
                self.transport.write(bytes((0x8A, 0x80 | length)) + _UNMASKED + payload)
            elif opcode == 8:
                self._close_code = int.from_bytes(payload[:2], "big") if length >= 2 else 1005
                self.transport.write(bytes((0x88, 0x80 | length)) + _UNMASKED + payload)
                self.transport.close()
        self._buffer = data[position:] if position < size else b""

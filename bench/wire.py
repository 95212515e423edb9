"""A WebSocket client as small as can be (RFC 6455): one frame a message, nothing but what a benchmark needs."""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast

_UNMASKED = b"\0\0\0\0"
"""A masking key of zeros is a masking key, and masks for free."""


def frame(payload: bytes, *, binary: bool) -> bytes:
    """A masked client frame."""
    opcode, size = (0x82 if binary else 0x81), len(payload)
    if size < 126:
        return bytes((opcode, 0x80 | size)) + _UNMASKED + payload
    return bytes((opcode, 0xFE)) + size.to_bytes(2, "big") + _UNMASKED + payload


class Wire(asyncio.Protocol):
    """One connection. ``on_frame`` gets each payload; pings are answered."""

    def __init__(self, host: str, path: str, subprotocol: str, on_frame: Callable[["Wire", bytes], None]) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
        ).encode()
        self._on_frame = on_frame
        self._buffer = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport
        self.state: dict[str, int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by descent
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed during the handshake"))

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        position = 0
        if not self.opened.done():
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(ConnectionError(data[:end].decode("latin-1")))
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
            if opcode == 9:
                self.transport.write(bytes((0x8A, 0x80 | length)) + _UNMASKED + payload)
            elif opcode in (1, 2):
                self._on_frame(self, payload)
        self._buffer = data[position:] if position < size else b""

"""A WebSocket client as small as can be (RFC 6455): thousands of them must fit beside the servers that they test."""

import asyncio
import base64
import os
from collections.abc import Callable

import msgpack

_ZERO_MASK = bytes(4)
"""A masking key of zeros is a masking key, and masks for free."""


class WebSocketClient(asyncio.Protocol):
    """``on_frame`` gets each payload; pings are answered."""

    def __init__(self, port: int, on_frame: Callable[["WebSocketClient", bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self._port = port
        self._on_frame = on_frame
        self._buffer = b""
        self._close_code = 1006
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()
        """The close code, 1006 where there was none."""
        self.transport: asyncio.Transport

    @staticmethod
    async def connect(port: int, on_frame: Callable[["WebSocketClient", bytes], None]) -> "WebSocketClient":
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: WebSocketClient(port, on_frame), "127.0.0.1", port)
        try:
            await wire.opened
        except BaseException:
            wire.transport.abort()
            raise
        return wire

    def write(self, frame: object) -> None:
        payload: bytes = msgpack.packb(frame)
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self.transport.write(b"\x82" + length + _ZERO_MASK + payload)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /v1/socket HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: bussa.v1.msgpack\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed during the handshake"))
            self.opened.exception()  # nobody may be waiting for it any more
        self.closed.set_result(self._close_code)

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        at = 0
        if not self.opened.done():
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(ConnectionError(data[:end].decode("latin-1")))
                return
            self.opened.set_result(None)
            at = end + 4
        while at + 2 <= len(data):
            opcode, length, start = data[at] & 15, data[at + 1], at + 2
            if length > 125:
                start += 2 if length == 126 else 8
                length = int.from_bytes(data[at + 2 : start], "big")
            if start + length > len(data):
                break
            payload = data[start : start + length]
            at = start + length
            if opcode == 2:
                self._on_frame(self, payload)
            elif opcode == 9:
                self.transport.write(bytes((0x8A, 0x80 | length)) + _ZERO_MASK + payload)
            elif opcode == 8:
                self._close_code = int.from_bytes(payload[:2], "big")
                self.transport.write(bytes((0x88, 0x80 | length)) + _ZERO_MASK + payload)
                self.transport.close()
        self._buffer = data[at:]

"""A peer that may do anything: it sends bytes, and reads only when it is told to."""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from bussa_load.websocket import BINARY as BINARY
from bussa_load.websocket import CLOSE, PING, PONG, TEXT, encode_frame, split_frame, upgrade_request

SECONDS = 20.0
"""How long anything may take before a test is given up."""

HOST = "bussa.test"
HANDSHAKE = upgrade_request(HOST, end=False)
"""An upgrade request without its end."""


def frame(payload: bytes, opcode: int = TEXT, *, fin: bool = True, claim: int | None = None) -> bytes:
    """A masked frame (RFC 6455, section 5.2). ``claim``: a false length for its head. The key is random: with a key of
    zeros a server that does not unmask would go unnoticed."""
    return encode_frame(payload, opcode, fin=fin, claim=claim, mask=os.urandom(4))


def json_frame(message: dict[str, Any]) -> bytes:
    """A frame of the JSON subprotocol."""
    return frame(msgspec.json.encode(message))


class Ended(ConnectionError):  # noqa: N818 - how a connection went, and nobody's fault
    """There is nothing more to read."""


class Peer:
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = b""

    async def write(self, data: bytes) -> None:
        """Raises Ended if the server has cut the connection."""
        try:
            async with asyncio.timeout(SECONDS):
                await asyncio.get_running_loop().sock_sendall(self._sock, data)
        except (ConnectionError, BrokenPipeError) as error:
            raise Ended from error

    def write_now(self, data: bytes) -> None:
        """Write a few bytes without a turn of the event loop."""
        assert self._sock.send(data) == len(data)

    async def write_what_it_can(self, data: bytes) -> int:
        """Write until the server takes no more for half a second, or ends; returns how much."""
        done = 0
        with contextlib.suppress(ConnectionError, TimeoutError):
            while done < len(data):
                async with asyncio.timeout(0.5):
                    piece = data[done : done + 65536]
                    await asyncio.get_running_loop().sock_sendall(self._sock, piece)
                    done += len(piece)
        return done

    async def _read_more(self) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                data = await asyncio.get_running_loop().sock_recv(self._sock, 262_144)
        except ConnectionError as error:
            raise Ended from error
        if not data:
            raise Ended
        self._buffer += data

    async def read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            await self._read_more()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    async def line(self) -> bytes:
        while b"\n" not in self._buffer:
            await self._read_more()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of a response."""
        status = int((await self.line()).split()[1])
        headers: dict[str, str] = {}
        while (line := await self.line()) != b"\r\n":
            name, _, value = line.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
        return status, headers

    async def response(self) -> tuple[int, bytes]:
        status, headers = await self.head()
        return status, await self.read(int(headers.get("content-length", "0")))

    async def rest(self) -> bytes:
        """Everything until the end."""
        try:
            while True:
                await self._read_more()
        except Ended:
            data, self._buffer = self._buffer, b""
            return data

    async def upgrade(self, *headers: bytes, subprotocol: bytes = b"bussa.v1.json") -> int:
        """Ask for a WebSocket; returns the status."""
        request = upgrade_request(HOST, subprotocol=subprotocol.decode() or None, headers=headers)
        await self.write(request)
        return (await self.head())[0]

    async def frame(self) -> tuple[int, bytes]:
        """The opcode and payload of the next frame."""
        while (found := split_frame(self._buffer)) is None:
            await self._read_more()
        opcode, payload, end = found
        self._buffer = self._buffer[end:]
        return opcode, payload

    async def receive(self) -> dict[str, Any]:
        """The next map; pings are answered."""
        while True:
            opcode, payload = await self.frame()
            if opcode == TEXT:
                return msgspec.json.decode(payload)
            assert opcode in (PING, PONG), (opcode, payload)
            if opcode == PING:
                await self.write(frame(payload, PONG))

    async def until(self, type: str) -> dict[str, Any]:
        while (received := await self.receive())["type"] != type:
            pass
        return received

    async def close_code(self) -> int | None:
        """The server's close code; None if the connection ended without one. What came before is passed over."""
        try:
            while True:
                opcode, payload = await self.frame()
                if opcode == CLOSE:
                    return struct.unpack("!H", payload[:2])[0] if payload else 1005
        except Ended:
            return None

    async def greet(self, token: str, **hello: Any) -> dict[str, Any]:
        assert await self.upgrade() == 101
        await self.write(json_frame({"type": "hello", "token": token, **hello}))
        return await self.until("welcome")

    def reset(self) -> None:
        """Go away as a crashed machine does: with a reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def close(self) -> None:
        self._sock.close()


@contextlib.asynccontextmanager
async def peer(port: int, *, buffer: int | None = None) -> AsyncIterator[Peer]:
    """A TCP connection. ``buffer``: bytes that its kernel takes unread; else as many as it likes."""
    sock = socket.socket()
    sock.setblocking(False)
    if buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        yield Peer(sock)
    finally:
        sock.close()

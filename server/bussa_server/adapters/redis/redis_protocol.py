"""One connection to Redis: commands out, replies in (RESP2), parsed by hiredis.

redis-py's own connection awaits each reply separately. A node gets thousands a second, in bursts: here all replies
of one read are handled in one loop iteration. (Measured: docs/decisions.)
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import hiredis
from redis.exceptions import RedisError

from bussa_server.adapters.redis.discovery import Address

CONNECT_SECONDS = 2.0
"""The timeout for connecting and authenticating."""


class RedisProtocol(asyncio.Protocol):
    """``on_reply`` gets every reply, in order; an error is a reply too (`hiredis.ReplyError`)."""

    def __init__(self) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection has ended, for any reason."""
        self._reader: Any = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self._on_reply: Callable[[Any], None] = _ignore

    @staticmethod
    async def connect(address: Address, on_reply: Callable[[Any], None]) -> "RedisProtocol":
        """Connect and authenticate. Raises OSError (TimeoutError included) and RedisError."""
        protocol = RedisProtocol()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: protocol, address.host, address.port, ssl=address.tls
                )
                if address.password is not None:
                    user = () if address.username is None else (address.username,)
                    await protocol._request("AUTH", *user, address.password)
                # A server that is loading, or requires a password, reports it here.
                await protocol._request("PING")
        except BaseException:
            protocol.abort()
            raise
        protocol._on_reply = on_reply
        return protocol

    def write(self, data: bytes) -> None:
        """Send packed commands."""
        if self._transport is not None:
            self._transport.write(data)

    @property
    def buffered_bytes(self) -> int:
        """Bytes not yet accepted by the kernel."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _request(self, *command: str) -> None:
        reply_received: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def on_reply(reply: Any) -> None:
            if not reply_received.done():
                reply_received.set_result(reply)

        self._on_reply = on_reply
        self.write(pack_command(*command))
        await asyncio.wait([reply_received, self.closed], return_when=asyncio.FIRST_COMPLETED)
        if not reply_received.done():
            raise ConnectionError("connection closed")
        if isinstance(reply_received.result(), Exception):
            raise RedisError(str(reply_received.result()))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._on_reply(reply)
        except hiredis.ProtocolError:
            self.abort()  # out of sync, or not Redis


def pack_command(*command: str | bytes) -> bytes:
    return _hiredis_pack_command(command)


# Its type stub allows commands of one word only.
_hiredis_pack_command = cast(
    Callable[[tuple[str | bytes, ...]], bytes],
    hiredis.pack_command,  # pyright: ignore[reportUnknownMemberType] - see above
)


def _ignore(reply: Any) -> None:
    """The callback before `RedisProtocol.connect` returns."""

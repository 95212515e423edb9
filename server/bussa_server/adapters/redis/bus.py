"""The bus port on one or several plain Redis servers; users are distributed over them by a hash of their ids."""

import secrets
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence

from bussa_server import telemetry
from bussa_server.adapters.redis.discovery import resolver
from bussa_server.adapters.redis.envelopes import InvalidPayloadError, decode_envelope, encode_envelope
from bussa_server.adapters.redis.pubsub_connection import PubSubConnection
from bussa_server.ports.bus import Envelope


class RedisBus:
    """See `bussa_server.ports.bus.Bus`."""

    has_other_nodes = True

    def __init__(self, urls: Sequence[str], epoch: str) -> None:
        """``urls`` must be the same on every node, in the same order. ``epoch`` is the store's; it isolates deployments
        that share a Redis.

        Raises:
            ValueError: an invalid URL.
        """
        self._resolvers = [resolver(url) for url in urls]
        self._prefix = f"bussa:{epoch}:"
        self._node = secrets.token_hex(8)
        self._connections: list[PubSubConnection] = []
        self._on_envelope: Callable[[Envelope], None] = _ignore

    def listen(self, on_envelope: Callable[[Envelope], None], on_resync: Callable[[], None]) -> None:
        self._on_envelope = on_envelope
        self._connections = [
            PubSubConnection(name, resolve, self._prefix, self._node, self._receive, on_resync)
            for name, resolve in self._resolvers
        ]

    @property
    def may_have_lost(self) -> bool:
        return any(connection.may_have_lost for connection in self._connections)

    @property
    def connected(self) -> bool:
        return all(connection.connected for connection in self._connections)

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        by_server: defaultdict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
        for envelope in envelopes:
            by_server[self._index(envelope.user)].append(
                (self._channel(envelope.user), encode_envelope(self._node, envelope))
            )
        for index, messages in by_server.items():
            self._connections[index].publish(messages)

    def announce_loss(self) -> None:
        for connection in self._connections:
            connection.announce_loss()

    async def subscribe(self, user: str) -> None:
        await self._connections[self._index(user)].subscribe(self._channel(user))

    def unsubscribe(self, user: str) -> None:
        self._connections[self._index(user)].unsubscribe(self._channel(user))

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()

    def _receive(self, data: bytes) -> None:
        try:
            node, envelope = decode_envelope(data)
        except InvalidPayloadError:
            telemetry.redis_message_invalid()
            return
        if node != self._node:
            self._on_envelope(envelope)

    def _index(self, user: str) -> int:
        return zlib.crc32(user.encode()) % len(self._resolvers)

    def _channel(self, user: str) -> bytes:
        return f"{self._prefix}u:{user}".encode()


def _ignore(envelope: Envelope) -> None:
    """The callback before `RedisBus.listen`."""

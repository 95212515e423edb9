"""The bus port on one or several plain Redis servers, users spread over them by a hash of their ids."""

import secrets
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence

from bussa_server import telemetry
from bussa_server.adapters.redis.envelopes import ForeignError, pack, unpack
from bussa_server.adapters.redis.link import Link
from bussa_server.adapters.redis.places import finder
from bussa_server.ports.bus import Envelope


class RedisBus:
    """See `bussa_server.ports.bus.Bus`."""

    remote = True

    def __init__(self, urls: Sequence[str], epoch: str) -> None:
        """``urls``: the same on every node, in the same order. ``epoch``: the store's, so that deployments which
        share a Redis do not hear each other.

        Raises:
            ValueError: a URL is none of ours.
        """
        self._finders = [finder(url) for url in urls]
        self._prefix = f"bussa:{epoch}:"
        self._node = secrets.token_hex(8)
        self._links: list[Link] = []
        self._on_envelope: Callable[[Envelope], None] = _nobody

    def listen(self, on_envelope: Callable[[Envelope], None], on_doubt: Callable[[], None]) -> None:
        self._on_envelope = on_envelope
        self._links = [
            Link(name, find, self._prefix, self._node, self._receive, on_doubt) for name, find in self._finders
        ]

    @property
    def in_doubt(self) -> bool:
        return any(link.in_doubt for link in self._links)

    @property
    def whole(self) -> bool:
        return all(link.whole for link in self._links)

    def ring(self, envelopes: Sequence[Envelope]) -> None:
        by_link: defaultdict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
        for envelope in envelopes:
            by_link[self._index(envelope.user)].append((self._channel(envelope.user), pack(self._node, envelope)))
        for index, messages in by_link.items():
            self._links[index].publish(messages)

    def warn(self) -> None:
        for link in self._links:
            link.warn()

    async def watch(self, user: str) -> None:
        await self._links[self._index(user)].watch(self._channel(user))

    def unwatch(self, user: str) -> None:
        self._links[self._index(user)].unwatch(self._channel(user))

    async def close(self) -> None:
        for link in self._links:
            await link.close()

    def _receive(self, data: bytes) -> None:
        try:
            node, envelope = unpack(data)
        except ForeignError:
            telemetry.bus_foreign()
            return
        if node != self._node:
            self._on_envelope(envelope)

    def _index(self, user: str) -> int:
        return zlib.crc32(user.encode()) % len(self._finders)

    def _channel(self, user: str) -> bytes:
        return f"{self._prefix}u:{user}".encode()


def _nobody(envelope: Envelope) -> None:
    """Nobody listens yet."""

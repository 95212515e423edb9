"""The bus where there is one node: nobody else to ring."""

from collections.abc import Callable, Sequence

from server.ports.bus import Envelope


class LocalBus:
    """See `server.ports.bus.Bus`."""

    remote = False

    def ring(self, envelopes: Sequence[Envelope]) -> None:
        pass

    async def watch(self, user: str) -> None:
        pass

    def unwatch(self, user: str) -> None:
        pass

    def listen(self, on_envelope: Callable[[Envelope], None], on_doubt: Callable[[], None]) -> None:
        pass

    async def close(self) -> None:
        pass

"""The bus where there is none: one node, which has nobody to ring.

Several nodes may share a database all the same. Then each must doubt, always: what the others commit is found by
comparing heads, about a second later.
"""

from collections.abc import Callable, Sequence

from bussa_server.ports.bus import Envelope


class LocalBus:
    """See `bussa_server.ports.bus.Bus`."""

    remote = False
    whole = True

    def __init__(self, *, alone: bool = True) -> None:
        """``alone``: no other node writes to the same store."""
        self.in_doubt = not alone

    def ring(self, envelopes: Sequence[Envelope]) -> None:
        pass

    def warn(self) -> None:
        pass

    async def watch(self, user: str) -> None:
        pass

    def unwatch(self, user: str) -> None:
        pass

    def listen(self, on_envelope: Callable[[Envelope], None], on_doubt: Callable[[], None]) -> None:
        pass

    async def close(self) -> None:
        pass

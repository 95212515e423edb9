"""The bus where there is none: one node, which has nobody to ring.

Several nodes may share a database all the same. Then each must doubt, always: what the others commit is found by
comparing heads, about a second later.
"""

from collections.abc import Callable, Sequence

from bussa_server.ports.bus import Envelope


class LocalBus:
    """See `bussa_server.ports.bus.Bus`."""

    has_other_nodes = False
    connected = True

    def __init__(self, *, single_node: bool = True) -> None:
        """``alone``: no other node writes to the same store."""
        self.may_have_lost = not single_node

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        pass

    def announce_loss(self) -> None:
        pass

    async def subscribe(self, user: str) -> None:
        pass

    def unsubscribe(self, user: str) -> None:
        pass

    def listen(self, on_envelope: Callable[[Envelope], None], on_resync: Callable[[], None]) -> None:
        pass

    async def close(self) -> None:
        pass

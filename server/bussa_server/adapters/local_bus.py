"""The bus of a deployment without Redis: a no-op, because a single node has no other node to notify.

If several nodes share a database without Redis, `may_have_lost` is always true: each node finds the others' commits
by comparing heads, about a second later.
"""

from collections.abc import Callable, Sequence

from bussa_server.ports.bus import Envelope


class LocalBus:
    """See `bussa_server.ports.bus.Bus`."""

    has_other_nodes = False
    connected = True

    def __init__(self, *, single_node: bool = True) -> None:
        """``single_node``: no other node writes to the same store."""
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

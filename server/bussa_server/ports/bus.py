"""How the nodes ring each other. The bus is a doorbell: what counts stands in the log.

**An implementer** carries each envelope to every other node that watches one of its users, soon and at most
roughly once. **It does not guarantee** delivery, order or singleness, and need not: whoever receives compares
numbers and reads the log. When it may have lost something it says so (`on_resync`), and while it may be losing
something it says that, too (`may_have_lost`): the node then compares the heads of its users with the store.

**The caller** delivers to the users of its own node itself, before it rings: the bus never brings an envelope
back to the node that it came from.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol


class Envelope(NamedTuple):
    """Bytes for the devices of one user, encoded once per codec.

    ``seq`` is None for what is fleeting (typing) and for ``revoked_at``: the user's tokens up to then are void.
    ``spent``: a message that the user wrote, so every node charges it to the user's budget.
    """

    user: str
    seq: int | None
    json: bytes
    msgpack: bytes
    revoked_at: int | None = None
    charge_sender: bool = False


class Bus(Protocol):
    @property
    def has_other_nodes(self) -> bool:
        """Whether there are other nodes to ring; if not, envelopes need not be made."""
        ...

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Send to the other nodes. Never blocks, never raises; what can't be sent is dropped and counted."""
        ...

    def announce_loss(self) -> None:
        """Tell the other nodes, soon, that something may have been committed here which is never rung: they doubt."""
        ...

    @property
    def may_have_lost(self) -> bool:
        """Whether something may be getting lost right now."""
        ...

    async def subscribe(self, user: str) -> None:
        """From now on receive what concerns ``user``. Returns when the subscription is confirmed, or in doubt."""
        ...

    def unsubscribe(self, user: str) -> None:
        """No longer, however often `subscribe` was called."""
        ...

    def listen(self, on_envelope: Callable[[Envelope], None], on_resync: Callable[[], None]) -> None:
        """Where received envelopes, and doubts, are told. Called once, before the first `subscribe`."""
        ...

    async def close(self) -> None: ...

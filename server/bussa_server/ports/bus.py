"""How nodes notify each other. The bus is a doorbell; the log is the truth.

**An implementer** carries each envelope to every other node that is subscribed to its user, soon and usually once.
**It does not guarantee** delivery, order or uniqueness: the receiver compares sequence numbers and reads the log.
When it may have lost envelopes it calls `on_resync`, and while it may be losing some, `may_have_lost` is true: the
node then compares the heads of its users with the store.

**The caller** delivers to the users of its own node itself, before it publishes: the bus never returns an envelope
to the node that published it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol


class Envelope(NamedTuple):
    """An event for the devices of one user, encoded once per codec.

    ``seq`` is None for ephemeral events (typing) and for a revocation. ``revoked_at``: the user's tokens issued up to
    then (ms) are revoked. ``charge_sender``: the user sent this message, so every node charges the user's rate limit.
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
        """Whether there are other nodes to notify; if not, the caller need not build envelopes."""
        ...

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Send to the other nodes. Never blocks, never raises; envelopes that can't be sent are dropped and counted."""
        ...

    def announce_loss(self) -> None:
        """Make the other nodes resync soon: commits of this node may never have been published."""
        ...

    @property
    def may_have_lost(self) -> bool:
        """Whether envelopes may be getting lost right now."""
        ...

    async def subscribe(self, user: str) -> None:
        """Receive the envelopes of ``user`` from now on.

        Returns when the subscription is confirmed, or while `may_have_lost`.
        """
        ...

    def unsubscribe(self, user: str) -> None:
        """Stop receiving them, however often `subscribe` was called."""
        ...

    def listen(self, on_envelope: Callable[[Envelope], None], on_resync: Callable[[], None]) -> None:
        """Set the callbacks: for each received envelope, and when the node must resync.

        Called once, before the first `subscribe`.
        """
        ...

    async def close(self) -> None: ...

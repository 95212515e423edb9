"""Where timers wait until they are due.

**An implementer guarantees** that a timer is claimed by one node at a time: it comes back from `claim_timers` on no
other node before the claim has run out. A timer is only read and held here. It leaves the table in the commit of what
it was set for (`bussa_server.domain.handlers.timers`), so a claim is no promise: two nodes that run one timer all the
same, because a claim ran out too early, have its effect once.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from bussa_server.domain.timers import Timer


class ClaimedTimers(NamedTuple):
    """Timers to be run now, the one that is due the longest first; and when (ms) the next one will be due."""

    timers: Sequence[Timer]
    next_due: int | None


class Timers(Protocol):
    async def claim_timers(self, kinds: Iterable[str], now: int, until: int, limit: int) -> ClaimedTimers:
        """Claim up to ``limit`` timers of ``kinds`` that are due at ``now`` (ms), until a later time.

        Raises:
            Unavailable: the store is out of reach.
        """
        ...

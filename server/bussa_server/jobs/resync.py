"""Compares the heads of connected users with the store, to find events that the bus lost."""

import asyncio
from typing import Protocol

from bussa_server.ports.store import Store, Unavailable

RESYNC_SECONDS = 0.5
"""How often the heads of connected users are compared with the store while the bus may be losing events. A lost event
must be found within 2 s, including the read, and a bus may need 1.2 s to notice that it loses events."""
FULL_CHECK_SECONDS = 30.0
"""How often all heads are compared while the bus reports no loss. A failing-over Redis, or a cluster between its nodes,
may lose a message without anyone noticing. A thousandth of the work of a resync."""
MIN_PAUSE_SECONDS = 0.2
"""Minimum pause between two comparisons, however often the bus disconnects."""
HEADS_PER_QUERY = 500
"""Heads read in one query."""


class ConnectedUsers(Protocol):
    """The hub, as far as it is needed here."""

    @property
    def users(self) -> list[str]: ...
    @property
    def has_other_nodes(self) -> bool: ...
    @property
    def may_have_lost(self) -> bool: ...
    @property
    def resync_requested(self) -> asyncio.Event: ...
    def compare_heads(self, heads: dict[str, int], revoked: dict[str, int]) -> None: ...


class Resync:
    """Both methods are to be called again and again; each waits by itself."""

    def __init__(self, store: Store, hub: ConnectedUsers) -> None:
        self._store = store
        self._hub = hub

    async def resync(self) -> None:
        """Compare heads, to find events that the bus lost even if no later event shows the gap.

        Runs at once when a resync is requested, and repeatedly while the bus may be losing events.
        """
        resync_requested = self._hub.resync_requested
        try:
            async with asyncio.timeout(RESYNC_SECONDS):
                await resync_requested.wait()
        except TimeoutError:
            if not self._hub.may_have_lost:
                return
        resync_requested.clear()
        try:
            for users in self._user_batches():
                await self._compare_heads(users)
        except Unavailable:
            resync_requested.set()  # the comparison is still due
            raise
        finally:
            await asyncio.sleep(MIN_PAUSE_SECONDS)

    async def check_all_heads(self) -> None:
        """Compare the heads of all users once, spread evenly over the interval."""
        batches = self._user_batches() if self._hub.has_other_nodes else []
        for users in batches or [[]]:
            await asyncio.sleep(FULL_CHECK_SECONDS / max(1, len(batches)))
            if users:
                await self._compare_heads(users)

    def _user_batches(self) -> list[list[str]]:
        users = self._hub.users
        return [users[start : start + HEADS_PER_QUERY] for start in range(0, len(users), HEADS_PER_QUERY)]

    async def _compare_heads(self, users: list[str]) -> None:
        self._hub.compare_heads(await self._store.heads(users), await self._store.revoked(users))

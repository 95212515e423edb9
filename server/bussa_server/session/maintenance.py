"""The periodic tasks of a node: log trimming, resync after bus losses, the full check of heads, loop lag."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bussa_server import telemetry
from bussa_server.ports.store import Store, Unavailable
from bussa_server.session.hub import Hub

TRIM_SECONDS = 3600.0
LOOP_LAG_SECONDS = 1.0
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


class Maintenance:
    """Runs the periodic tasks until it is closed. A failure is logged, and the task goes on."""

    def __init__(self, store: Store, hub: Hub) -> None:
        self._store = store
        self._hub = hub
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._every(TRIM_SECONDS, self._trim)),
            loop.create_task(self._every(0.0, self._resync)),
            loop.create_task(self._every(0.0, self._check_all_heads)),
            loop.create_task(self._measure_loop_lag()),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except Unavailable as error:
                telemetry.database_unavailable(error, 0)
            except Exception as error:  # noqa: BLE001 - nobody would notice that a task has stopped
                telemetry.defect("maintenance", error)

    async def _trim(self) -> None:
        telemetry.log_trimmed(await self._store.trim(time.time_ns() // 1_000_000))

    async def _resync(self) -> None:
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

    async def _check_all_heads(self) -> None:
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

    async def _measure_loop_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOP_LAG_SECONDS
            await asyncio.sleep(LOOP_LAG_SECONDS)
            telemetry.loop_lag(max(0.0, loop.time() - due))

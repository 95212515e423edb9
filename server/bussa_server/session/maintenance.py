"""What goes on beside the connections: the clocks of a node."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bussa_server import telemetry
from bussa_server.ports.store import Store, Unavailable
from bussa_server.session.hub import Hub

TRIM_SECONDS = 3600.0
LOOP_LAG_SECONDS = 1.0
RESYNC_SECONDS = 0.5
"""While the bus is in doubt: how often the heads of those connected here are compared with the store. What was lost
must be found within 2 s, the reading included, and a bus may need 1.2 s to see that it loses something."""
FULL_CHECK_SECONDS = 30.0
"""While nothing is in doubt: how often everybody's head is compared all the same. A Redis that fails over, a cluster
between its members may lose a message and nobody hears of it. A thousandth of the work of a doubt."""
MIN_PAUSE_SECONDS = 0.2
"""Between two comparisons at the least, however often the bus tears."""
HEADS_PER_QUERY = 500
"""Heads asked for at once."""


class Maintenance:
    """Runs the clocks until it is closed. A clock whose work fails is told and goes on."""

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
            except Exception as error:  # noqa: BLE001 - a clock that stops would be missed by nobody
                telemetry.defect("maintenance", error)

    async def _trim(self) -> None:
        telemetry.log_trimmed(await self._store.trim(time.time_ns() // 1_000_000))

    async def _resync(self) -> None:
        """Find what was lost on the bus, also where nothing came after it: at once when something was, and again
        and again while something may be."""
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
            resync_requested.set()  # nothing was found out: so it is still to be done
            raise
        finally:
            await asyncio.sleep(MIN_PAUSE_SECONDS)

    async def _check_all_heads(self) -> None:
        """Compare everybody once, evenly spread over the round."""
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

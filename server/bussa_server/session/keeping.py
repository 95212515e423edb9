"""What goes on beside the connections: the clocks of a node."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bussa_server import telemetry
from bussa_server.ports.store import Store, Unavailable
from bussa_server.session.hub import Hub

TRIM_SECONDS = 3600.0
LAG_SECONDS = 1.0
DOUBT_SECONDS = 0.5
"""While the bus is in doubt: how often the heads of those connected here are compared with the store. What was lost
must be found within 2 s, the reading included, and a bus may need 1.2 s to see that it loses something."""
ROUND_SECONDS = 30.0
"""While nothing is in doubt: how often everybody's head is compared all the same. A Redis that fails over, a cluster
between its members may lose a message and nobody hears of it. A thousandth of the work of a doubt."""
PAUSE_SECONDS = 0.2
"""Between two comparisons at the least, however often the bus tears."""
HEADS = 500
"""Heads asked for at once."""


class Keeper:
    """Runs the clocks until it is closed. A clock whose work fails is told and goes on."""

    def __init__(self, store: Store, hub: Hub) -> None:
        self._store = store
        self._hub = hub
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._every(TRIM_SECONDS, self._trim)),
            loop.create_task(self._every(0.0, self._compare)),
            loop.create_task(self._every(0.0, self._go_round)),
            loop.create_task(self._measure_loop()),
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
                telemetry.store_unavailable(error, 0)
            except Exception as error:  # noqa: BLE001 - a clock that stops would be missed by nobody
                telemetry.defect("keeper", error)

    async def _trim(self) -> None:
        telemetry.trimmed(await self._store.trim(time.time_ns() // 1_000_000))

    async def _compare(self) -> None:
        """Find what was lost on the bus, also where nothing came after it: at once when something was, and again
        and again while something may be."""
        doubted = self._hub.doubted
        try:
            async with asyncio.timeout(DOUBT_SECONDS):
                await doubted.wait()
        except TimeoutError:
            if not self._hub.in_doubt:
                return
        doubted.clear()
        try:
            for some in self._portions():
                await self._look_at(some)
        except Unavailable:
            doubted.set()  # nothing was found out: so it is still to be done
            raise
        finally:
            await asyncio.sleep(PAUSE_SECONDS)

    async def _go_round(self) -> None:
        """Compare everybody once, evenly spread over the round."""
        portions = self._portions() if self._hub.remote else []
        for some in portions or [[]]:
            await asyncio.sleep(ROUND_SECONDS / max(1, len(portions)))
            if some:
                await self._look_at(some)

    def _portions(self) -> list[list[str]]:
        users = self._hub.users
        return [users[start : start + HEADS] for start in range(0, len(users), HEADS)]

    async def _look_at(self, users: list[str]) -> None:
        self._hub.compare(await self._store.heads(users), await self._store.revoked(users))

    async def _measure_loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            telemetry.loop_lag(max(0.0, loop.time() - due))

"""Starts and stops the recurring tasks of a node."""

import asyncio

from bussa_server.jobs.loop_lag import measure_loop_lag
from bussa_server.jobs.recurring import repeat
from bussa_server.jobs.resync import ConnectedUsers, Resync
from bussa_server.jobs.trimming import TRIM_SECONDS, trim_logs
from bussa_server.ports.store import Store


class Maintenance:
    """Runs the recurring tasks until it is closed. A failure is logged, and the task goes on."""

    def __init__(self, store: Store, hub: ConnectedUsers) -> None:
        self._store = store
        self._resync = Resync(store, hub)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(repeat(TRIM_SECONDS, lambda: trim_logs(self._store))),
            loop.create_task(repeat(0.0, self._resync.resync)),
            loop.create_task(repeat(0.0, self._resync.check_all_heads)),
            loop.create_task(measure_loop_lag()),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

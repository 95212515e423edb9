"""All devices of a process: opens them, and brings back whoever was lost."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence

from bussa_load.device import FINAL, GreetingError, LoadDevice
from bussa_load.truth import Truth

OPENING = 64
"""Connections opened at once."""
PATIENCE = 60.0
"""Seconds a device tries to come back. A server that restarts is away for less."""
PAUSE = (0.05, 1.0)
"""The wait before the first further try, and the longest one; doubled in between, with jitter."""


class Crowd:
    def __init__(self, devices: Sequence[LoadDevice], truth: Truth) -> None:
        self.devices = devices
        self._truth = truth
        self._gate = asyncio.Semaphore(OPENING)
        self._coming: set[asyncio.Task[None]] = set()
        self._storming = False
        self._failure: BaseException | None = None
        self.lost: Counter[int] = Counter()
        """Connections that were lost without our doing, by close code."""

    @property
    def connected(self) -> int:
        return sum(device.connected for device in self.devices)

    async def open(self) -> None:
        """Open everybody for the first time. Raises OSError: one could not, although it tried for a while."""
        for device in self.devices:
            self._fetch(device)
        await self.whole()
        if self._failure is not None:
            raise self._failure

    def lose(self, device: LoadDevice, code: int) -> None:
        """A connection has ended: fetch it back."""
        if not self._storming:
            self.lost[code] += 1
        self._fetch(device)

    async def storm(self) -> float:
        """Everybody drops and comes back at once; returns how long it took until the last one was back."""
        started = time.perf_counter()
        self._storming = True
        for device in self.devices:
            device.drop()
        self._storming = False
        await self.whole()
        return time.perf_counter() - started

    async def whole(self) -> None:
        """Wait until nobody is on the way back."""
        while self._coming:
            await asyncio.wait(self._coming)

    async def close(self) -> None:
        for device in self.devices:
            device.close()
        coming = list(self._coming)
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)

    def _fetch(self, device: LoadDevice) -> None:
        task = asyncio.get_running_loop().create_task(self._bring(device))
        self._coming.add(task)
        task.add_done_callback(self._brought)

    def _brought(self, task: asyncio.Task[None]) -> None:
        self._coming.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = failure
            self._truth.complain(f"did not come back: {failure}")

    async def _bring(self, device: LoadDevice) -> None:
        """Raises OSError."""
        give_up, pause = time.monotonic() + PATIENCE, PAUSE[0]
        while True:
            try:
                async with self._gate:
                    await device.open()
                return
            except OSError as error:
                if (isinstance(error, GreetingError) and error.code in FINAL) or time.monotonic() > give_up:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(PAUSE[1], pause * 2)

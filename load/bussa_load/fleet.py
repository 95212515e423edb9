"""All devices of a process: opens them, and reconnects lost ones."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence

from bussa_load.device import FINAL_CLOSE_CODES, HelloError, LoadDevice
from bussa_load.verifier import Verifier

CONCURRENT_OPENS = 64
"""Concurrent connection attempts."""
RECONNECT_SECONDS = 60.0
"""How long a device tries to reconnect. A restart of the server takes less."""
BACKOFF = (0.05, 1.0)
"""First and longest delay between attempts; doubled in between, with jitter."""


class Fleet:
    def __init__(self, devices: Sequence[LoadDevice], verifier: Verifier) -> None:
        self.devices = devices
        self._verifier = verifier
        self._open_slots = asyncio.Semaphore(CONCURRENT_OPENS)
        self._opening: set[asyncio.Task[None]] = set()
        self._storming = False
        self._failure: BaseException | None = None
        self.lost: Counter[int] = Counter()
        """Connections lost, except by a storm, by close code."""

    @property
    def connected(self) -> int:
        return sum(device.connected for device in self.devices)

    async def open(self) -> None:
        """Open every device. Raises OSError: one could not connect within `RECONNECT_SECONDS`."""
        for device in self.devices:
            self._start_opening(device)
        await self.wait_connected()
        if self._failure is not None:
            raise self._failure

    def reconnect(self, device: LoadDevice, code: int) -> None:
        """Reconnect a device after its connection was lost."""
        if not self._storming:
            self.lost[code] += 1
        self._start_opening(device)

    async def storm(self) -> float:
        """Drop every connection and reconnect all at once. Returns the seconds until the last one was back."""
        started = time.perf_counter()
        self._storming = True
        for device in self.devices:
            device.drop()
        self._storming = False
        await self.wait_connected()
        return time.perf_counter() - started

    async def wait_connected(self) -> None:
        """Wait until no device is reconnecting."""
        while self._opening:
            await asyncio.wait(self._opening)

    async def close(self) -> None:
        for device in self.devices:
            device.close()
        opening = list(self._opening)
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)

    def _start_opening(self, device: LoadDevice) -> None:
        task = asyncio.get_running_loop().create_task(self._open_with_retries(device))
        self._opening.add(task)
        task.add_done_callback(self._on_opened)

    def _on_opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = failure
            self._verifier.complain(f"did not reconnect: {failure}")

    async def _open_with_retries(self, device: LoadDevice) -> None:
        """Raises OSError."""
        deadline, pause = time.monotonic() + RECONNECT_SECONDS, BACKOFF[0]
        while True:
            try:
                async with self._open_slots:
                    await device.open()
                return
            except OSError as error:
                if (isinstance(error, HelloError) and error.code in FINAL_CLOSE_CODES) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(BACKOFF[1], pause * 2)

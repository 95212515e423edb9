"""The processes beside the server: healthy pairs and attackers."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.abuse.victim import TIMEOUT, Victim

ROOT = Path(__file__).parents[2]
PAIRS = 5


class HelperProcess:
    """A process that gets lines on its standard input and prints lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def trigger(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        await self._process.stdin.drain()

    async def read_answer(self, seconds: float = TIMEOUT) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(seconds):
            return json.loads(await self._process.stdout.readline())

    async def report(self) -> dict[str, Any]:
        await self.trigger()
        return await self.read_answer()

    async def stop(self) -> dict[str, Any]:
        """Close its standard input, and return its last line."""
        out, _ = await asyncio.wait_for(self._process.communicate(b""), TIMEOUT)
        return json.loads(out.splitlines()[-1])

    def run_with_realtime_priority(self, core: int) -> None:
        """Run it with real-time priority on ``core``. Raises PermissionError unless root."""
        os.sched_setscheduler(self._process.pid, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setaffinity(self._process.pid, {core})


@contextlib.asynccontextmanager
async def _started(module: str, *arguments: str) -> AsyncIterator[HelperProcess]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        yield HelperProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def healthy(victim: Victim) -> AsyncIterator[HelperProcess]:
    """`PAIRS` healthy pairs."""
    names = (f"{side}-{pair}" for pair in range(PAIRS) for side in ("writer", "reader"))
    tokens = await asyncio.to_thread(victim.create_users, *names)
    async with _started("tests.abuse.healthy_pairs", str(victim.port), *tokens) as pairs:
        await pairs.report()  # all are connected now
        yield pairs


@contextlib.asynccontextmanager
async def attackers(victim: Victim, token: str, seconds: float, *attacks: str) -> AsyncIterator[HelperProcess]:
    """Attackers, which start at `trigger` and print their result at the end."""
    async with _started("tests.abuse.attackers", victim.url, token, str(seconds), *attacks) as process:
        assert await process.read_answer() == "ready"
        yield process

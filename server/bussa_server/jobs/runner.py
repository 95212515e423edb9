"""Runs timers that are due, each once, whatever the number of nodes.

Every node looks for due timers. It claims a page of them, so that the others leave these alone for a while, and submits
a command for each through the commit queue. The command takes the timer away in the commit of its effect; so a node
that dies with claimed timers loses none, and a timer that two nodes run has its effect once
(`bussa_server.domain.handlers.timers`).
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping

from bussa_server import telemetry
from bussa_server.domain.commands import Command, PostponeTimer
from bussa_server.domain.handlers.timers import KINDS, TimerKind
from bussa_server.domain.principal import Principal
from bussa_server.domain.timers import Timer
from bussa_server.domain.unit_of_work import Refusal, Result
from bussa_server.ports.store import CommandFailed, Unavailable
from bussa_server.ports.timers import Timers

PAGE = 100
"""Timers claimed at once. They share a commit or two; more would let people's messages wait behind them."""
POLL_SECONDS = 1.0
"""How late a node may notice a timer that another one has set, or whose claim has run out."""
CLAIM_MILLIS = 5_000
"""How long a claim holds: as long as a commit may take. If the node dies, another one takes its timers up after it."""
RETRY_SECONDS = 1.0
"""Before the second attempt of a timer whose handler has failed; twice as long before each further one."""
MAX_RETRY_SECONDS = 3600.0
NOBODY = Principal("", "")
"""Postponing a timer touches the log of no user."""


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


def retry_seconds(attempts: int) -> float:
    """How long to wait after so many failed attempts, without jitter."""
    return min(RETRY_SECONDS * 2 ** min(attempts - 1, 30), MAX_RETRY_SECONDS)


class Runner:
    """Looks for due timers until it is closed."""

    def __init__(
        self,
        timers: Timers,
        commit: Callable[[Command], Awaitable[Result]],
        *,
        kinds: Mapping[str, TimerKind] = KINDS,
        now: Callable[[], int] = wall_clock,
    ) -> None:
        """``commit`` is that of the commit queue. ``now`` is in milliseconds; commits should go by the same clock."""
        self._timers = timers
        self._commit = commit
        self._kinds = kinds
        self._now = now
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._kinds:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stop. Claimed timers that were not run yet are taken up by another node, or after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            pause = POLL_SECONDS
            try:
                pause = await self.run_due()
            except Unavailable as error:
                telemetry.database_unavailable(error, 0)
            except Exception as error:  # noqa: BLE001 - nobody would notice that the runner has stopped
                telemetry.defect("timers", error)
            await asyncio.sleep(pause)

    async def run_due(self) -> float:
        """Run all timers that are due. Returns the seconds until it should be called again.

        Raises:
            Unavailable: the store is out of reach.
        """
        while True:
            now = self._now()
            claimed, next_due = await self._timers.claim_timers(self._kinds, now, now + CLAIM_MILLIS, PAGE)
            await asyncio.gather(*(self._run_one(timer) for timer in claimed))
            if len(claimed) < PAGE:
                break
        if next_due is None:
            return POLL_SECONDS
        return min(max(0.0, (next_due - self._now()) / 1000), POLL_SECONDS)

    async def _run_one(self, timer: Timer) -> None:
        try:
            result = await self._commit(self._kinds[timer.kind].command(timer))
        except CommandFailed:
            await self._postpone(timer)
        except Unavailable:
            telemetry.timer_unavailable(timer.kind)
        except Exception as error:  # noqa: BLE001 - a defect of one kind must not stop the others
            telemetry.defect("timers", error)
            await self._postpone(timer)
        else:
            done = not isinstance(result, Refusal)
            telemetry.timer_run(timer.kind, done, max(0, self._now() - timer.due) / 1000)

    async def _postpone(self, timer: Timer) -> None:
        attempts = timer.attempts + 1
        seconds = retry_seconds(attempts) * random.uniform(0.75, 1.25)
        telemetry.timer_failed(timer.kind, attempts, seconds)
        try:
            await self._commit(Command(NOBODY, PostponeTimer(timer, self._now() + round(seconds * 1000))))
        except Unavailable:
            telemetry.timer_unavailable(timer.kind)  # taken up again when the claim has run out

"""Passwords by argon2id, off the loop and bounded.

A hash is meant to cost time and memory, so a flood of log-ins is a flood of both. Two threads work, a few dozen
callers wait, and the rest are told to come back: the loop, and with it every chat, never waits.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from bussa_server import telemetry

THREADS = 2
NICE = 10
"""Of those threads: where there are more threads at work than cores, whoever writes comes before whoever logs in."""

MAX_WAITING = 512
"""Who may wait, besides those being served: some six seconds' worth."""

DUMMY_PASSWORD = "nobody's"
"""Opens nothing, also for who knows it."""

T = TypeVar("T")


class Busy(Exception):  # noqa: N818 - a state and no error of anybody's
    """More passwords are waiting than may. ``retry_after``: seconds."""

    retry_after = 1.0


def hasher() -> PasswordHasher:
    """OWASP's smaller choice for argon2id: 19 MiB, two passes, one lane; some 20 ms of one core."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Passwords:
    def __init__(self, argon2: PasswordHasher | None = None, *, threads: int = THREADS, waiting: int = MAX_WAITING):
        self._argon2 = argon2 or hasher()
        self._pool = ThreadPoolExecutor(threads, "bussa-passwords", initializer=_lower_priority)
        self._free_slots = threads + waiting
        # What the password of somebody unknown is compared with, so that it takes as long as any other.
        self._dummy_hash = self._argon2.hash(DUMMY_PASSWORD)

    async def hash(self, password: str) -> str:
        """Raises Busy."""
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``hashed``. None, for somebody who has none, takes as long.

        Raises Busy.
        """
        return await self._run(lambda: self._matches(self._dummy_hash if hashed is None else hashed, password)) and (
            hashed is not None
        )

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._argon2.verify(hashed, password)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError) as error:
            telemetry.defect("password hash", error)
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._free_slots <= 0:
            telemetry.password_hashing_queue_full()
            raise Busy("too many log-ins at once")
        self._free_slots -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._free_slots += 1

    def close(self) -> None:
        """End the threads. Whoever still waits is let down."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _lower_priority() -> None:
    if sys.platform == "linux":  # the only system where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)

"""Password hashing with argon2id, in threads and bounded.

A hash costs time and memory by design, so a flood of log-ins would exhaust both. Two threads hash, a bounded number of
callers wait, and further ones are rejected. The event loop never waits.
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
"""Niceness of the hashing threads: with more runnable threads than cores, messages take precedence over log-ins."""

MAX_WAITING = 512
"""Callers that may wait besides those being served: about six seconds' worth."""

DUMMY_PASSWORD = "nobody's"
"""The password behind the dummy hash. It never logs anyone in, even if known."""

T = TypeVar("T")


class Busy(Exception):  # noqa: N818 - a state, not an error
    """The hashing queue is full. ``retry_after``: seconds."""

    retry_after = 1.0


def hasher() -> PasswordHasher:
    """OWASP's smaller parameters for argon2id: 19 MiB, two passes, one lane; about 20 ms of one core."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Passwords:
    """The hashing threads and their queue."""

    def __init__(self, argon2: PasswordHasher | None = None, *, threads: int = THREADS, waiting: int = MAX_WAITING):
        self._argon2 = argon2 or hasher()
        self._pool = ThreadPoolExecutor(threads, "bussa-passwords", initializer=_lower_priority)
        self._free_slots = threads + waiting
        # Passwords of unknown users are verified against it, so that they take as long as any other.
        self._dummy_hash = self._argon2.hash(DUMMY_PASSWORD)

    async def hash(self, password: str) -> str:
        """Hash a password. Raises Busy."""
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether ``password`` matches ``hashed``. None (a user without a password) is False and takes as long.

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
            raise Busy("too many concurrent log-ins")
        self._free_slots -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._free_slots += 1

    def close(self) -> None:
        """Stop the threads. Queued work is cancelled."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _lower_priority() -> None:
    if sys.platform == "linux":  # the only platform with a niceness per thread
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)

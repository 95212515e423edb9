"""The process itself: start, drain, the loop, and what nobody expected."""

import asyncio
from typing import Any

from bussa_server.telemetry.log import exc_info_of, log
from bussa_server.telemetry.registry import counter, histogram

_DEFECTS = counter("defects", "Exceptions that nobody expected, by where they came up.", "where")
_LOOP_LAG = histogram("loop_lag_seconds", "How late a timer of the event loop rings.")


def listening(url: str) -> None:
    """Connections are accepted at ``url``."""
    log.info("listening", url=url)


def drain_started(connections: int) -> None:
    """No new connections; so many are to be closed."""
    log.info("draining", connections=connections)


def drained(seconds: float) -> None:
    """Every connection is closed and everything acknowledged is on disk."""
    log.info("drained", seconds=round(seconds, 3))


def loop_lag(seconds: float) -> None:
    """A timer rang so much later than asked for: what any frame waits besides its own work."""
    _LOOP_LAG.observe(seconds)


def defect(where: str, error: BaseException) -> None:
    """An exception that nobody expected. ``where``: a place in the code, in a few words that never vary."""
    _DEFECTS.labels(where).inc()
    log.error("defect", where=where, exc_info=exc_info_of(error))


def unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What came up in a callback or in a task that nobody awaited; for `loop.set_exception_handler`.

    asyncio's own line would show the task and its error, and with them what somebody wrote.
    """
    defect("loop", context.get("exception") or RuntimeError(context["message"]))


def worker_died(pid: int, status: int) -> None:
    """A worker process ended before it was told to; another one follows."""
    log.error("worker died", pid=pid, status=status)

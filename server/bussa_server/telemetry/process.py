"""The process: start, drain, loop lag, worker deaths, and unexpected exceptions."""

import asyncio
from typing import Any

from bussa_server.telemetry.log import exc_info_of, log
from bussa_server.telemetry.registry import counter, histogram

_DEFECTS = counter("defects", "Unexpected exceptions, by where they were caught.", "where")
# There from the start, so that the first defect is an increase (see `sockets`).
for _where in ("http", "connection", "catch-up", "commit", "answer", "loop"):
    _DEFECTS.labels(_where)
_LOOP_LAG = histogram("loop_lag_seconds", "How late a timer of the event loop fires.")


def listening(url: str) -> None:
    """The server accepts connections at ``url``."""
    log.info("listening", url=url)


def drain_started(connections: int) -> None:
    """The server stopped accepting connections and closes the ``connections`` open ones."""
    log.info("draining", connections=connections)


def drained(seconds: float) -> None:
    """Every connection is closed and everything acknowledged is on disk."""
    log.info("drained", seconds=round(seconds, 3))


def loop_lag(seconds: float) -> None:
    """A timer fired ``seconds`` late: the delay that every frame sees besides its own work."""
    _LOOP_LAG.observe(seconds)


def defect(where: str, error: BaseException) -> None:
    """An unexpected exception. ``where``: a place in the code, from a fixed set of words."""
    _DEFECTS.labels(where).inc()
    log.error("defect", where=where, exc_info=exc_info_of(error))


def unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception in a callback or in a task that was never awaited; for `loop.set_exception_handler`.

    asyncio's own line would show the task and the error message, which may quote a message's text.
    """
    defect("loop", context.get("exception") or RuntimeError(context["message"]))


def worker_died(pid: int, status: int) -> None:
    """A worker process exited without being asked to; it is replaced."""
    log.error("worker died", pid=pid, status=status)

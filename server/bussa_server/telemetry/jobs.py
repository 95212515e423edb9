"""Timers: how many were run, how late, and which failed. Their keys may name users, so no line holds one."""

from bussa_server.domain.handlers.timers import KINDS
from bussa_server.telemetry.log import RateLimitedLog, log
from bussa_server.telemetry.registry import SECONDS, counter, histogram

_TIMERS = counter("timers", "Timers taken up, by what became of them.", "kind", "outcome")
_LAG = histogram(
    "timer_lag_seconds",
    "From the time a timer was due until its effect was committed.",
    buckets=(*SECONDS, 60.0, 600.0),
)

# There from the start, so that the first failure is an increase (see `sockets`).
for _kind in KINDS:
    _TIMERS.labels(_kind, "failed")

_failed_line = RateLimitedLog()


def timer_run(kind: str, done: bool, lag_seconds: float) -> None:
    """A timer was run; or it was gone when its turn came (``done`` is false): cancelled, moved, run by another node."""
    _TIMERS.labels(kind, "done" if done else "gone").inc()
    if done:
        _LAG.observe(lag_seconds)


def timer_failed(kind: str, attempts: int, retry_seconds: float) -> None:
    """The handler of a timer has failed for the ``attempts``-th time; another attempt follows."""
    _TIMERS.labels(kind, "failed").inc()
    if (skipped := _failed_line.due()) is not None:
        log.warning(
            "timer failed", kind=kind, attempts=attempts, retry_seconds=round(retry_seconds, 1), skipped=skipped
        )


def timer_unavailable(kind: str) -> None:
    """The store was out of reach when a timer was to be run; it is taken up again when its claim has run out."""
    _TIMERS.labels(kind, "unavailable").inc()

"""Runs a measurement."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

from bench.servers import ADMIN, SECRET, Server
from bussa_load.outcome import Outcome
from bussa_load.plan import Plan
from bussa_load.runner import Run, Target

T = TypeVar("T")

LIMIT_SECONDS = 180.0
"""Time-out of one measurement."""


def run(measurement: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop. Raises TimeoutError."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(asyncio.wait_for(measurement, LIMIT_SECONDS))


def run_plan(server: Server, plan: Plan) -> Outcome:
    """Run a plan of the load harness against ``server``. Raises RuntimeError: a message was wrong."""
    outcome = run(Run(plan, Target(server.url, ADMIN, "b-", SECRET), lambda _: None).run())
    if outcome.wrong:
        raise RuntimeError(f"{outcome.wrong} complaints: {outcome.complaints}")
    return outcome

"""Measures how late the event loop is: what any frame waits besides its own work."""

import asyncio

from bussa_server import telemetry

LOOP_LAG_SECONDS = 1.0


async def measure_loop_lag() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOP_LAG_SECONDS
        await asyncio.sleep(LOOP_LAG_SECONDS)
        telemetry.loop_lag(max(0.0, loop.time() - due))

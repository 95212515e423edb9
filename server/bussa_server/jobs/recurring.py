"""A task that does its work again and again, whatever fails."""

import asyncio
from collections.abc import Awaitable, Callable

from bussa_server import telemetry
from bussa_server.ports.store import Unavailable


async def repeat(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do ``work`` after so many seconds, and again after so many more, until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Unavailable as error:
            telemetry.database_unavailable(error, 0)
        except Exception as error:  # noqa: BLE001 - nobody would notice that a task has stopped
            telemetry.defect("maintenance", error)

"""Shortens logs to what they must reach back to (`bussa_protocol.limits.LOG_*`)."""

import time

from bussa_server import telemetry
from bussa_server.ports.store import Store

TRIM_SECONDS = 3600.0


async def trim_logs(store: Store) -> None:
    telemetry.log_trimmed(await store.trim(time.time_ns() // 1_000_000))

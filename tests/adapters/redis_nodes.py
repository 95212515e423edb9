"""Nodes with a bus on one Redis, each possibly through a proxy that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bussa_server.adapters.redis import RedisBus
from tests.contracts.bus_contract import BusListener
from tests.e2e.server_process import TIMEOUT

EPOCH = "k3f9"


class RedisBusListener(BusListener):
    """A listener that can wait for the bus to connect and to disconnect."""

    bus: RedisBus

    async def wait_connected(self) -> "RedisBusListener":
        async with asyncio.timeout(TIMEOUT):
            while not self.bus.connected:
                await self.wait()
        return self

    async def wait_disconnected(self) -> None:
        async with asyncio.timeout(TIMEOUT):
            while self.bus.connected:
                await self.wait()


@asynccontextmanager
async def node(*urls: str) -> AsyncIterator[RedisBusListener]:
    """A node whose bus is connected."""
    bus = RedisBus(urls, EPOCH)
    listener = RedisBusListener(bus)
    try:
        yield await listener.wait_connected()
    finally:
        await bus.close()


async def eventually(condition: Callable[[], bool]) -> None:
    """Poll on the event loop, for state of a node that has no notification."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)

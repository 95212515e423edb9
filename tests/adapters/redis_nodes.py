"""Buses of several nodes on one Redis, each through a wire that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bussa_server.adapters.redis import RedisBus
from tests.contracts.bus_contract import Ear
from tests.scenes.serving import SECONDS

EPOCH = "k3f9"


class Listener(Ear):
    """A node's ear that knows when its bus is whole."""

    bus: RedisBus

    async def whole(self) -> "Listener":
        async with asyncio.timeout(SECONDS):
            while not self.bus.whole:
                await self.stir()
        return self

    async def torn(self) -> None:
        async with asyncio.timeout(SECONDS):
            while self.bus.whole:
                await self.stir()


@asynccontextmanager
async def node(*urls: str) -> AsyncIterator[Listener]:
    """A node whose bus is whole."""
    bus = RedisBus(urls, EPOCH)
    ear = Listener(bus)
    try:
        yield await ear.whole()
    finally:
        await bus.close()


async def eventually(condition: Callable[[], bool]) -> None:
    """Look again and again, on the loop: for what only a node's own loop can say, and does not tell."""
    async with asyncio.timeout(SECONDS):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)
